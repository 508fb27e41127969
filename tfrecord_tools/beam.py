"""Apache Beam without its noise: the options of a run, quiet imports and quiet workers."""

import argparse
import contextlib
import logging
import os
import shlex
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import simpose_tf
from simpose_tf.errors import InputError


@dataclass(frozen=True)
class BeamRun:
    """How the work is run; none of it changes a byte of what is written.

    Attributes:
      runner: name of a Beam runner; `DirectRunner` runs on this machine.
      workers: processes of the DirectRunner.
      options: further Beam options as on a command line, for other runners.
    """

    runner: str = "DirectRunner"
    workers: int = 1
    options: Sequence[str] = ()


def for_each(elements: Sequence[Any], do: Callable[[Any], None], run: BeamRun) -> None:
    """Call `do` once for each element, on the workers of a Beam run.

    Args:
      elements: picklable.
      do: picklable: from a module that a fresh process can import, not from a main.
      run: the runner.

    Raises:
      InputError: Beam knows no such runner or option.
    """
    if not elements:
        return
    with _quiet():
        import apache_beam as beam
    with _worker_environment(), _quiet(), _no_waiting_for_the_dead():
        try:
            pipeline = beam.Pipeline(runner=_runner(run), options=_options(run, len(elements)))
        except (ValueError, RuntimeError, ImportError, AttributeError, SystemExit) as error:
            raise InputError(f"--runner={run.runner}: {error}") from error
        with pipeline:
            _ = pipeline | beam.Create(list(elements)) | beam.Reshuffle() | beam.Map(do)


def _runner(run: BeamRun) -> Any:
    """Return the name of a Beam runner, or the runner itself where Beam does not know it by its short name."""
    if run.runner == "DaskRunner":
        from apache_beam.runners.dask.dask_runner import DaskRunner

        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # it says good-bye at the end of the program
        return DaskRunner()  # a cluster on this machine, or the one of --beam_option=--dask_client_address=...
    if run.runner != "DirectRunner":
        return run.runner
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner
    from apache_beam.transforms.environments import SubprocessSDKEnvironment

    # Beam's name "DirectRunner" first tries to download another runner (Prism); FnApiRunner is its fallback.
    if run.workers == 1:
        return FnApiRunner()
    command = f"exec {shlex.quote(sys.executable)} -m tfrecord_tools.beam_worker"
    return FnApiRunner(SubprocessSDKEnvironment.from_command_string(command))


def _options(run: BeamRun, num_elements: int) -> Any:
    from apache_beam.options.pipeline_options import PipelineOptions

    if run.workers < 1:
        raise InputError(f"--workers={run.workers}: at least 1")
    if run.runner in ("DirectRunner", "DaskRunner"):  # others may have options that only their server knows
        _check(run.options)
    options = [*run.options, f"--direct_num_workers={run.workers}"]
    if run.runner == "DaskRunner" and not any(option.startswith("--dask_np") for option in run.options):
        options.append(f"--dask_npartitions={num_elements}")  # else it puts them all on one worker
    return PipelineOptions(options)


def _check(options: Sequence[str]) -> None:
    """Raise InputError for words that no option of Beam takes, which it would pass over in silence."""
    from apache_beam.options.pipeline_options import PipelineOptions

    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for group in {str(group): group for group in PipelineOptions.__subclasses__()}.values():
        group._add_argparse_args(parser)  # the hook by which Beam itself asks for them
    try:
        _, unknown = parser.parse_known_args(options)
    except argparse.ArgumentError as error:
        raise InputError(f"--beam_option: {error}") from error
    if unknown:
        raise InputError(f"--beam_option={unknown[0]}: Beam has no such option")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide Beam's notes; errors still come as exceptions."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


@contextlib.contextmanager
def _no_waiting_for_the_dead() -> Iterator[None]:
    """End the program when a worker process was killed (out of memory); Beam would wait for it for ever."""
    before = threading.excepthook

    def hook(args: threading.ExceptHookArgs) -> None:
        if "Worker subprocess exited" not in str(args.exc_value):
            return before(args)
        line = f"error: a worker died ({args.exc_value}); the same command goes on where this one stopped"
        print(line, file=sys.stderr, flush=True)
        os._exit(1)  # threads of Beam block every other way out; the workers leave with their parent

    threading.excepthook = hook
    try:
        yield
    finally:
        threading.excepthook = before


@contextlib.contextmanager
def _worker_environment() -> Iterator[None]:
    """Let worker processes find this project from any folder, and keep them quiet."""
    root = str(Path(simpose_tf.__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
    wanted = {"PYTHONPATH": path, "PYTHONWARNINGS": "ignore", "TF_CPP_MIN_LOG_LEVEL": "3"}
    wanted["DASK_LOGGING__DISTRIBUTED"] = "critical"
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
