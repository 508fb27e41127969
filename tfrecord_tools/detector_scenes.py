"""Render scenes of simulated people and write one record with all boxes per picture, for the person detector.

    python -m tfrecord_tools.detector_scenes --gin_file=gin_configs/render_figures.gin --output=DIR --num_images=2000

Flags and scenes are those of `tfrecord_tools.render_sim`; the records those of the TF Object Detection API. Of
`SimPeopleFilter` only `min_pixels` counts: who shows fewer is neither trained on nor counted.
"""

from absl import flags

from simpose_tf import app
from tfrecord_tools import render_sim
from tfrecord_tools.boxed_scenes import BoxedSceneWriter


def define_flags() -> None:
    """Define the flags of this main: those of `render_sim`."""
    render_sim.define_flags()


def main() -> None:
    """Write the data set that the flags describe."""
    manifest, options = render_sim.write(BoxedSceneWriter), flags.FLAGS
    app.say(f"{options.split}: {manifest['num_records']} pictures in {options.output}")


if __name__ == "__main__":
    define_flags()
    app.run(main)
