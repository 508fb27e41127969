"""Draw a triangle mesh as seen from far away: which face, and where in it, each pixel shows.

Pictures: x right, y down, pixel centres at +0.5. The third axis, `depth`, grows towards the viewer, in metres.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

# Viewer's directions in the figure frame: where the viewer stands, and what is up in the picture.
SIDES = {
    "front": ((0, 0, 1), (0, 1, 0)),
    "back": ((0, 0, -1), (0, 1, 0)),
    "left": ((1, 0, 0), (0, 1, 0)),
    "right": ((-1, 0, 0), (0, 1, 0)),
    "top": ((0, 1, 0), (0, 0, -1)),
}

# Pixels that are looked at together: bounds the memory.
_BATCH = 2_000_000


@dataclass(frozen=True)
class Camera:
    """An orthographic view: picture (x, y) = scale * axes[:2] @ point + shift, depth = axes[2] @ point.

    Attributes:
      axes: `[3, 3]` rows: right, down and towards the viewer; unit and perpendicular.
      scale: pixels per metre.
      shift: `[2]` pixels.
      height: of the picture, pixels.
      width: of the picture, pixels.
    """

    axes: np.ndarray
    scale: float
    shift: np.ndarray
    height: int
    width: int

    def project(self, points: np.ndarray) -> np.ndarray:
        """Return x, y (pixels) and depth (metres) `[..., 3]` of points `[..., 3]`."""
        turned = np.asarray(points, float) @ self.axes.T
        turned[..., :2] = self.scale * turned[..., :2] + self.shift
        return turned


@dataclass(frozen=True)
class Raster:
    """What each pixel shows.

    Attributes:
      face: `[H, W]` int32, -1 where there is nothing.
      weights: `[H, W, 3]` float32 barycentric coordinates in the face, 0 where there is nothing.
      depth: `[H, W]` float32 metres, -inf where there is nothing.
    """

    face: np.ndarray
    weights: np.ndarray
    depth: np.ndarray

    @property
    def mask(self) -> np.ndarray:
        """Where the mesh is seen, bool `[H, W]`."""
        return self.face >= 0

    def of_corners(self, values: np.ndarray) -> np.ndarray:
        """Return the picture `[H, W, ...]` of corner values `[F, 3, ...]`; 0 where there is nothing."""
        seen = self.mask
        picture = np.zeros((*seen.shape, *values.shape[2:]))
        picture[seen] = np.einsum("nc,nc...->n...", self.weights[seen], values[self.face[seen]])
        return picture


def look_along(towards: ArrayLike, up: ArrayLike) -> np.ndarray:
    """Return a camera's axes `[3, 3]`.

    Args:
      towards: `[3]` from the mesh to the viewer, of any length.
      up: `[3]` what is up in the picture; only its part across `towards` counts.
    """
    viewer, above = np.asarray(towards, float), np.asarray(up, float)
    viewer = viewer / np.linalg.norm(viewer)
    above = above - (above @ viewer) * viewer
    above = above / np.linalg.norm(above)
    return np.stack([np.cross(above, viewer), -above, viewer])


def camera_on(points: np.ndarray, axes: np.ndarray, scale: float, margin: float = 0.0) -> Camera:
    """Return the camera whose picture holds points and a margin around them.

    Args:
      points: `[N, 3]`.
      axes: `[3, 3]` rows right, down, towards the viewer.
      scale: pixels per metre.
      margin: metres.
    """
    seen = np.asarray(points, float) @ axes[:2].T
    low, high = seen.min(0) - margin, seen.max(0) + margin
    width, height = np.maximum(np.ceil((high - low) * scale), 1).astype(int)
    return Camera(axes, scale, np.array([width, height]) / 2 - scale * (low + high) / 2, int(height), int(width))


def rasterise(camera: Camera, vertices: np.ndarray, faces: np.ndarray) -> Raster:
    """Return what each pixel's centre shows of a mesh, both sides of its faces.

    Args:
      camera: the view.
      vertices: `[V, 3]`.
      faces: `[F, 3]`.
    """
    corners = camera.project(vertices)[faces]
    size = np.array([camera.width, camera.height])
    # Centres x + 0.5 with low <= x + 0.5 <= high.
    first = np.maximum(np.ceil(corners[..., :2].min(1) - 0.5), 0).astype(np.int64)
    last = np.minimum(np.floor(corners[..., :2].max(1) - 0.5), size - 1).astype(np.int64)
    extent = np.maximum(last - first + 1, 0)
    number = extent.prod(1)
    shown = _Shown(camera.height, camera.width)
    todo = np.flatnonzero(number)
    for some in np.split(todo, np.flatnonzero(np.diff(np.cumsum(number[todo]) // _BATCH)) + 1):
        if len(some):
            _draw(shown, some, corners[some], first[some], extent[some, 0], number[some])
    return shown.raster()


class _Shown:
    """The nearest face of each pixel so far."""

    def __init__(self, height: int, width: int):
        self.shape = height, width
        self.depth = np.full(height * width, -np.inf)
        self.face = np.full(height * width, -1, np.int32)
        self.weights = np.zeros((height * width, 3), np.float32)

    def put(self, pixel: np.ndarray, depth: np.ndarray, face: np.ndarray, weights: np.ndarray) -> None:
        # Of several values for a pixel numpy keeps the last: the nearest one; of equal ones the first face.
        order = np.lexsort((-face, depth))
        last = np.full(len(self.depth), -1, np.int64)
        last[pixel[order]] = order
        won = last[last >= 0]
        won = won[depth[won] > self.depth[pixel[won]]]
        at = pixel[won]
        self.depth[at], self.face[at], self.weights[at] = depth[won], face[won], weights[won]

    def raster(self) -> Raster:
        face, depth = self.face.reshape(self.shape), self.depth.astype(np.float32).reshape(self.shape)
        return Raster(face, self.weights.reshape(*self.shape, 3), depth)


def _draw(
    shown: _Shown, face: np.ndarray, corners: np.ndarray, first: np.ndarray, columns: np.ndarray, number: np.ndarray
) -> None:
    """Draw faces: test every pixel of each one's box.

    Args:
      shown: what is drawn into.
      face: `[N]` their ids.
      corners: `[N, 3, 3]` x, y, depth.
      first: `[N, 2]` column and row of the first pixel of their boxes.
      columns: `[N]` widths of the boxes.
      number: `[N]` pixels in the boxes.
    """
    which = np.repeat(np.arange(len(face)), number)
    within = np.arange(len(which)) - np.repeat(np.cumsum(number) - number, number)
    row, column = first[which, 1] + within // columns[which], first[which, 0] + within % columns[which]
    a, b, c = (corners[:, k, :2] for k in range(3))
    doubled = _cross(b - a, c - a)
    # Faces seen edge-on cover no pixel; the others' sign says which side is seen.
    inverse = np.divide(1, doubled, out=np.zeros_like(doubled), where=doubled != 0)[which]
    x, y = column + 0.5, row + 0.5
    second = ((x - a[which, 0]) * (c - a)[which, 1] - (y - a[which, 1]) * (c - a)[which, 0]) * inverse
    third = ((b - a)[which, 0] * (y - a[which, 1]) - (b - a)[which, 1] * (x - a[which, 0])) * inverse
    # Rounding may not open gaps between faces.
    hit = np.flatnonzero((second >= -1e-9) & (third >= -1e-9) & (second + third <= 1 + 1e-9) & (inverse != 0))
    weights = np.stack([1 - second[hit] - third[hit], second[hit], third[hit]], 1)
    depth = (weights * corners[which[hit], :, 2]).sum(1)
    shown.put(row[hit] * shown.shape[1] + column[hit], depth, face[which[hit]], weights.astype(np.float32))


def _cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
