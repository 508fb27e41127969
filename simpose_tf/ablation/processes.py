"""One stage of a run as a process of its own, whose lines are kept and which never outlives its parent."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from simpose_tf.errors import InputError

_PR_SET_PDEATHSIG = 1  # Linux, prctl(2)
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Launch:
    """How stages are started.

    Attributes:
      threads: of each stage's TensorFlow, 0 for all of the machine.
      say: takes a stage's lines of progress.
    """

    threads: int
    say: Callable[[str], None]

    def named(self, name: str) -> "Launch":
        """Return the same with a name before every line."""
        return Launch(self.threads, lambda line: self.say(f"{name}: {line}"))


def run_module(module: str, arguments: Sequence[str], log: Path, launch: Launch) -> float:
    """Run `python -m MODULE ARGUMENTS`, add what it says to `log`, and return the CPU seconds it took.

    The process is killed when this one ends, however it ends (Linux): a second runner never meets an orphan.

    Raises:
      InputError: the stage ended with another status than 0; the line holds what it said last.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", module, *arguments]
    with log.open("a", encoding="utf-8") as kept:
        kept.write(f"$ python {' '.join(command[1:])}\n")
        kept.flush()
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=kept,
            text=True,
            env=_environment(launch.threads),
            preexec_fn=_die_with_parent if _LIBC else None,  # the only thing it does is one system call
        )
        assert process.stdout is not None
        for line in process.stdout:
            kept.write(line)
            kept.flush()
            launch.say(line.rstrip())
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise InputError(f"{module} ended with status {process.returncode}: {_last_words(log)} (all of it: {log})")
    return usage.ru_utime + usage.ru_stime


def _environment(threads: int) -> dict[str, str]:
    limits = {"TF_NUM_INTRAOP_THREADS": str(threads), "TF_NUM_INTEROP_THREADS": str(threads)} if threads else {}
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3"), **limits}


def _die_with_parent() -> None:
    """Ask the kernel to kill this new process when the thread that started it ends."""
    assert _LIBC is not None
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _last_words(log: Path) -> str:
    """Return the line in which a stage told its error, else its last line."""
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    started = max(i for i, line in enumerate(lines) if line.startswith("$ python "))
    said = lines[started + 1 :]
    return next(
        (line for line in reversed(said) if line.startswith("error: ")), said[-1] if said else "it said nothing"
    )
