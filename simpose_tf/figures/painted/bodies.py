"""Source "body": undressed parametric bodies with painted textures (the paper's SMPL with SURREAL textures, sec. 3.1).

Shapes come from the continuous space of MakeHuman's CC0 body; body i of a split comes from its name alone.
"""

import dataclasses
import functools
import re

import numpy as np

from simpose_tf.errors import InputError
from simpose_tf.figures import makehuman
from simpose_tf.figures.blend_shapes import DETAILS, detail_targets, shape_block
from simpose_tf.figures.figure import Figure, Material
from simpose_tf.figures.makehuman import Shape
from simpose_tf.figures.painted.body_atlas import body_atlas
from simpose_tf.figures.painted.body_outfits import sample_outfit
from simpose_tf.figures.painted.body_paint import paint
from simpose_tf.figures.painted.body_skin import sample_complexion
from simpose_tf.splits import SPLITS

_SEED = 20031
_NAME = re.compile(r"body-([a-z]+)-(\d{6})")
_KEPT = 64  # bodies in memory, 1.4 MB each
_MATERIALS = (Material("skin", (1, 1, 1), 0.85, texture=0), Material("eyes", (1, 1, 1), 0.45, texture=0))
_OFTEN = ("nose", "mouth", "chin", "cheek", "ears", "eyes", "eyebrows", "forehead", "head")  # details of the face
_SMOOTH = (("breast/nipple-size-decr", 1.0), ("breast/nipple-point-decr", 1.0))  # cloth lies over them


@dataclasses.dataclass(frozen=True)
class _Shared:
    """Arrays that all bodies have in common; see `Figure`."""

    material: np.ndarray
    skin_joints: np.ndarray
    skin_weights: np.ndarray
    keypoint_vertices: np.ndarray
    keypoint_weights: np.ndarray
    shade: np.ndarray


def body_names(split: str, count: int) -> tuple[str, ...]:
    """Return the names of the first `count` bodies of a split; nobody is in two splits.

    Raises InputError for another split or no count.
    """
    if split not in SPLITS:
        raise InputError(f"bodies: no split {split!r}; one of {', '.join(SPLITS)}")
    if not 1 <= count <= 999_999:
        raise InputError(f"bodies: want 1 to 999999 of them, not {count}")
    return tuple(f"body-{split}-{number:06d}" for number in range(count))


def body_rng(name: str) -> np.random.Generator:
    """Return the generator from which all of a body comes. Raises InputError if it is no body's name."""
    match = _NAME.fullmatch(name)
    if match is None or match[1] not in SPLITS:
        raise InputError(f"bodies: no body {name!r}; names are like body-train-000017")
    return np.random.default_rng([_SEED, SPLITS.index(match[1]), int(match[2])])


def sample_shape(rng: np.random.Generator) -> Shape:
    """Draw a person of the shape space: women and men of all ages from 12, mixed races, everyday builds.

    Height keeps to [.3, .7] of its axis and weight to [.2, .9]: beyond are giants and stick figures.
    """
    gender = float(np.clip(abs(rng.normal(0, 0.1)), 0, 0.4))
    gender = 1 - gender if rng.random() < 0.5 else gender
    kind = rng.choice(3, p=[0.12, 0.58, 0.30])
    age = float((rng.uniform(0.1875, 0.36), rng.uniform(0.40, 0.66), rng.uniform(0.66, 0.97))[kind])
    race = rng.dirichlet([0.45, 0.45, 0.45])
    shape = Shape(
        gender=gender,
        age=age,
        muscle=float(np.clip(rng.normal(0.44 + 0.12 * gender, 0.15), 0.1, 0.95)),
        weight=float(np.clip(rng.normal(0.52, 0.16), 0.2, 0.9)),
        height=float(np.clip(rng.normal(0.5, 0.1), 0.3, 0.7)),
        proportions=float(rng.uniform(0.3, 0.9)),
        cup=float(np.clip(rng.normal(0.5, 0.2), 0.05, 0.95)) if kind else 0.0,
        race=(float(race[0]), float(race[1]), float(race[2])),
    )
    return dataclasses.replace(shape, details=sample_details(rng))


def sample_details(rng: np.random.Generator) -> tuple[tuple[str, float], ...]:
    """Draw a face and a build of one's own: some thirty of `blend_shapes.DETAILS`, most of them slight."""
    targets: dict[str, float] = {}
    for axis in DETAILS:
        group = axis[0].split("/")[0]
        often, wide = (0.7, 0.32) if group in _OFTEN else (0.45, 0.22)
        if group != "breast" and rng.random() < often:
            targets |= detail_targets(axis, float(np.clip(rng.normal(0, wide), -0.75, 0.75)))
    return tuple(targets.items())


@functools.cache
def _shared() -> _Shared:
    base, atlas = makehuman.load_base(), body_atlas()
    joints, weights = makehuman.heaviest_bones(base.skin[atlas.vertex_ids])
    keypoint_vertices, keypoint_weights = makehuman.regressor_on(base, atlas.vertex_ids)
    return _Shared(
        material=(np.arange(len(atlas.faces)) >= atlas.num_body_faces).astype(np.uint8),
        skin_joints=joints,
        skin_weights=weights,
        keypoint_vertices=keypoint_vertices,
        keypoint_weights=keypoint_weights,
        shade=np.ones((len(atlas.vertex_ids), 3), np.float32),
    )


@functools.lru_cache(maxsize=_KEPT)
def load_body(name: str) -> Figure:
    """Return a body; everything but its shape, bones and texture is shared between all of them.

    Raises InputError if it is no body's name.
    """
    rng = body_rng(name)
    base, atlas, shared = makehuman.load_base(), body_atlas(), _shared()
    shape = sample_shape(rng)
    complexion = sample_complexion(rng, shape)
    outfit = sample_outfit(rng, shape.gender > 0.5, shape.age)
    covered = _SMOOTH if outfit.tops else ()
    shaped = shape_block().vertices(base, dataclasses.replace(shape, details=(*shape.details, *covered)))
    return Figure(
        name=name,
        vertices=shaped[atlas.vertex_ids].astype(np.float32),
        faces=atlas.faces,
        part=atlas.part,
        uv=atlas.uv,
        materials=_MATERIALS,
        skeleton=makehuman.skeleton_of(base, shaped),
        textures=paint(complexion, outfit, rng)[None],
        texture_uv=atlas.texture_uv,
        **vars(shared),
    )
