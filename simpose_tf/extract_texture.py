"""Take the texture of people from pictures: an atlas of the 24 charts, as DensePose's users have it.

    python -m simpose_tf.extract_texture --predictions=DIR --images=DIR --output=ATLAS.png [--people=NAME:0,...]

`--predictions` is what simpose_tf.predict wrote for the pictures in `--images`. All people, or those that `--people`
names, are put into one atlas: what several pictures show is averaged, what none shows is transparent. The atlas is
4 x 6 tiles, filled column by column; u grows to the right and v upwards in a tile. `predict --draw=texture
--atlas=ATLAS.png` puts it on other people.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from absl import flags

from simpose_tf import app, charts, files
from simpose_tf.errors import InputError
from simpose_tf.inference import dumps, wording
from simpose_tf.inference.pictures import read_picture
from simpose_tf.visualize import atlas

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define this main's flags."""
    flags.DEFINE_string("predictions", None, "Output folder of simpose_tf.predict.")
    flags.DEFINE_string("images", None, "Folder of the pictures that were predicted.")
    flags.DEFINE_string("output", None, "The .png file to write: RGBA, holes are transparent.")
    flags.DEFINE_string(
        "people", None, "Only these people, comma-separated NAME:PLACE of NAME.json, from 0; default: all."
    )
    flags.DEFINE_integer("side", atlas.TILE_SIDE, "Texels along each of the 24 tiles.", 2, 4096)


def main() -> None:
    """Add picture after picture, then write the atlas."""
    output = files.output_file(FLAGS.output, "--output")
    folder = files.require_dir(FLAGS.predictions, "--predictions")
    images = files.require_dir(FLAGS.images, "--images")
    maker, people = atlas.AtlasMaker(FLAGS.side), 0
    for name, places in chosen_people(folder, FLAGS.people).items():
        people += add_picture(maker, folder, images, name, places)
    if not people:
        raise InputError(f"--predictions: {str(folder)!r} has nobody in its pictures")
    made = maker.atlas()
    atlas.write_atlas(output, made)
    shown = made.known.reshape(charts.NUM_PARTS, -1).mean(1)
    parts = int(np.count_nonzero(shown))
    app.say(
        f"{wording.people(people)}, {parts} of {charts.NUM_PARTS} parts, {shown.mean():.1%} of the texels: {output}"
    )


def chosen_people(folder: Path, text: str | None) -> dict[str, list[int] | None]:
    """Return the pictures' names, sorted, and which people of each are wanted, None for all.

    Raises:
      InputError: no predictions there, or `text` is no list of NAME:PLACE of them.
    """
    names = sorted(path.name.removesuffix("_iuv.png") for path in folder.glob("*_iuv.png"))
    if not names:
        raise InputError(f"--predictions: no NAME_iuv.png of simpose_tf.predict in {str(folder)!r}")
    if text is None:
        return dict.fromkeys(names)
    chosen: dict[str, list[int] | None] = {}
    for item in _items(text):
        name, _, place = item.rpartition(":")
        if name not in names or not place.isdecimal():
            raise InputError(f"--people: {item!r} is no NAME:PLACE of a picture in {str(folder)!r}")
        chosen[name] = [*(chosen.get(name) or []), int(place)]
    if not chosen:
        raise InputError("--people: name at least one NAME:PLACE")
    return chosen


def _items(text: str) -> Iterator[str]:
    return (item.strip() for item in text.split(",") if item.strip())


def add_picture(maker: atlas.AtlasMaker, folder: Path, images: Path, name: str, places: list[int] | None) -> int:
    """Add the people of a picture and return how many are seen in it.

    Args:
      maker: added to.
      folder: of predictions; NAME.npz is taken where it is, its u and v are not cut to 8 bits.
      images: folder of the pictures.
      name: NAME of the files.
      places: the people's places in NAME.json, None for all.

    Raises:
      InputError: a file is missing or at fault, they do not fit together, or there is no such person.
    """
    about = dumps.read_picture_json(folder / f"{name}.json")
    if places is not None and max(places) >= len(about.people):
        raise InputError(f"--people: {name}:{max(places)}: {name}.json has {len(about.people)} people, from 0")
    owner, part, uv = _maps(folder, name)
    image = read_picture(str(files.require_file(str(images / about.image), "--images")))
    if not image.shape[:2] == owner.shape == part.shape == (about.height, about.width):
        raise InputError(f"{images / about.image}: not as large as {name}.json and {name}_iuv.png say")
    if places is not None:
        owner = np.where(np.isin(owner, places), owner, -1)
    maker.add(image, owner, part, uv)
    return len(np.unique(owner[(owner >= 0) & (part > 0)]))


def _maps(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return whose pixel it is `[H,W]` (-1 nobody), part `[H,W]` and uv `[H,W,2]` of a picture."""
    if (folder / f"{name}.npz").is_file():
        dense = dumps.read_dense(folder / f"{name}.npz")
        return dense.inds.astype(np.int32) - 1, dense.part, dense.uv
    part, uv = dumps.read_iuv(folder / f"{name}_iuv.png")
    return dumps.read_indices(folder / f"{name}_inds.png"), part, uv


if __name__ == "__main__":
    define_flags()
    app.run(main)
