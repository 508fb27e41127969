"""What `simpose_tf.predict` writes for one picture, and its row of the page.

`draw` makes the files' contents, `save` writes one: a benchmark times each alone.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from absl import flags

from simpose_tf import files, geometry
from simpose_tf.errors import InputError
from simpose_tf.inference import dumps, people, wording
from simpose_tf.inference.dumps import Dense
from simpose_tf.inference.people import CropPeople, PredictedPerson
from simpose_tf.surface import chart_vertices, references
from simpose_tf.surface.chart_vertices import ChartVertices
from simpose_tf.visualize import atlas, normals, overlays, previews
from simpose_tf.visualize.atlas import Atlas
from simpose_tf.visualize.overlays import DrawnMaps, DrawnPerson
from simpose_tf.visualize.prediction_page import PagePicture

# What `--dump` knows.
DUMPS = ("npz", "vertices")

_JPEG = (
    cv2.IMWRITE_JPEG_QUALITY, 92, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
)  # fmt: skip


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


@dataclass(frozen=True)
class Output:
    """A file that is drawn but not written: its name in the output folder, and its content.

    Attributes:
      file: name, of a .png or .jpg, or what `content` asks for.
      content: RGB uint8 `[H,W,3]`; indices int `[H,W]`, written plus 1; `Dense`, written as .npz; or text.
    """

    file: str
    content: np.ndarray | Dense | str


def save(output: Path, drawn: Output) -> None:
    """Write a file at once."""
    path, content = output / drawn.file, drawn.content
    if isinstance(content, str):
        files.write_text(path, content)
    elif isinstance(content, Dense):
        dumps.write_dense(path, content)
    elif content.ndim == 2:
        dumps.write_indices(path, content)
    else:
        _save_pixels(path, content)


def picture_json(name: str, title: str, image_id: int, size: tuple[int, int], found: list[PredictedPerson]) -> Output:
    """Return NAME.json of a picture of `size` (height, width), whose file is `title`."""
    content = {
        "image": title,
        "image_id": image_id,
        "height": size[0],
        "width": size[1],
        "people": [people.person_json(person, image_id, size) for person in found],
    }
    return Output(f"{name}.json", json.dumps(content) + "\n")


def draw(name: str, image: np.ndarray, found: list[PredictedPerson], wanted: Wanted) -> Iterator[Output]:
    """Yield the files of one picture but NAME.json, one by one: they need not all fit into memory.

    Args:
      name: NAME of the files.
      image: uint8 RGB `[H,W,3]`.
      found: its people.
      wanted: what is written besides what always is.
    """
    height, width = image.shape[:2]
    dense, owner = people.compose(found, (height, width))
    yield Output(f"{name}_iuv.png", people.iuv_image(dense))
    yield Output(f"{name}_normals.png", normals.encode(dense.normal, owner >= 0))
    yield Output(f"{name}_inds.png", owner)
    if "npz" in wanted.dumps:
        yield Output(f"{name}.npz", _dense(found, dense, owner))
    if wanted.vertices is not None:
        yield Output(f"{name}_vertices.png", wanted.vertices.mesh_vertices(dense.part, dense.uv))
    yield from _drawings(name, image, DrawnMaps(owner, dense.part, dense.uv, dense.normal), found, wanted)


def file_names(name: str, wanted: Wanted) -> tuple[str, ...]:
    """Return the names of all files of a picture."""
    drawings = [f"{name}_{kind}.jpg" for kind in ("overlay", *_alone(wanted))]
    drawings += [f"{name}_beside.jpg"] if wanted.alone else []
    return (*_data_names(name, wanted), *drawings, *(f"previews/{name}_{kind}.jpg" for kind in _shown(wanted)))


def _data_names(name: str, wanted: Wanted) -> list[str]:
    """Return the names of a picture's files of data."""
    names = [f"{name}{kind}" for kind in (".json", "_iuv.png", "_normals.png", "_inds.png")]
    names += [f"{name}.npz"] if "npz" in wanted.dumps else []
    return names + ([f"{name}_vertices.png"] if "vertices" in wanted.dumps else [])


