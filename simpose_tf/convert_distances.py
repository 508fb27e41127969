"""Convert DensePose's `Pdist_matrix.pkl` (1.5 GB) to a file that is mapped instead of read: `Pdist_matrix.npy`.

    python -m simpose_tf.convert_distances --input=DIR/Pdist_matrix.pkl [--output=DIR/Pdist_matrix.npy]

`evaluate --reference=DIR` does so by itself when DIR can be written to. The pickle is not run but read: only arrays of
numbers are accepted. A few seconds, under .2 GB of memory.
"""

from pathlib import Path

from absl import flags

from simpose_tf import app, files
from simpose_tf.errors import InputError
from simpose_tf.surface.distance_pickle import convert

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define this main's flags."""
    flags.DEFINE_string("input", None, "The official Pdist_matrix.pkl.")
    flags.DEFINE_string("output", None, "The .npy file to write; by default beside the input, under its name.")


def main() -> None:
    """Check the flags, then convert."""
    source = files.require_file(FLAGS.input, "--input")
    output = files.output_file(FLAGS.output or str(Path(source).with_suffix(".npy")), "--output")
    if output.suffix != ".npy":
        raise InputError(f"--output: name a .npy file, not {str(output)!r}")
    count = convert(source, output)
    app.say(f"wrote {output}: distances between {count:,} vertices")


if __name__ == "__main__":
    define_flags()
    app.run(main)
