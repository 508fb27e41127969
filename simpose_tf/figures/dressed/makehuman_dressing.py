"""Put MakeHuman garments on a shaped body: fitted, skinned and charted like it, the body hidden or pulled in below."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import igl
import numpy as np
from scipy.spatial import cKDTree

from simpose_tf.figures import makehuman
from simpose_tf.figures.dressed import sheets
from simpose_tf.figures.dressed.makehuman_clothes import Clothes, anchors, fitted, skin
from simpose_tf.figures.dressed.patches import Patch, boundary_edges
from simpose_tf.figures.figure import Figure, Material
from simpose_tf.figures.makehuman import BaseMesh, Shape
from simpose_tf.figures.painted.body_atlas import body_atlas
from simpose_tf.figures.pose import vertex_normals
from simpose_tf.surface.reference import open_reference

_REACH = 0.04  # metres: cloth further away hides nothing
_RIM = 0.02  # metres of skin that stay under a garment's border
_CLEARANCE = 0.004  # metres between skin and the cloth over it
_SKIN = (Material("skin", (1, 1, 1), 0.8, texture=0), Material("eyes", (1, 1, 1), 0.45, texture=0))


@dataclass(frozen=True)
class Worn:
    """A garment that someone wears: its faces' materials, as places `[F]` in `materials`, and its texture or None."""

    clothes: Clothes
    kind: str
    material: np.ndarray
    materials: tuple[Material, ...]
    texture: np.ndarray | None = None


def charted(clothes: Clothes, base: BaseMesh) -> Patch:
    """Return a garment on the neutral body with the charts of the body's points that its vertices hang on."""
    charts = open_reference()
    count = len(charts.vertices)
    body = Patch(base.vertices[:count], base.skin[:count], {}, charts.faces.astype(int), charts.part, charts.uv)
    return replace(sheets.charted(anchors(clothes, base.vertices), clothes.faces, body), skin=skin(clothes, base))


def dress(name: str, shape: Shape, skin_texture: np.ndarray, outfit: Sequence[Worn]) -> Figure:
    """Return a dressed figure.

    Args:
      name: its name.
      shape: the body.
      skin_texture: `[S, S, 4]` uint8 what is painted on the body (`body_paint`).
      outfit: what is worn, the innermost first; textures of the size of `skin_texture`.
    """
    base, atlas = makehuman.load_base(), body_atlas()
    shaped = makehuman.shape_vertices(base, shape)
    pieces = [fitted(worn.clothes, shaped) for worn in outfit]
    layers = _fitted_layers(shaped[atlas.vertex_ids], outfit, pieces)
    skin_points, drawn = _undress(shaped[atlas.vertex_ids], outfit, layers[0])
    return _assembled(name, shaped, skin_points, drawn, layers, outfit, skin_texture)


