"""Flags that say how a Beam pipeline runs, the same for every main that writes records."""

from absl import flags

from simpose_tf import app
from tfrecord_tools.beam import BeamRun


def define_run_flags(workers: int | None, advice: str = "") -> None:
    """Define the flags; `workers`: how many processes by default, `advice`: what to know about their number."""
    flags.DEFINE_string("runner", "DirectRunner", "Apache Beam runner.")
    flags.DEFINE_integer("workers", workers, f"Processes of the DirectRunner{advice}.", lower_bound=1)
    flags.DEFINE_multi_string("beam_option", [], "Further Beam option, e.g. --beam_option=--region=eu.")
    app.list_in_help("runner", "workers", "beam_option")


def run_of(options: flags.FlagValues) -> BeamRun:
    """Return the run that the flags ask for."""
    return BeamRun(options.runner, options.workers, options.beam_option)
