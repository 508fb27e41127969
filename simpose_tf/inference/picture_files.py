"""What `simpose_tf.predict` writes for one picture besides its json, and its row of the page."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags
from PIL import Image

from simpose_tf import files, geometry
from simpose_tf.errors import InputError
from simpose_tf.inference import dumps, people
from simpose_tf.inference.people import CropPeople, PredictedPerson
from simpose_tf.surface import chart_vertices, references
from simpose_tf.surface.chart_vertices import ChartVertices
from simpose_tf.visualize import atlas, normals, overlays
from simpose_tf.visualize.atlas import Atlas
from simpose_tf.visualize.overlays import DrawnMaps, DrawnPerson
from simpose_tf.visualize.prediction_page import PagePicture

# What `--dump` knows.
DUMPS = ("npz", "vertices")

_PREVIEW_SIDE = 900


@dataclass(frozen=True)
class Wanted:
    """What a user asked for.

    Attributes:
      layers: of NAME_overlay.jpg.
      alone: whether each layer is also drawn alone, and all beside the picture.
      dumps: of `DUMPS`.
      texture: for the layer `texture`.
      vertices: for the dump of that name.
    """

    layers: tuple[str, ...] = overlays.DEFAULT_LAYERS
    alone: bool = False
    dumps: tuple[str, ...] = ()
    texture: Atlas | None = None
    vertices: ChartVertices | None = None


USUAL = Wanted()


def define_flags() -> None:
    """Define the flags that `wanted_of` reads."""
    layers = ", ".join((*overlays.LINES, *overlays.FILLS))
    flags.DEFINE_string(
        "draw",
        None,
        f"Layers of NAME_overlay.jpg, comma-combined, of {layers}. Of parts, u, v, normals, masks and texture the "
        "first that is named colours the people, all lines lie on top. Each layer is also drawn alone, NAME_LAYER.jpg, "
        "and all beside the picture, NAME_beside.jpg. Default: contours,keypoints,boxes, in NAME_overlay.jpg only.",
    )
    flags.DEFINE_string(
        "atlas",
        None,
        "Atlas for the layer texture: a picture of 4 x 6 tiles as DensePose's, or a folder of 24 pictures. Default: "
        "checks in the parts' colours. simpose_tf.extract_texture makes one of pictures.",
    )
    flags.DEFINE_string(
        "dump",
        None,
        "More files, comma-combined: npz (NAME.npz and results.npz, full precision, no pickles), vertices "
        "(NAME_vertices.png, the reference's vertex at each pixel plus 1, 16 bits).",
    )
    flags.DEFINE_string(
        "reference", "open", "Whose vertices --dump=vertices names: open, or a folder with DensePose's files."
    )


def wanted_of(options: flags.FlagValues) -> Wanted:
    """Return what the flags ask for. Raises InputError for unknown names, and for files that are none."""
    layers = overlays.parse_layers(options.draw) if options.draw is not None else overlays.DEFAULT_LAYERS
    named = _dumps(options.dump)
    texture = None
    if "texture" in layers:
        texture = atlas.read_atlas(options.atlas) if options.atlas else atlas.checker_atlas()
    elif options.atlas:
        raise InputError("--atlas is for the layer texture; name it in --draw")
    vertices = chart_vertices.of_reference(references.load(options.reference)) if "vertices" in named else None
    return Wanted(layers, options.draw is not None, named, texture, vertices)


def _dumps(text: str | None) -> tuple[str, ...]:
    """Return the dumps of a comma-combined list. Raises InputError for unknown ones."""
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    for name in names:
        if name not in DUMPS:
            raise InputError(f"--dump: no dump {name!r}; dumps are {', '.join(DUMPS)}")
    return tuple(dict.fromkeys(names))


def write(
    output: Path, name: str, title: str, image: np.ndarray, found: list[PredictedPerson], wanted: Wanted
) -> PagePicture:
    """Write the files of one picture but NAME.json, and return its row of the page.

    Args:
      output: folder.
      name: NAME of the files.
      title: the picture's file name.
      image: uint8 RGB `[H,W,3]`.
      found: its people.
      wanted: what is written besides what always is.
    """
    height, width = image.shape[:2]
    dense, owner = people.compose(found, (height, width))
    names = [f"{name}{kind}" for kind in (".json", "_iuv.png", "_normals.png", "_inds.png")]
    _save(output / names[1], people.iuv_image(dense))
    _save(output / names[2], normals.encode(dense.normal, owner >= 0))
    dumps.write_indices(output / names[3], owner)
    names += _write_dumps(output, name, found, dense, owner, wanted)
    maps = DrawnMaps(owner, dense.part, dense.uv, dense.normal)
    drawings = _draw(output, name, image, maps, found, wanted)
    note = f"{width} x {height} pixels, {len(found)} {'person' if len(found) == 1 else 'people'}"
    return PagePicture(title, note, drawings, tuple((file, file) for file in names))


def _write_dumps(
    output: Path, name: str, found: list[PredictedPerson], dense: CropPeople, owner: np.ndarray, wanted: Wanted
) -> list[str]:
    """Write what `--dump` asks for and return the files' names."""
    written = []
    if "npz" in wanted.dumps:
        written.append(f"{name}.npz")
        dumps.write_dense(output / written[-1], _dense(found, dense, owner))
    if wanted.vertices is not None:
        written.append(f"{name}_vertices.png")
        dumps.write_indices(output / written[-1], wanted.vertices.mesh_vertices(dense.part, dense.uv))
    return written