def page_row(name: str, title: str, size: tuple[int, int], count: int, wanted: Wanted) -> PagePicture:
    """Return a picture's row of the page.

    Args:
      name: NAME of its files.
      title: the picture's file name.
      size: (height, width).
      count: of its people.
      wanted: what was written.
    """
    note = f"{size[1]} x {size[0]} pixels, {wording.people(count)}"
    shown = _shown(wanted).items()
    drawings = tuple((caption, f"previews/{name}_{kind}.jpg", f"{name}_{file}") for kind, (caption, file) in shown)
    return PagePicture(title, note, drawings, tuple((file, file) for file in _data_names(name, wanted)))


def _dense(found: list[PredictedPerson], dense: CropPeople, owner: np.ndarray) -> Dense:
    """Return all that is known of a picture."""
    keypoints = np.array([person.keypoints for person in found], float).reshape(-1, 17, 3)
    return Dense(
        bbox=geometry.box_xywh_from_yxyx(np.array([p.box_yxyx for p in found], float).reshape(-1, 4)),
        score=np.array([person.score for person in found], float),
        keypoints=keypoints - [0.5, 0.5, 0],
        inds=owner + 1,
        mask=dense.mask,
        part=dense.part,
        uv=dense.uv,
        normal=dense.normal,
    )


def _drawings(
    name: str, image: np.ndarray, maps: DrawnMaps, found: list[PredictedPerson], wanted: Wanted
) -> Iterator[Output]:
    """Yield the drawings and the previews that the page shows."""
    drawn = [DrawnPerson(p.box_yxyx, p.keypoints, p.score) for p in found]
    overlay = overlays.draw_overlay(image, maps, drawn, wanted.layers, wanted.texture)
    yield from _with_preview(name, "overlay", overlay, image)
    alone = []
    for layer in _alone(wanted):
        pixels = overlays.draw_overlay(image, maps, drawn, (layer,), wanted.texture)
        alone.append((overlays.CAPTIONS[layer], pixels))
        yield from _with_preview(name, layer, pixels, image)
    if wanted.alone:
        yield Output(f"{name}_beside.jpg", overlays.beside(image, alone))
    for kind, (_, draw_kind, _) in _PREVIEWED.items():
        if kind not in _alone(wanted):
            yield Output(f"previews/{name}_{kind}.jpg", draw_kind(image, maps))


def _with_preview(name: str, kind: str, pixels: np.ndarray, image: np.ndarray) -> Iterator[Output]:
    yield Output(f"{name}_{kind}.jpg", pixels)
    yield Output(f"previews/{name}_{kind}.jpg", previews.shrink(pixels, image))


# What the page shows in any case: caption, how it is drawn, which file it is of.
_PREVIEWED = {
    "parts": ("parts, right ones darker (file: I, U, V)", previews.draw_parts, "iuv.png"),
    "normals": ("normals: red right, green up, blue to us", previews.draw_normals, "normals.png"),
}


def _alone(wanted: Wanted) -> tuple[str, ...]:
    """Return the layers that are drawn alone."""
    return wanted.layers if wanted.alone else ()


def _shown(wanted: Wanted) -> dict[str, tuple[str, str]]:
    """Return what the page shows: kind -> (caption, the file that it is of, without NAME_)."""
    shown = {"overlay": (_caption(wanted), "overlay.jpg")}
    shown |= {layer: (overlays.CAPTIONS[layer], f"{layer}.jpg") for layer in _alone(wanted)}
    for kind, (caption, _, file) in _PREVIEWED.items():
        shown.setdefault(kind, (caption, file))
    return shown


def _caption(wanted: Wanted) -> str:
    """Return what the overlay shows."""
    if wanted.layers == overlays.DEFAULT_LAYERS:
        return "u and v, keypoints (left orange, right blue), box"
    return " + ".join(wanted.layers)


def _save_pixels(path: Path, pixels: np.ndarray) -> None:
    """Write RGB as .png or .jpg at once."""
    files.write_bytes(path, people.encode_png(pixels) if path.suffix == ".png" else _encode_jpg(pixels))


def _encode_jpg(pixels: np.ndarray) -> bytes:
    """Return the JPEG of pixels uint8 RGB `[h,w,3]`; colours of thin lines are kept."""
    ok, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), _JPEG)
    if not ok:
        raise ValueError(f"OpenCV could not encode {pixels.shape} {pixels.dtype} as JPEG")
    return data.tobytes()
