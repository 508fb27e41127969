"""Render scenes of simulated people and write one record per visible person.

    python -m tfrecord_tools.render_sim --gin_file=gin_configs/render_figures.gin --output=DIR --num_images=400 --seed=1

Scene i of a data set comes from (seed, split, i) alone, so any number of workers writes the same bytes, and any record
can be rendered again (its `seed` and `image/id`).
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from absl import flags

from simpose_tf import app, configurables, files
from simpose_tf.data.window import WindowConfig
from simpose_tf.errors import InputError
from simpose_tf.figures.cast import CastConfig
from simpose_tf.sim import gl
from simpose_tf.sim.annotate import SimPeopleFilter
from simpose_tf.sim.environment import read_environment
from simpose_tf.sim.renderer import RenderConfig
from simpose_tf.sim.sampler import SceneConfig
from simpose_tf.sim.surroundings import SurroundingsConfig, read_photo
from simpose_tf.splits import SPLITS, of_split
from tfrecord_tools.data_set import DataSet
from tfrecord_tools.people_flags import cast_of, define_people_flags
from tfrecord_tools.run_flags import define_run_flags, run_of
from tfrecord_tools.scene_pictures import write_pictures
from tfrecord_tools.scene_records import Media, SceneWriter
from tfrecord_tools.shards import write_shards

SCENES_PER_SHARD = 25
IMAGES = files.IMAGE_SUFFIXES


def define_flags() -> None:
    """Define the flags of this main."""
    app.define_gin_flags()
    flags.DEFINE_string("output", None, "Folder for the shards and the manifest.", required=True)
    flags.DEFINE_integer("num_images", None, "Scenes to render.", required=True, lower_bound=1)
    flags.DEFINE_integer("seed", 0, "Seed of the data set; 0 is as good as any.", 0, 2**63 - 1)
    flags.DEFINE_enum("split", "train", SPLITS, "No figure, clothes, pose or background is in two splits.")
    flags.DEFINE_string("backgrounds", "", "Folder of photographs without people.")
    flags.DEFINE_string("environments", "", "Folder of panoramas (.hdr, or photographs) that light the scenes.")
    flags.DEFINE_string("motion", "", "Folder of motion clips (.bvh, .glb) to pose people with, besides the built-in.")
    define_people_flags()
    flags.DEFINE_integer("num_shards", None, f"Files to write; by default one for {SCENES_PER_SHARD} scenes.")
    flags.DEFINE_integer(
        "num_pictures",
        0,
        "Also keep the first scenes as OUTPUT/pictures/*.png, with COCO annotations and pictures of dense labels.",
        lower_bound=0,
    )
    define_run_flags(os.cpu_count())


def main() -> None:
    """Write the data set that the flags describe."""
    manifest = write(lambda scenes: scenes)
    options = flags.FLAGS
    app.say(f"{options.split}: {manifest['num_records']} people from {options.num_images} scenes in {options.output}")


def write(labelled: Callable[[SceneWriter], Any]) -> dict:
    """Write the data set that the flags describe and return its manifest.

    Args:
      labelled: takes what draws the scenes; returns what makes records of a scene's index and tells its `settings`.
    """
    options = flags.FLAGS
    configurables.load(options.gin_file, options.gin_param)
    files.output_folder(options.output, "--output")
    scenes, skipped = writer_of(options)
    writer = labelled(scenes)
    num_shards = options.num_shards if options.num_shards is not None else -(-options.num_images // SCENES_PER_SHARD)
    data_set = DataSet(
        options.output, options.split, num_shards, {**writer.settings(), "num_images": options.num_images}, "images"
    )
    scenes.cast.prepare(app.now_and_then("people are dressed"))  # once, before the workers ask for it
    if options.workers > 1:
        os.environ.setdefault("LP_NUM_THREADS", "1")  # Mesa's own threads; a worker per core is faster
    run = run_of(options)
    manifest = write_shards(range(options.num_images), writer, data_set, run, skipped, gl.renderer_name)
    if options.num_pictures:
        count, folder = min(options.num_pictures, options.num_images), Path(options.output) / "pictures"
        write_pictures(scenes, count, folder, app.now_and_then("pictures are kept"))
    return manifest


def writer_of(options: flags.FlagValues) -> tuple[SceneWriter, list[str]]:
    """Return what turns scenes into records, as flags and gin ask for it, and a line for each file left out."""
    configs = [
        configurables.get(c) for c in (SceneConfig, SurroundingsConfig, RenderConfig, WindowConfig, SimPeopleFilter)
    ]
    cast = cast_of(options, configurables.get(CastConfig))
    photos, skipped = _readable(options.backgrounds, "--backgrounds", IMAGES, read_photo, options.split)
    panoramas, left_out = _readable(
        options.environments, "--environments", (*IMAGES, ".hdr"), read_environment, options.split
    )
    if options.motion:
        files.require_dir(options.motion, "--motion")
    media = Media(tuple(photos), tuple(panoramas), options.motion)
    return SceneWriter(*configs, cast, options.seed, media), skipped + left_out


def _readable(
    folder: str, flag: str, suffixes: tuple[str, ...], read: Callable[[str], object], split: str
) -> tuple[list[str], list[str]]:
    """Return a split's share of the pictures of a folder that can be read, and a line for each that can't.

    Raises InputError if there are too few to read.
    """
    if not folder:
        return [], []
    readable, skipped = [], []
    paths, tell = files.files_in(folder, flag, suffixes, "pictures"), app.now_and_then(f"pictures of {flag} are read")
    for done, path in enumerate(paths):
        tell(done, len(paths))
        try:
            read(path)
            readable.append(path)
        except InputError as error:
            skipped.append(str(error))
            app.say(f"left out: {error}")
    if not readable:
        raise InputError(f"{skipped[0]}; none of {len(skipped)} pictures can be read")
    return of_split(readable, split, flag), skipped


if __name__ == "__main__":
    define_flags()
    app.run(main)
