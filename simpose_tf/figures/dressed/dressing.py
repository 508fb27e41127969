"""Build a dressed figure from its plain-data description."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from simpose_tf.errors import InputError
from simpose_tf.figures import makehuman
from simpose_tf.figures.dressed import beard, draping, face, garments, hair, headwear, patches, shoes, skirts, trims
from simpose_tf.figures.dressed.assembling import Piece, assemble, piece_of
from simpose_tf.figures.dressed.draping import Worn
from simpose_tf.figures.dressed.garments import Garment, Landmarks, Shoes, Skirt, Top, smoothstep
from simpose_tf.figures.dressed.head import Head, inside
from simpose_tf.figures.dressed.headwear import Hat
from simpose_tf.figures.dressed.patches import Patch
from simpose_tf.figures.dressed.thinning import thinned
from simpose_tf.figures.figure import Figure, Material
from simpose_tf.figures.makehuman import BaseMesh, Shape
from simpose_tf.figures.pose import vertex_normals
from simpose_tf.surface.reference import Reference, open_reference

Color = tuple[float, float, float]
_SMOOTHED_BY_CLOTH = (("breast/nipple-size-decr", 1.0), ("breast/nipple-point-decr", 1.0))
_SKIN, _EYES, _HAIR, _SOLES, _TRIM, _FIRST_CLOTH = range(6)  # indices of the materials
_SOLE_HEIGHT = 0.024  # metres of a shoe's side that are sole
_HAND, _EAR, _HEAD = 0.0022, 0.0012, 0.0005  # metres by which thinning may move them
_SCALP = 0.02  # metres above the hairline from which on hair hides the scalp
_COLLAR = 0.014  # metres that a coat's collar adds under hair


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
      beard: one of `beard.STYLES`.
      on_head: hats and glasses with their cloth.
      trim: sRGB of belts and buttons.
    """

    name: str
    split: str
    shape: Shape
    skin: Color
    hair_style: str
    hair: Color
    iris: Color
    wear: tuple[tuple[Garment, Cloth], ...]
    beard: str = "none"
    on_head: tuple[tuple[Hat, Cloth], ...] = ()
    trim: Color = (0.17, 0.12, 0.09)


def build(spec: FigureSpec, reference: Reference | None = None) -> Figure:
    """Build a figure (about two seconds).

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
    at = Landmarks(skeleton)
    body = _with_soft_shoulders(charted_body(base, vertices, charts), at)
    head = Head(base.keypoint_regressor @ vertices, body)
    covers = {f"cover{i}": garments.cover(g, garments.fields_of(g, body, at)) for i, (g, _) in enumerate(spec.wear)}
    body = replace(body, fields=covers)
    pieces = [_skin_piece(spec, base, body, head)]
    for patch, shade in face.eyes(base, vertices, body, head, np.array(spec.iris)):
        pieces.append(piece_of(patch, _EYES, shade))
    pieces += _head_pieces(spec, base, body, head, at)
    pieces += _cloth_pieces(spec, body, at)
    return assemble(spec.name, pieces, _materials(spec), skeleton, base, len(body.points))


def charted_body(base: BaseMesh, vertices: np.ndarray, charts: Reference) -> Patch:
    """Return the bare body with its charts. Raises InputError if the charts are not on the base mesh's body."""
    count = len(charts.vertices)
    if charts.faces.max() >= count or count > len(base.vertices):
        raise InputError(f"reference surface {charts.name!r} is not on the base mesh's body")
    neutral = base.vertices[:count]
    faces, part, uv = thinned(neutral, charts.faces.astype(int), charts.part, charts.uv, _fineness(base, neutral))
    return Patch(vertices[:count], base.skin[:count], {}, faces, part, uv)


