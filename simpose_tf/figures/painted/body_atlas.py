"""Where the body's texture lies: a layout of the skin on one square, and what each of its texels is on the body.

Whoever paints a body paints functions of places (metres on the neutral shape), never of texture coordinates: so nothing
shows where the layout is cut, and a garment's border is as smooth as its function.
"""

import functools
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from simpose_tf.figures import makehuman
from simpose_tf.figures.dressed import sheets
from simpose_tf.figures.dressed.patches import Patch
from simpose_tf.figures.makehuman import BaseMesh
from simpose_tf.figures.pose import vertex_normals
from simpose_tf.surface.reference import Reference, open_reference

SIZE = 512  # texels on a side: 3 mm on the trunk, 1 mm on the face
EYES = ("helper-l-eye", "helper-r-eye")

# The base mesh's layout gives the scalp more room than the face; this stretches the face (column, row of the middle of
# the face and half sizes of the head's island, in shares of the square) and moves the eyeballs into free space.
_FACE, _HEAD_BOX, _FACE_ZOOM = (0.868, 0.516), ((0.641, 0.995), (0.182, 0.853)), (3.0, 6.0)
_HEAD_CELL = ((0.650, 0.995), (0.208, 0.790))  # where the island comes to lie, clear of an arm and the hands
_SHOULDERS = 0.5  # y of the neutral shape, metres
_EYE_CELLS = ((0.83, 0.05), (0.93, 0.05))
_EYE_RADIUS = 0.045


@dataclass(frozen=True)
class Atlas:
    """The texture's layout and the surface that it covers, the same for all bodies.

    Attributes:
      vertex_ids: `[V]` the base mesh's vertices: the body's, then the eyeballs'.
      faces: `[F, 3]` int32 into those: the body's triangles, then the eyeballs'.
      part: `[F]` uint8 and
      uv: `[F, 3, 2]` float32: charts of the faces.
      texture_uv: `[F, 3, 2]` float32 texture coordinates of the corners (`Figure.texture_uv`).
      num_body_faces: how many of the faces are the body's.
      owner: `[SIZE * SIZE]` int32: the texel (of the N that the surface covers) that fills each place of the square.
      face: `[N]` int32 face of each covered texel, and
      weights: `[N, 3]` float32 its barycentric coordinates there.
    """

    vertex_ids: np.ndarray
    faces: np.ndarray
    part: np.ndarray
    uv: np.ndarray
    texture_uv: np.ndarray
    num_body_faces: int
    owner: np.ndarray
    face: np.ndarray
    weights: np.ndarray

    def at_texels(self, values: np.ndarray) -> np.ndarray:
        """Return float32 values `[N, ...]` at the covered texels of values `[V, ...]` at the vertices."""
        corners = values[self.faces[self.face]].astype(np.float32)
        return np.einsum("nk,nk...->n...", self.weights, corners)

    def image(self, colors: np.ndarray) -> np.ndarray:
        """Return the texture `[SIZE, SIZE, 4]` uint8, opaque, of sRGB colours `[N, 3]` in [0, 1] at the covered texels.

        Places that nothing covers take the nearest covered colour, so filtering never sees the void.
        """
        table = np.full((len(colors), 4), 255, np.uint8)
        table[:, :3] = np.clip(colors * 255 + 0.5, 0, 255)
        return table[self.owner].reshape(SIZE, SIZE, 4)


@functools.cache
def body_atlas() -> Atlas:
    """Return the layout of the open body (made once per process, about a second)."""
    base, charts = makehuman.load_base(), open_reference()
    body_uv = _body_layout(charts)
    eyes = [_eye(base, charts, group, cell) for group, cell in zip(EYES, _EYE_CELLS, strict=True)]
    ids = np.concatenate([np.arange(len(charts.vertices)), *(ids for ids, *_ in eyes)])
    faces, start = [charts.faces], len(charts.vertices)
    for eye_ids, patch, _ in eyes:
        faces.append(patch.faces + start)
        start += len(eye_ids)
    texture_uv = np.concatenate([body_uv, *(uv for *_, uv in eyes)]).astype(np.float32)
    owner, face, weights = _raster(texture_uv)
    return Atlas(
        vertex_ids=ids,
        faces=np.concatenate(faces).astype(np.int32),
        part=np.concatenate([charts.part, *(patch.part for _, patch, _ in eyes)]),
        uv=np.clip(np.concatenate([charts.uv, *(patch.uv for _, patch, _ in eyes)]), 0, 1).astype(np.float32),
        texture_uv=texture_uv,
        num_body_faces=len(charts.faces),
        owner=owner,
        face=face,
        weights=weights,
    )


