"""What all mains share: flags for gin, one clear line for bad input, exit status 2."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator

from absl import app, flags

from simpose_tf.errors import InputError

_EVERY_SECONDS = 5.0  # between lines that say how far work is


def define_gin_flags(default_gin_file: str | None = None) -> None:
    """Define `--gin_file` and `--gin_param` for a main."""
    flags.DEFINE_multi_string("gin_file", [default_gin_file] if default_gin_file else None, "Gin files, read in order.")
    flags.DEFINE_multi_string(
        "gin_param", None, "Gin bindings that override the files, e.g. 'TrainingConfig.steps=100'."
    )
    list_in_help("gin_file", "gin_param")


def list_in_help(*names: str) -> None:
    """Let the main's `--help` list flags that another module defined for it."""
    for name in names:
        flags.FLAGS.register_key_flag_for_module(sys.argv[0], flags.FLAGS[name])


def say(line: str) -> None:
    """Print a line of progress at once."""
    print(line, flush=True)


def now_and_then(what: str) -> Callable[[int, int], None]:
    """Return what takes (done, of how many) and says `3/12 WHAT` every few seconds: nothing where work is quick."""
    said = time.monotonic()

    def tell(done: int, of: int) -> None:
        nonlocal said
        if time.monotonic() - said > _EVERY_SECONDS:
            say(f"{done}/{of} {what}")
            said = time.monotonic()

    return tell


def fail(error: Exception) -> None:
    """Print one line for bad input and leave with status 2."""
    print("error: " + " ".join(str(error).split()), file=sys.stderr, flush=True)
    sys.exit(2)


@contextlib.contextmanager
def told_of_stops() -> Iterator[None]:
    """End with one line when Ctrl-C or SIGTERM stops the run; what is being written is finished."""

    def stop(number: int, _: object) -> None:
        raise KeyboardInterrupt(number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt as stopped:
        number = stopped.args[0] if stopped.args else signal.SIGINT
        say("stopped; the same command goes on where this run ends")
        sys.exit(128 + number)
    finally:
        signal.signal(signal.SIGTERM, before)


def run(main: Callable[[], None]) -> None:
    """Parse the flags and run `main`; an InputError or OSError becomes one line on stderr and exit status 2."""

    def guarded(argv: list[str]) -> None:
        if len(argv) > 1:
            fail(InputError(f"unexpected argument {argv[1]!r}; options start with --"))
        try:
            main()
        except InputError as error:
            fail(error)
        except BrokenPipeError:  # the reader of our lines (`| head`) has left
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        except OSError as error:  # a full disk, no permission, a file where a folder should be
            fail(error)

    app.run(guarded, flags_parser=_parse_flags)


def _parse_flags(argv: list[str]) -> list[str]:
    try:
        return flags.FLAGS(argv)
    except flags.Error as error:
        fail(error)
        raise
    except SystemExit as left:  # absl ends with 1 after --help, which is no failure
        sys.exit(0 if any(argument.lstrip("-").startswith("help") for argument in argv[1:]) else left.code)