def _fineness(base: BaseMesh, neutral: np.ndarray) -> np.ndarray:
    """Return metres `[N]` by which thinning may move the body: hands, ears and what of the head is not painted."""
    names = [bone[0] for bone in base.bones]
    skin = base.skin[: len(neutral)]
    on_hand = skin[:, ["Hand" in name for name in names]].sum(1) > 0.5
    on_head = (skin[:, [name in ("Head", "Neck") for name in names]].sum(1) > 0.5) & ~face.painted(base, neutral)
    ear = base.keypoint_regressor[3] @ base.vertices
    at_ear = (np.abs(neutral[:, 0]) > 0.066) & (np.abs(neutral - ear)[:, 1] < 0.05)
    return np.select([on_hand, at_ear, on_head], [_HAND, _EAR, _HEAD], 0.0)


def _with_soft_shoulders(body: Patch, at: Landmarks, rounds: int = 12) -> Patch:
    """Return the body with smoother skin weights about the shoulders and the hips: they bulge less when limbs rise."""
    near = np.zeros(len(body.points))
    for bone, reach in (("Arm", 0.16), ("UpLeg", 0.14)):
        for side in ("Left", "Right"):
            distance = np.linalg.norm(body.points - at[side + bone], axis=1)
            near = np.maximum(near, 1 - smoothstep(0.5 * reach, reach, distance))
    mean, skin = patches.averaging(body.faces, len(body.points)), body.skin.astype(float)
    for _ in range(rounds):
        skin = skin + 0.5 * near[:, None] * (mean @ skin - skin)
    return replace(body, skin=(skin / skin.sum(1, keepdims=True)).astype(np.float32))


def _materials(spec: FigureSpec) -> tuple[Material, ...]:
    """Return skin, eyes, hair, soles, trim, then one material per garment, then one per hat."""
    skin = Material("skin", spec.skin, roughness=0.75, pattern="mottled", pattern_scale=0.03)
    red, green, blue = spec.skin
    named = [(_name(g), c) for g, c in spec.wear] + [(hat.kind, c) for hat, c in spec.on_head]
    cloths = [
        Material(name, c.color, c.roughness, c.pattern, c.pattern_color, c.pattern_scale, jitter_hue=True)
        for name, c in named
    ]
    soles = [g.sole for g, _ in spec.wear if isinstance(g, Shoes)]
    return (
        replace(skin, pattern_color=(red, 0.955 * green, 0.945 * blue)),
        Material("eyes", (0.92, 0.91, 0.89), roughness=0.4),
        Material("hair", spec.hair, roughness=0.7),
        Material("soles", soles[0] if soles else (0.8, 0.8, 0.8), roughness=0.9),
        Material("trim", spec.trim, roughness=0.6),
        *cloths,
    )


def _name(garment: Garment) -> str:
    return {"Top": "top", "Trousers": "bottom", "Skirt": "bottom", "Shoes": "shoes"}[type(garment).__name__]


def _skin_piece(spec: FigureSpec, base: BaseMesh, body: Patch, head: Head) -> Piece:
    """Return the body without what is hidden under clothes and hair; all its vertices stay (keypoints hang on them)."""
    bare = ~_hidden(body, 0) & ~inside(base, body.faces)
    if spec.hair_style != "bald":
        bare &= ~(hair.hairline(body, head, spec.hair_style)[body.faces] > _SCALP).all(1)
    for hat, _ in spec.on_head:
        bare &= ~headwear.hides(hat, body, head)
    patch = replace(body, faces=body.faces[bare], part=body.part[bare], uv=body.uv[bare])
    patch, neutral = face.refined(base, patch)
    colors = face.Colors.of(spec.skin, spec.hair, spec.hair_style)
    return piece_of(patch, _SKIN, face.paint(base, neutral, colors, spec.beard))


def _head_pieces(spec: FigureSpec, base: BaseMesh, body: Patch, head: Head, at: Landmarks) -> list[Piece]:
    """Return hair, beard, hats and glasses."""
    result = []
    tops = [garment for garment, _ in spec.wear if isinstance(garment, Top)]
    clothes = sum(top.thickness for top in tops[1:]) + _COLLAR * any("coat collar" in top.details for top in tops)
    locks = hair.grow(spec.hair_style, body, head, at, clothes)
    for patch, shade in [*locks, *beard.grow(spec.beard, base, body)]:
        for hat, _ in spec.on_head:
            patch, shade = headwear.under(hat, patch, shade, head)
        result.append(piece_of(patch, _HAIR, shade))
    for k, (hat, _) in enumerate(spec.on_head):
        for patch, shade in headwear.put_on(hat, body, head, at):
            result.append(piece_of(patch, _FIRST_CLOTH + len(spec.wear) + k, shade))
    return result