def _dense(found: list[PredictedPerson], dense: CropPeople, owner: np.ndarray) -> dumps.Dense:
    """Return all that is known of a picture."""
    keypoints = np.array([person.keypoints for person in found], float).reshape(-1, 17, 3)
    return dumps.Dense(
        bbox=geometry.box_xywh_from_yxyx(np.array([p.box_yxyx for p in found], float).reshape(-1, 4)),
        score=np.array([person.score for person in found], float),
        keypoints=keypoints - [0.5, 0.5, 0],
        inds=owner + 1,
        mask=dense.mask,
        part=dense.part,
        uv=dense.uv,
        normal=dense.normal,
    )


def _draw(
    output: Path, name: str, image: np.ndarray, maps: DrawnMaps, found: list[PredictedPerson], wanted: Wanted
) -> tuple[tuple[str, str, str], ...]:
    """Write the drawings and their previews; return (caption, preview, file) of those that the page shows."""
    drawn = [DrawnPerson(p.box_yxyx, p.keypoints, p.score) for p in found]
    overlay = overlays.draw_overlay(image, maps, drawn, wanted.layers, wanted.texture)
    _save(output / f"{name}_overlay.jpg", overlay)
    shown = {"overlay": (_caption(wanted), overlay)}
    for layer in wanted.layers if wanted.alone else ():
        alone = overlays.draw_overlay(image, maps, drawn, (layer,), wanted.texture)
        shown[layer] = (overlays.CAPTIONS[layer], alone)
        _save(output / f"{name}_{layer}.jpg", alone)
    if wanted.alone:
        _save(output / f"{name}_beside.jpg", overlays.beside(image, list(shown.values())[1:]))
    links = {kind: f"{name}_{kind}.jpg" for kind in shown}
    for kind, (caption, draw, file) in _PREVIEWED.items():
        links.setdefault(kind, f"{name}_{file}")
        shown.setdefault(kind, (caption, draw(image, maps)))
    for kind, (_, pixels) in shown.items():
        _save(output / "previews" / f"{name}_{kind}.jpg", _preview(pixels))
    return tuple((caption, f"previews/{name}_{kind}.jpg", links[kind]) for kind, (caption, _) in shown.items())


# What the page shows in any case: caption, how it is drawn, which file it is of.
_PREVIEWED = {
    "parts": ("parts, right ones darker (file: I, U, V)", overlays.draw_parts, "iuv.png"),
    "normals": ("normals: red right, green up, blue to us", overlays.draw_normals, "normals.png"),
}


def _caption(wanted: Wanted) -> str:
    """Return what the overlay shows."""
    if wanted.layers == overlays.DEFAULT_LAYERS:
        return "u and v, keypoints (left orange, right blue), box"
    return " + ".join(wanted.layers)


def _preview(pixels: np.ndarray) -> np.ndarray:
    """Return a drawing whose long side has at most `_PREVIEW_SIDE` pixels."""
    picture = Image.fromarray(pixels)
    picture.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def _save(path: Path, pixels: np.ndarray) -> None:
    """Write a .png or .jpg at once."""
    options: dict[str, Any] = {"quality": 92, "subsampling": 0} if path.suffix == ".jpg" else {}
    with files.atomic_path(path) as temporary:
        Image.fromarray(pixels).save(temporary, **options)
