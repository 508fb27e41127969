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
    first = np.maximum(np.ceil(corners[..., :2].min(1) - 0.5), 0).astype(np.int32)
    last = np.minimum(np.floor(corners[..., :2].max(1) - 0.5), size - 1).astype(np.int32)
    extent = np.maximum(last - first + 1, 0)
    # Faces seen edge-on cover no pixel.
    number = np.where(_doubled_areas(corners) != 0, extent.prod(1), 0)
    pixels = camera.height * camera.width
    shown = Raster(
        np.full(pixels, -1, np.int32), np.zeros((pixels, 3), np.float32), np.full(pixels, -np.inf, np.float64)
    )
    todo = np.flatnonzero(number)
    for some in np.split(todo, np.flatnonzero(np.diff(np.cumsum(number[todo]) // _BATCH)) + 1):
        row, column, which = _pixels_of_boxes(first[some], extent[some, 0], number[some])
        _draw(shown, some, corners[some], which, np.stack([column, row], 1), camera.width)
    shape = camera.height, camera.width
    return Raster(
        shown.face.reshape(shape), shown.weights.reshape(*shape, 3), shown.depth.astype(np.float32).reshape(shape)
    )


def _doubled_areas(corners: np.ndarray) -> np.ndarray:
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]


def _pixels_of_boxes(
    first: np.ndarray, columns: np.ndarray, number: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return row, column and box of every pixel of some boxes, int32 `[P]` each.

    Args:
      first: `[N, 2]` column and row of their first pixels.
      columns: `[N]` widths.
      number: `[N]` pixels.
    """
    which = np.repeat(np.arange(len(number), dtype=np.int32), number)
    within = np.arange(len(which), dtype=np.int32) - np.repeat((np.cumsum(number) - number).astype(np.int32), number)
    down = within // columns[which]
    return first[which, 1] + down, first[which, 0] + within - down * columns[which], which


def _draw(
    shown: Raster, face: np.ndarray, corners: np.ndarray, which: np.ndarray, pixels: np.ndarray, width: int
) -> None:
    """Draw faces where they are nearer than what is there.

    Args:
      shown: what is drawn into, its pixels in one row; of equal depths the first stays.
      face: `[N]` ids.
      corners: `[N, 3, 3]` x, y, depth.
      which: `[P]` the face that each pixel is tested with.
      pixels: `[P, 2]` column and row.
      width: of the picture.
    """
    # Barycentric coordinates are linear in the picture, a x + b y + c.
    (ax, ay), (bx, by), (cx, cy) = ((corners[:, k, 0], corners[:, k, 1]) for k in range(3))
    inverse = 1 / _doubled_areas(corners)
    second = np.stack([(cy - ay), (ax - cx), (cx * ay - cy * ax)], 1) * inverse[:, None]
    third = np.stack([(ay - by), (bx - ax), (ax * by - ay * bx)], 1) * inverse[:, None]
    x, y = pixels[:, 0] + 0.5, pixels[:, 1] + 0.5
    to_second, to_third = (k[which, 0] * x + k[which, 1] * y + k[which, 2] for k in (second, third))
    # Rounding may not open gaps between faces.
    hit = np.flatnonzero((to_second >= -1e-9) & (to_third >= -1e-9) & (to_second + to_third <= 1 + 1e-9))
    of, at = which[hit], pixels[hit, 1] * width + pixels[hit, 0]
    weights = np.stack([1 - to_second[hit] - to_third[hit], to_second[hit], to_third[hit]], 1)
    depth = (weights * corners[of, :, 2]).sum(1)
    before = shown.depth[at]
    np.maximum.at(shown.depth, at, depth)
    # Of several values for a pixel numpy keeps the last: here the first face of those that are equally near.
    won = np.flatnonzero((depth == shown.depth[at]) & (depth > before))[::-1]
    shown.face[at[won]], shown.weights[at[won]] = face[of[won]], weights[won]