def _cloth_pieces(spec: FigureSpec, body: Patch, at: Landmarks) -> list[Piece]:
    """Return all garments, each draped over those below it."""
    rng = np.random.default_rng([ord(letter) for letter in spec.name])
    body = replace(body, fields={**body.fields, "under": np.zeros(len(body.points))})
    result: list[Piece] = []
    for layer, (garment, _) in enumerate(spec.wear):
        material = _FIRST_CLOTH + layer
        if isinstance(garment, Shoes):
            result += _shoes(garment, layer, body, at)
            continue
        if isinstance(garment, Skirt):
            inner = np.concatenate([np.zeros((0, 3))] + [_off_arms(p.patch, at) for p in result])
            patch, shade = skirts.skirt(garment, body, at, inner)
            worn = Worn(patch, vertex_normals(patch.points, patch.faces).astype(float), shade, patch.points)
            closed = patches.hem(patch, worn.outward, 0.004)
        else:
            worn = draping.dress(garment, body, at, rng)
            closed, shade = draping.closed(worn, garment.thickness)
            body = _over(body, worn)
        result.append(_seen_piece(closed, layer, material, shade))
        for trim in trims.sewn_on(garment, worn, body, at):
            result.append(_seen_piece(trim.patch, layer, material if trim.own else _TRIM, trim.shade))
    return result


def _off_arms(patch: Patch, at: Landmarks) -> np.ndarray:
    """Return the points `[M, 3]` of a piece that are not on the arms."""
    return patch.points[garments.share(patch, at.names, ("Arm", "ForeArm", "Hand")) < 0.3]


def _over(body: Patch, worn: Worn) -> Patch:
    """Return the body with its field `under` raised to a garment's cloth."""
    clearance = np.einsum("nc,nc->n", worn.patch.points - worn.bare, worn.outward)
    distance, nearest = cKDTree(worn.bare).query(body.points, distance_upper_bound=1e-6)
    height = np.where(np.isfinite(distance), np.append(clearance, 0)[nearest], 0)
    return replace(body, fields={**body.fields, "under": np.maximum(body.fields["under"], height)})


def _seen_piece(patch: Patch, layer: int, material: int, shade: np.ndarray) -> Piece:
    """Return a garment's piece without the faces that garments further out hide."""
    seen = ~_hidden(patch, layer + 1)
    return piece_of(replace(patch, faces=patch.faces[seen], part=patch.part[seen], uv=patch.uv[seen]), material, shade)


def _hidden(patch: Patch, first_layer: int) -> np.ndarray:
    """Return which faces `[F]` lie fully under one of the garments from `first_layer` on."""
    result = np.zeros(len(patch.faces), bool)
    for name, field in patch.fields.items():
        if name.startswith("cover") and int(name[5:]) >= first_layer:
            result |= (field[patch.faces] > 0).all(1)
    return result


def _shoes(garment: Shoes, layer: int, body: Patch, at: Landmarks) -> list[Piece]:
    """Return both shoes, each cut into upper and sole along a level line, and the shafts of boots."""
    result = []
    for side in ("Left", "Right"):
        patch, shade = shoes.shoe(garment, side, body, at)
        level = patch.points[:, 1] - patch.points[:, 1].min() - _SOLE_HEIGHT
        patch = replace(patch, fields={**patch.fields, "above": level, "below": -level, "shade": shade})
        for field, material in (("above", _FIRST_CLOTH + layer), ("below", _SOLES)):
            part = patches.clip(patch, field)
            result.append(_seen_piece(part, layer, material, part.fields["shade"]))
    shafts = shoes.shafts(garment, body, at)
    if shafts is not None:
        patch, shade = shafts
        result.append(_seen_piece(patch, layer, _FIRST_CLOTH + layer, shade))
    return result
