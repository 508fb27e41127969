"""Build a dressed figure from its plain-data description."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simpose_tf.errors import InputError
from simpose_tf.figures import face, garments, hair, makehuman, patches
from simpose_tf.figures.figure import Figure, Material, Skeleton
from simpose_tf.figures.garments import Garment, Landmarks, Shoes, Skirt
from simpose_tf.figures.makehuman import BaseMesh, Shape
from simpose_tf.figures.patches import Patch
from simpose_tf.surface.reference import Reference, open_reference

Color = tuple[float, float, float]
_SKIN_BONES = 4
_KEYPOINT_VERTICES = 256
_SMOOTHED_BY_CLOTH = (("breast/nipple-size-decr", 1.0), ("breast/nipple-point-decr", 1.0))
_SKIN, _EYES, _HAIR, _SOLES, _FIRST_CLOTH = range(5)  # indices of the materials
_SOLE_HEIGHT = 0.024  # metres of a shoe's side that are sole


@dataclass(frozen=True)
class Cloth:
    """Colour and pattern of a garment; see `Material`."""

    color: Color
    pattern: str = "plain"
    pattern_color: Color = (0.5, 0.5, 0.5)
    pattern_scale: float = 0.05
    roughness: float = 0.9


@dataclass(frozen=True)
class FigureSpec:
    """A dressed person as plain data.

    Attributes:
      name: unique id.
      split: `train` or `val`.
      shape: the body.
      skin: sRGB of the skin.
      hair_style: one of `hair.STYLES`; `hair` its sRGB.
      iris: sRGB of the eyes.
      wear: garments with their cloth, the innermost first.
    """

    name: str
    split: str
    shape: Shape
    skin: Color
    hair_style: str
    hair: Color
    iris: Color
    wear: tuple[tuple[Garment, Cloth], ...]


@dataclass(frozen=True)
class _Piece:
    """A patch that is ready to be drawn: its material (an index) per face, and shading `[N, 3]`."""

    patch: Patch
    material: np.ndarray
    shade: np.ndarray


def build(spec: FigureSpec, reference: Reference | None = None) -> Figure:
    """Build a figure (about a second).

    Args:
      spec: what to build.
      reference: charts on the base mesh's body; None takes `open_reference()`.

    Raises:
      InputError: the description or the body data is at fault.
    """
    base, charts = makehuman.load_base(), reference or open_reference()
    shape = replace(spec.shape, details=(*spec.shape.details, *_SMOOTHED_BY_CLOTH))
    vertices = makehuman.shape_vertices(base, shape)
    skeleton = makehuman.skeleton_of(base, vertices)
    body = _charted_body(base, vertices, charts)
    head = hair.Head(base.keypoint_regressor @ vertices, body)
    at = Landmarks(skeleton)
    covers = {f"cover{i}": garments.cover(g, garments.fields_of(g, body, at)) for i, (g, _) in enumerate(spec.wear)}
    body = replace(body, fields=covers)
    materials = _materials(spec)
    pieces = [_skin_piece(spec, base, body)]
    for patch, shade in face.eyes(base, vertices, body, head, np.array(spec.iris)):
        pieces.append(_piece(patch, _EYES, shade))
    for patch, shade in hair.grow(spec.hair_style, body, head, at):
        pieces.append(_piece(patch, _HAIR, shade))
    rng = np.random.default_rng([ord(letter) for letter in spec.name])
    cloth: list[_Piece] = []
    for layer, (garment, _) in enumerate(spec.wear):
        inner = np.concatenate([np.zeros((0, 3))] + [p.patch.points for p in cloth])
        cloth += _garment_pieces(garment, layer, body, at, inner, rng)
    pieces += cloth
    return _assemble(spec.name, pieces, materials, skeleton, base)


def _charted_body(base: BaseMesh, vertices: np.ndarray, charts: Reference) -> Patch:
    count = len(charts.vertices)
    if charts.faces.max() >= count or count > len(base.vertices):
        raise InputError(f"reference surface {charts.name!r} is not on the base mesh's body")
    return Patch(vertices[:count], base.skin[:count], {}, charts.faces.astype(int), charts.part, charts.uv)


def _materials(spec: FigureSpec) -> tuple[Material, ...]:
    """Return skin, eyes, hair, soles, then one material per garment."""
    skin = Material("skin", spec.skin, roughness=0.75, pattern="mottled", pattern_scale=0.03)
    red, green, blue = spec.skin
    cloths = [
        Material(_name(g), c.color, c.roughness, c.pattern, c.pattern_color, c.pattern_scale, jitter_hue=True)
        for g, c in spec.wear
    ]
    return (
        replace(skin, pattern_color=(red, 0.955 * green, 0.945 * blue)),
        Material("eyes", (0.92, 0.91, 0.89), roughness=0.4),
        Material("hair", spec.hair, roughness=0.7),
        Material("soles", (0.82, 0.8, 0.76), roughness=0.9),
        *cloths,
    )


def _name(garment: Garment) -> str:
    return {"Top": "top", "Trousers": "bottom", "Skirt": "bottom", "Shoes": "shoes"}[type(garment).__name__]


def _skin_piece(spec: FigureSpec, base: BaseMesh, body: Patch) -> _Piece:
    """Return the body without what is hidden under clothes; all its vertices stay (keypoints hang on them)."""
    skin = np.array(spec.skin)
    brow = skin * 0.45 if spec.hair_style == "bald" else 0.7 * np.array(spec.hair) + 0.12 * skin
    shade = face.paint(base, len(body.points), skin, np.minimum(brow, 0.8 * skin), skin * [0.86, 0.6, 0.62])
    bare = ~_hidden(body, 0)
    patch = replace(body, faces=body.faces[bare], part=body.part[bare], uv=body.uv[bare])
    return _piece(patch, _SKIN, shade)


def _hidden(patch: Patch, first_layer: int) -> np.ndarray:
    """Return which faces `[F]` lie fully under one of the garments from `first_layer` on."""
    result = np.zeros(len(patch.faces), bool)
    for name, field in patch.fields.items():
        if name.startswith("cover") and int(name[5:]) >= first_layer:
            result |= (field[patch.faces] > 0).all(1)
    return result


def _garment_pieces(
    garment: Garment, layer: int, body: Patch, at: Landmarks, inner: np.ndarray, rng: np.random.Generator
) -> list[_Piece]:
    """Return a garment's pieces, without what outer garments hide; `inner` `[M, 3]` are points of the layers below."""
    if isinstance(garment, Shoes):
        shoes = [garments.shoe(garment, side, body, at) for side in ("Left", "Right")]
        return [piece for patch, shade in shoes for piece in _shoe_pieces(patch, shade, layer)]
    if isinstance(garment, Skirt):
        patch, shade = garments.skirt(garment, body, at, inner)
    else:
        patch, shade = garments.dress(garment, body, at, rng)
    seen = ~_hidden(patch, layer + 1)
    patch = replace(patch, faces=patch.faces[seen], part=patch.part[seen], uv=patch.uv[seen])
    return [_piece(patch, _FIRST_CLOTH + layer, shade)]