def _body_layout(charts: Reference) -> np.ndarray:
    """Return texture coordinates `[F, 3, 2]` of the body's triangles: the base mesh's, the face enlarged."""
    quads, uv = makehuman.body_layout()
    quad = np.arange(len(charts.faces)) // 2
    corner = (charts.faces[:, :, None] == quads[quad][:, None, :]).argmax(2)
    result = np.take_along_axis(uv[quad], corner[..., None], 1)
    result[..., 1] = 1 - result[..., 1]
    middle = result.mean(1)
    (left, right), (top, bottom) = _HEAD_BOX
    above_arms = makehuman.load_base().vertices[charts.faces, 1].min(1) > _SHOULDERS  # an arm reaches into the box
    on_head = (
        above_arms & (middle[:, 0] > left) & (middle[:, 0] < right) & (middle[:, 1] > top) & (middle[:, 1] < bottom)
    )
    for axis, ((low, high), (start, end)) in enumerate(zip(_HEAD_BOX, _HEAD_CELL, strict=True)):
        zoomed = _zoomed(result[on_head, :, axis], _FACE[axis], low, high, _FACE_ZOOM[axis])
        result[on_head, :, axis] = start + (zoomed - low) * (end - start) / (high - low)
    return result


def _zoomed(x: np.ndarray, center: float, low: float, high: float, zoom: float) -> np.ndarray:
    """Stretch [low, high] about its `center`; both ends and the centre stay where they are."""
    half = np.where(x > center, high - center, center - low)
    return center + half * np.arcsinh(zoom * (x - center) / half) / np.arcsinh(zoom)


def _eye(base: BaseMesh, charts: Reference, group: str, cell: tuple[float, float]) -> tuple:
    """Return vertex ids, the charted patch and texture coordinates of an eyeball: a disc around its pupil."""
    vertices, count = base.vertices, len(charts.vertices)
    ids, index = np.unique(base.groups[group], return_inverse=True)
    corners = index.reshape(-1, 4)
    faces = np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]])
    body = Patch(vertices[:count], base.skin[:count], {}, charts.faces.astype(int), charts.part, charts.uv)
    own_half = (np.sign(vertices[ids, 0].mean()) * body.points[body.faces, 0] > 0).all(1)
    on_head = (body.points[body.faces, 1] > vertices[ids, 1].min() - 0.1).all(1)
    patch = sheets.charted(vertices[ids], faces, body, own_half & on_head)
    angle, around = eye_angles(vertices[ids])
    disc = (angle / np.pi)[:, None] * np.stack([np.cos(around), -np.sin(around)], -1)
    return ids, patch, (np.array(cell) + _EYE_RADIUS * disc)[faces]


def eye_angles(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the angle `[N]` from an eyeball's front and the angle `[N]` around it, radians, of its points `[N, 3]`."""
    way = points - (points.max(0) + points.min(0)) / 2
    return np.arccos(way[:, 2] / np.linalg.norm(way, axis=1)), np.arctan2(way[:, 1], way[:, 0])


def _raster(texture_uv: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return `owner`, `face` and `weights` of an `Atlas`: which triangle covers each texel's middle."""
    texel, face, weights = _covered(texture_uv.astype(float) * SIZE - 0.5)
    first = np.unique(texel, return_index=True)[1]  # on an edge between two triangles either will do
    texel, face, weights = texel[first], face[first], weights[first]
    number = np.full(SIZE * SIZE, -1, np.int32)
    number[texel] = np.arange(len(texel))
    nearest = ndimage.distance_transform_edt(
        number.reshape(SIZE, SIZE) < 0, return_distances=False, return_indices=True
    )
    owner = number.reshape(SIZE, SIZE)[tuple(nearest)].ravel()
    return owner, face.astype(np.int32), weights.astype(np.float32)


def _covered(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return texel, face and barycentric weights of all texel middles in triangles `[F, 3, 2]` (in texels)."""
    low = np.clip(np.ceil(corners.min(1)), 0, SIZE - 1).astype(int)
    high = np.clip(np.floor(corners.max(1)), 0, SIZE - 1).astype(int)
    columns, rows = np.maximum(high - low + 1, 0).T
    face = np.repeat(np.arange(len(corners)), columns * rows)
    inside_box = np.arange(len(face)) - np.repeat(np.cumsum(columns * rows) - columns * rows, columns * rows)
    x = low[face, 0] + inside_box % columns[face]
    y = low[face, 1] + inside_box // columns[face]
    a, b, c = (corners[face, k] for k in range(3))
    p = np.stack([x, y], -1)
    areas = np.stack([_cross(c - b, p - b), _cross(a - c, p - c), _cross(b - a, p - a)], -1)
    total = areas.sum(1, keepdims=True)
    weights = areas / np.where(total == 0, 1, total)
    keep = (weights >= -1e-9).all(1) & (total[:, 0] != 0)
    return (y * SIZE + x)[keep], face[keep], weights[keep]


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the third component `[N]` of the cross products of plane vectors `[N, 2]`."""
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def neutral_normals(atlas: Atlas, base: BaseMesh) -> np.ndarray:
    """Return unit normals `[V, 3]` of the neutral shape."""
    return vertex_normals(base.vertices[atlas.vertex_ids].astype(np.float32), atlas.faces)
