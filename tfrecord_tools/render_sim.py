"""Render scenes of simulated people and write one record per visible person.

    python -m tfrecord_tools.render_sim --gin_file=gin_configs/render_figures.gin --output=DIR --num_images=400 --seed=1

Scene i of a data set comes from (seed, split, i) alone, so any number of workers writes the same bytes, and any record
can be rendered again (its `seed` and `image/id`).
"""

import os
from pathlib import Path

from absl import flags

from simpose_tf import app, configurables, files
from simpose_tf.data.window import WindowConfig
from simpose_tf.errors import InputError
from simpose_tf.figures.catalogue import SPLITS, figure_names, load_figure
from simpose_tf.sim.annotate import SimPeopleFilter
from simpose_tf.sim.renderer import RenderConfig
from simpose_tf.sim.sampler import SceneConfig, read_photo
from tfrecord_tools.beam import BeamRun
from tfrecord_tools.data_set import DataSet
from tfrecord_tools.scene_pictures import write_pictures
from tfrecord_tools.scene_records import SceneWriter
from tfrecord_tools.shards import write_shards

SCENES_PER_SHARD = 25


def define_flags() -> None:
    """Define the flags of this main."""
    app.define_gin_flags()
    flags.DEFINE_string("output", None, "Folder for the shards and the manifest.", required=True)
    flags.DEFINE_integer("num_images", None, "Scenes to render.", required=True, lower_bound=1)
    flags.DEFINE_integer("seed", 0, "Seed of the data set; 0 is as good as any.", 0, 2**63 - 1)
    flags.DEFINE_enum("split", "train", SPLITS, "Which figures appear; no figure is in two splits.")
    flags.DEFINE_string("backgrounds", None, "Folder of photographs without people.")
    flags.DEFINE_integer("num_shards", None, f"Files to write; by default one for {SCENES_PER_SHARD} scenes.")
    flags.DEFINE_integer(
        "num_pictures", 0, "Also keep the first scenes as OUTPUT/pictures/*.png, with COCO annotations.", lower_bound=0
    )
    flags.DEFINE_string("runner", "DirectRunner", "Apache Beam runner.")
    flags.DEFINE_integer("workers", os.cpu_count(), "Processes of the DirectRunner.", lower_bound=1)
    flags.DEFINE_multi_string("beam_option", [], "Further Beam option, e.g. --beam_option=--region=eu.")


def main() -> None:
    """Write the data set that the flags describe."""
    options = flags.FLAGS
    configurables.load(options.gin_file, options.gin_param)
    files.output_folder(options.output, "--output")
    photos, skipped = readable_photos(options.backgrounds) if options.backgrounds else ([], [])
    configs = (configurables.get(c) for c in (SceneConfig, RenderConfig, WindowConfig, SimPeopleFilter))
    writer = SceneWriter(*configs, options.split, options.seed, tuple(photos))
    num_shards = options.num_shards if options.num_shards is not None else -(-options.num_images // SCENES_PER_SHARD)
    settings = {**writer.settings(), "num_images": options.num_images}
    data_set = DataSet(options.output, options.split, num_shards, settings)
    for name in figure_names(options.split):  # built once, before the workers ask for them
        load_figure(name)
    if options.workers > 1:
        os.environ.setdefault("LP_NUM_THREADS", "1")  # Mesa's own threads; a worker per core is faster
    run = BeamRun(options.runner, options.workers, options.beam_option)
    manifest = write_shards(range(options.num_images), writer, data_set, run, skipped)
    if options.num_pictures:
        write_pictures(writer, min(options.num_pictures, options.num_images), Path(options.output) / "pictures")
    app.say(f"{options.split}: {manifest['num_records']} people from {options.num_images} scenes in {options.output}")


def readable_photos(folder: str) -> tuple[list[str], list[str]]:
    """Return the photographs of a folder that can be read, and a line for each of the others, which it also prints.

    Raises InputError if there is none to read.
    """
    readable, skipped = [], []
    for path in files.images_in(folder, "--backgrounds"):
        try:
            read_photo(path)
            readable.append(path)
        except InputError as error:
            skipped.append(str(error))
            app.say(f"left out: {error}")
    if not readable:
        raise InputError(f"{skipped[0]}; none of {len(skipped)} pictures can be read")
    return readable, skipped


if __name__ == "__main__":
    define_flags()
    app.run(main)