def _piece(patch: Patch, material: int, shade: np.ndarray) -> _Piece:
    """Return a patch in one material; `shade` is `[N]` or `[N, 3]`."""
    shade = np.tile(shade[:, None], 3) if shade.ndim == 1 else shade
    return _Piece(patch, np.full(len(patch.faces), material), shade)


def _shoe_pieces(patch: Patch, shade: np.ndarray, layer: int) -> list[_Piece]:
    """Cut a shoe into upper and sole along a level line."""
    level = patch.points[:, 1] - patch.points[:, 1].min() - _SOLE_HEIGHT
    patch = replace(patch, fields={"above": level, "below": -level, "shade": shade})
    upper, sole = patches.clip(patch, "above"), patches.clip(patch, "below")
    return [
        _piece(upper, _FIRST_CLOTH + layer, upper.fields["shade"]),
        _piece(sole, _SOLES, sole.fields["shade"]),
    ]


def _assemble(
    name: str, pieces: Sequence[_Piece], materials: tuple[Material, ...], skeleton: Skeleton, base: BaseMesh
) -> Figure:
    """Join the pieces (the body first, then the eyes) and put the lowest drawn point on y = 0."""
    starts = np.cumsum([0] + [len(p.patch.points) for p in pieces])
    vertices = np.concatenate([p.patch.points for p in pieces])
    faces = np.concatenate([p.patch.faces + start for p, start in zip(pieces, starts, strict=False)])
    lift = np.array([0, -vertices[faces.ravel(), 1].min(), 0])
    joints, weights = _heaviest(np.concatenate([p.patch.skin for p in pieces]))
    keypoint_vertices, keypoint_weights = _keypoints(base, len(pieces[0].patch.points))
    return Figure(
        name=name,
        vertices=(vertices + lift).astype(np.float32),
        faces=faces.astype(np.int32),
        part=np.concatenate([p.patch.part for p in pieces]).astype(np.uint8),
        uv=np.clip(np.concatenate([p.patch.uv for p in pieces]), 0, 1).astype(np.float32),
        material=np.concatenate([p.material for p in pieces]).astype(np.uint8),
        materials=materials,
        skin_joints=joints,
        skin_weights=weights,
        skeleton=replace(skeleton, heads=skeleton.heads + lift, tails=skeleton.tails + lift),
        keypoint_vertices=keypoint_vertices,
        keypoint_weights=keypoint_weights,
        shade=np.concatenate([p.shade for p in pieces]).astype(np.float32),
    )


def _heaviest(skin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the four heaviest bones `[V, 4]` of dense weights `[V, J]` and their weights, which sum to 1."""
    joints = np.argsort(-skin, axis=1, kind="stable")[:, :_SKIN_BONES]
    weights = np.take_along_axis(skin, joints, 1).astype(float)
    return joints.astype(np.int32), (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def _keypoints(base: BaseMesh, num_body: int) -> tuple[np.ndarray, np.ndarray]:
    """Return vertices and weights `[17, K]` of the COCO keypoints: the regressor's heaviest, on body and eyes."""
    first_eye = int(min(base.groups["helper-l-eye"].min(), base.groups["helper-r-eye"].min()))
    num_eyes = len(np.unique(np.concatenate([base.groups["helper-l-eye"], base.groups["helper-r-eye"]])))
    ids = np.concatenate([np.arange(num_body), np.arange(first_eye, first_eye + num_eyes)])
    table = base.keypoint_regressor[:, ids]
    vertices = np.argsort(-table, axis=1, kind="stable")[:, :_KEYPOINT_VERTICES]
    weights = np.take_along_axis(table, vertices, 1).astype(float)
    return vertices.astype(np.int32), (weights / weights.sum(1, keepdims=True)).astype(np.float32)
