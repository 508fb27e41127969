"""Run a main inside the test's process: much faster than a process that loads TensorFlow again."""

import sys
from dataclasses import dataclass
from types import ModuleType

import pytest
from absl import flags

from simpose_tf import app


@dataclass(frozen=True)
class Ended:
    """How a main ended: exit status, what it printed."""

    status: int
    stdout: str
    stderr: str


def run_main(module: ModuleType, arguments: list[str], capsys: pytest.CaptureFixture) -> Ended:
    """Run `python -m MODULE ARGUMENTS` without the new process; its flags are gone afterwards."""
    values, argv = flags.FLAGS, sys.argv
    before, parsed = set(values), values.is_parsed()
    capsys.readouterr()
    sys.argv = [module.__name__, *arguments]
    status = 0
    try:
        module.define_flags()
        app.run(module.main)
    except SystemExit as left:
        status = int(left.code or 0)
    finally:
        sys.argv = argv
        for name in set(values) - before:
            delattr(values, name)
        if not parsed:
            values.unparse_flags()
    return Ended(status, *capsys.readouterr())
