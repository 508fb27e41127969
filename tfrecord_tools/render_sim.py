"""Render scenes of simulated people and write one record per visible person.

    python -m tfrecord_tools.render_sim --gin_file=gin_configs/render_figures.gin --output=DIR --num_images=400 --seed=1

Scene i of a data set comes from (seed, split, i) alone, so any number of workers writes the same bytes, and any record
can be rendered again (its `seed` and `image/id`).
"""

import os

from absl import flags

from simpose_tf import app, configurables, files
from simpose_tf.data.window import WindowConfig
from simpose_tf.figures.catalogue import SPLITS, figure_names, load_figure
from simpose_tf.sim.renderer import RenderConfig
from simpose_tf.sim.sampler import SceneConfig
from tfrecord_tools import beam, shards
from tfrecord_tools.scene_records import PersonFilter, SceneWriter

_OUTPUT = flags.DEFINE_string("output", None, "Folder for the shards and the manifest.", required=True)
_NUM_IMAGES = flags.DEFINE_integer("num_images", None, "Scenes to render.", required=True, lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the data set; 0 is as good as any.", lower_bound=0)
_SPLIT = flags.DEFINE_enum("split", "train", SPLITS, "Which figures appear; no figure is in two splits.")
_BACKGROUNDS = flags.DEFINE_string("backgrounds", None, "Folder of photographs without people.")
_NUM_SHARDS = flags.DEFINE_integer(
    "num_shards", None, "Files to write; by default one for 25 scenes.", lower_bound=1
)
_RUNNER = flags.DEFINE_string("runner", "DirectRunner", "Apache Beam runner.")
_WORKERS = flags.DEFINE_integer("workers", os.cpu_count(), "Processes of the DirectRunner.", lower_bound=1)
_BEAM_OPTIONS = flags.DEFINE_multi_string(
    "beam_option", [], "Further Beam option, e.g. --beam_option=--region=eu."
)


def main() -> None:
    """Write the data set that the flags describe."""
    configurables.load(flags.FLAGS.gin_file, flags.FLAGS.gin_param)
    photos = files.images_in(_BACKGROUNDS.value, "--backgrounds") if _BACKGROUNDS.value else []
    settings = (configurables.get(c) for c in (SceneConfig, RenderConfig, WindowConfig, PersonFilter))
    writer = SceneWriter(*settings, _SPLIT.value, _SEED.value, tuple(photos))
    for name in figure_names(_SPLIT.value):  # built once, before the workers ask for them
        load_figure(name)
    if _WORKERS.value > 1:
        os.environ.setdefault("LP_NUM_THREADS", "1")  # Mesa's own threads; a worker per core is faster
    num_shards = _NUM_SHARDS.value or -(-_NUM_IMAGES.value // 25)
    data_set = shards.DataSet(_OUTPUT.value, _SPLIT.value, num_shards, writer.settings())
    run = beam.BeamRun(_RUNNER.value, _WORKERS.value, _BEAM_OPTIONS.value)
    manifest = shards.write_shards(range(_NUM_IMAGES.value), writer, data_set, run)
    app.say(f"{manifest['num_records']} people from {_NUM_IMAGES.value} scenes in {_OUTPUT.value}")


if __name__ == "__main__":
    app.define_gin_flags()
    app.run(main)