def _undress(body: np.ndarray, outfit: Sequence[Worn], pieces: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the skin's points `[V, 3]`, drawn in under cloth that it would poke through, and its drawn faces `[F]`."""
    atlas = body_atlas()
    normals = vertex_normals(body.astype(np.float32), atlas.faces).astype(float)
    under = np.zeros(len(body), bool)
    depth = np.zeros(len(body))
    for worn, points in zip(outfit, pieces, strict=True):
        under |= np.isin(atlas.vertex_ids, worn.clothes.deleted)
        if worn.kind == "hair":
            continue
        covered, outside = _covered(body, normals, points, worn.clothes.faces)
        under |= covered
        depth = np.maximum(depth, np.where(np.abs(outside) < 0.02, np.clip(_CLEARANCE - outside, 0, 0.015), 0))
    hidden = under[atlas.faces].all(1)
    hidden[atlas.num_body_faces :] = False  # eyes look out of everything
    return body - depth[:, None] * normals, ~hidden


def _covered(
    points: np.ndarray, outward: np.ndarray, cloth: np.ndarray, faces: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which points lie well under a cloth, away from its border, and how far it lies outside each.

    Args:
      points: `[N, 3]`.
      outward: `[N, 3]` unit directions away from the body.
      cloth: `[V, 3]` and
      faces: `[F, 3]`.

    Returns:
      `[N]` whether covered; `[N]` metres along `outward` to the cloth, negative for points that poke through it;
      infinite where no cloth is near.
    """
    squared, _, closest = igl.point_mesh_squared_distance(points, cloth, faces.astype(np.int64))
    outside = np.einsum("nc,nc->n", closest - points, outward)
    near = squared < _REACH**2
    border = cloth[np.unique(boundary_edges(faces))]
    inner = np.ones(len(points), bool)
    if len(border):
        inner = cKDTree(border).query(closest)[0] > _RIM
    return near & inner & (outside > -0.01), np.where(near, outside, np.inf)


def _fitted_layers(body: np.ndarray, outfit: Sequence[Worn], pieces: Sequence[np.ndarray]) -> tuple[list, list]:
    """Return the garments' points and drawn faces: outer ones are pushed out of inner ones, which they hide."""
    atlas = body_atlas()
    normals = vertex_normals(body.astype(np.float32), atlas.faces).astype(float)
    tree = cKDTree(body)
    points, drawn = list(pieces), [np.ones(len(worn.clothes.faces), bool) for worn in outfit]
    for outer in range(len(outfit)):
        for inner in range(outer):
            outward = normals[tree.query(points[inner])[1]]
            if outfit[outer].kind != "hair":
                covered, _ = _covered(points[inner], outward, points[outer], outfit[outer].clothes.faces)
                drawn[inner] &= ~covered[outfit[inner].clothes.faces].all(1)
            points[outer] = _pushed_out(
                points[outer], normals[tree.query(points[outer])[1]], points[inner], outfit[inner]
            )
    return points, drawn


def _pushed_out(points: np.ndarray, outward: np.ndarray, inner: np.ndarray, worn: Worn) -> np.ndarray:
    """Return points `[N, 3]`, those that lie within 2 cm inside an inner garment moved out of it."""
    squared, _, closest = igl.point_mesh_squared_distance(points, inner, worn.clothes.faces.astype(np.int64))
    inside = np.einsum("nc,nc->n", closest - points, outward) + _CLEARANCE
    depth = np.where(squared < 0.02**2, np.clip(inside, 0, 0.02), 0)
    return points + depth[:, None] * outward


def _assembled(
    name: str,
    shaped: np.ndarray,
    skin_points: np.ndarray,
    skin_drawn: np.ndarray,
    layers: tuple[list, list],
    outfit: Sequence[Worn],
    skin_texture: np.ndarray,
) -> Figure:
    """Join body and garments to a figure whose lowest drawn point is on y = 0."""
    base, atlas = makehuman.load_base(), body_atlas()
    patches = [charted(worn.clothes, base) for worn in outfit]
    textures, materials = [skin_texture], list(_SKIN)
    faces, part, uv = [atlas.faces[skin_drawn]], [atlas.part[skin_drawn]], [atlas.uv[skin_drawn]]
    material, texture_uv = (
        [(np.arange(len(atlas.faces)) >= atlas.num_body_faces)[skin_drawn]],
        [atlas.texture_uv[skin_drawn]],
    )
    start = len(skin_points)
    for worn, patch, points, drawn in zip(outfit, patches, *layers, strict=True):
        faces.append(patch.faces[drawn] + start)
        part.append(patch.part[drawn])
        uv.append(patch.uv[drawn])
        material.append(worn.material[drawn] + len(materials))
        own = worn.clothes.texture_uv if worn.texture is not None else None
        texture_uv.append(np.zeros_like(patch.uv[drawn]) if own is None else own[drawn])
        layer = len(textures) if worn.texture is not None else -1
        materials += [replace(one, texture=layer) for one in worn.materials]
        textures += [] if worn.texture is None else [worn.texture]
        start += len(points)
    vertices = np.concatenate([skin_points, *layers[0]])
    joints, weights = makehuman.heaviest_bones(
        np.concatenate([base.skin[atlas.vertex_ids], *(p.skin for p in patches)])
    )
    keypoint_vertices, keypoint_weights = makehuman.regressor_on(base, atlas.vertex_ids)
    lift = np.array([0, -vertices[np.concatenate(faces).ravel(), 1].min(), 0])
    skeleton = makehuman.skeleton_of(base, shaped + lift)
    return Figure(
        name=name,
        vertices=(vertices + lift).astype(np.float32),
        faces=np.concatenate(faces).astype(np.int32),
        part=np.concatenate(part).astype(np.uint8),
        uv=np.clip(np.concatenate(uv), 0, 1).astype(np.float32),
        material=np.concatenate(material).astype(np.uint8),
        materials=tuple(materials),
        skin_joints=joints,
        skin_weights=weights,
        skeleton=skeleton,
        keypoint_vertices=keypoint_vertices,
        keypoint_weights=keypoint_weights,
        shade=np.ones_like(vertices, np.float32),
        textures=np.stack(textures),
        texture_uv=np.concatenate(texture_uv).astype(np.float32),
    )
