"""Many shapes fast: the shape space's targets as one dense block, kept in a file that all processes map.

`makehuman.shape_vertices` reads and adds a hundred compressed text files per shape; here a shape is a few
milliseconds. The block covers people from child to old age and the details in `DETAILS`.
"""

import functools
import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from simpose_tf.figures import makehuman
from simpose_tf.figures.makehuman import BaseMesh, Shape
from simpose_tf.figures.painted.body_atlas import body_atlas
from simpose_tf.figures.store import cache_dir
from simpose_tf.files import atomic_path

# Axes of detail: name, suffixes of its two ends; those of `l-` exist on the right too.
DETAILS: tuple[tuple[str, str, str], ...] = (
    *((f"nose/nose-{axis}", "decr", "incr") for axis in ("flaring", "greek", "hump", "nostrils-width", "point-width")),
    *((f"nose/nose-{axis}", "decr", "incr") for axis in ("scale-depth", "scale-horiz", "scale-vert", "volume")),
    *((f"nose/nose-{axis}", "down", "up") for axis in ("base", "point", "trans")),
    ("nose/nose-curve", "concave", "convex"),
    *((f"mouth/mouth-{axis}", "decr", "incr") for axis in ("lowerlip-volume", "upperlip-volume", "scale-horiz")),
    *((f"mouth/mouth-{axis}", "down", "up") for axis in ("angles", "trans")),
    *((f"chin/chin-{axis}", "decr", "incr") for axis in ("bones", "height", "prominent", "width", "cleft")),
    *((f"cheek/l-cheek-{axis}", "decr", "incr") for axis in ("bones", "volume")),
    *((f"ears/l-ear-{axis}", "decr", "incr") for axis in ("scale", "wing", "lobe")),
    *((f"eyes/l-eye-{axis}", "decr", "incr") for axis in ("scale", "height2", "bag")),
    *((f"eyes/l-eye-{axis}", "down", "up") for axis in ("corner1", "corner2")),
    ("eyes/l-eye-epicanthus", "in", "out"),
    *((f"eyebrows/eyebrows-{axis}", "down", "up") for axis in ("angle", "trans")),
    *((f"forehead/forehead-{axis}", "decr", "incr") for axis in ("nubian", "scale-vert", "temple")),
    *((f"head/head-{axis}", "decr", "incr") for axis in ("fat", "scale-depth", "scale-horiz", "scale-vert")),
    ("head/head-oval", "", ""),
    ("head/head-round", "", ""),
    ("head/head-square", "", ""),
    *((f"neck/neck-{axis}", "decr", "incr") for axis in ("scale-depth", "scale-horiz", "scale-vert", "double")),
    *((f"torso/torso-{axis}", "decr", "incr") for axis in ("scale-depth", "scale-horiz", "scale-vert", "vshape")),
    *((f"torso/torso-muscle-{axis}", "decr", "incr") for axis in ("dorsi", "pectoral")),
    *((f"hip/hip-{axis}", "decr", "incr") for axis in ("scale-depth", "scale-horiz")),
    *((f"stomach/stomach-{axis}", "decr", "incr") for axis in ("tone", "pregnant")),
    ("buttocks/buttocks-volume", "decr", "incr"),
    *((f"arms/l-{axis}", "decr", "incr") for axis in ("upperarm-fat", "upperarm-muscle", "lowerarm-fat")),
    *((f"legs/l-{axis}", "decr", "incr") for axis in ("upperleg-fat", "lowerleg-fat", "leg-valgus")),
    ("breast/nipple-size", "decr", "incr"),
    ("breast/nipple-point", "decr", "incr"),
)


def detail_targets(axis: tuple[str, str, str], amount: float) -> dict[str, float]:
    """Return the targets, both sides alike, of an axis of `DETAILS` at an amount in [-1, 1]."""
    name, low, high = axis
    if not low:
        return {name: abs(amount)}
    names = [f"{name}-{low if amount < 0 else high}"]
    names += [names[0].replace("/l-", "/r-")] if "/l-" in name else []
    return dict.fromkeys(names, abs(amount))


@dataclass(frozen=True)
class ShapeBlock:
    """Blend-shape targets: `rows` their places in `offsets` `[T, M, 3]` float32 metres, on vertices `ids` `[M]`."""

    rows: Mapping[str, int]
    ids: np.ndarray
    offsets: np.ndarray

    def vertices(self, base: BaseMesh, shape: Shape) -> np.ndarray:
        """Return `[19158, 3]` rest vertices of a shape, metres, the feet on y = 0; those off `ids` stay neutral.

        Equals `makehuman.shape_vertices` on `ids` to a micrometre. Raises KeyError for a target outside the block.
        """
        moved = np.zeros(self.offsets.shape[1:], np.float32)
        for name, weight in {**makehuman.target_weights(shape), **dict(shape.details)}.items():
            if name in self.rows:
                moved += np.float32(weight) * self.offsets[self.rows[name]]
            elif not (name.startswith("breast/") and not makehuman.has_target(name)):
                raise KeyError(name)
        vertices = base.vertices.copy()
        vertices[self.ids] += moved
        vertices[:, 1] -= vertices[: base.body_quads.max() + 1, 1].min()
        return vertices


@functools.cache
def shape_block() -> ShapeBlock:
    """Return the block, from the disk cache if it was made before (making it takes some ten seconds)."""
    base, names = makehuman.load_base(), _target_names()
    ends = [vertex for bone in base.bones for end in bone[2:] for vertex in end]
    ids = np.unique(np.concatenate([body_atlas().vertex_ids, np.array(ends)]))
    digest = hashlib.sha256(repr((names, ids.tolist())).encode() + base.vertices.tobytes()).hexdigest()[:16]
    path = cache_dir() / f"shapes-{digest}.npy"
    if not path.is_file():
        with atomic_path(path) as temporary:
            np.save(temporary, _dense(names, ids, len(base.vertices)))
    return ShapeBlock({name: row for row, name in enumerate(names)}, ids, np.load(path, mmap_mode="r"))


def _dense(names: tuple[str, ...], ids: np.ndarray, num_vertices: int) -> np.ndarray:
    """Return `[T, M, 3]` float32 offsets of targets on the vertices `ids`."""
    block = np.zeros((len(names), len(ids), 3), np.float32)
    for row, name in enumerate(names):
        target_ids, offsets = makehuman.read_target(name)
        whole = np.zeros((num_vertices, 3))
        whole[target_ids] = offsets
        block[row] = whole[ids]
    return block


def _target_names() -> tuple[str, ...]:
    """Return the macro targets of people from child to old age, and all details."""
    names: set[str] = set()
    corners = itertools.product((0, 1), (0.1875, 0.5, 1), (0, 0.5, 1), (0, 0.5, 1))
    for gender, age, muscle, weight in corners:
        for end in (0.0, 1.0):
            names |= set(makehuman.target_weights(Shape(gender, age, muscle, weight, end, end, end)))
    details = (detail_targets(axis, sign) for axis in DETAILS for sign in (-1, 1))
    names |= set().union(*details)
    return tuple(sorted(name for name in names if makehuman.has_target(name)))
