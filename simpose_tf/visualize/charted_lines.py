"""Lines on a charted mesh: iso-contours of u and v, borders between parts, cuts inside them, junctions."""

from dataclasses import dataclass

import cv2
import numpy as np

from simpose_tf.visualize.orthographic import Camera, Raster

# Corners of neighbouring faces that lie farther apart in uv are not joined there: a cut inside the chart.
_CUT = 1e-3

# cv2's fixed point: coordinates are given in 1/16 pixel.
_SHIFT = 4


@dataclass(frozen=True)
class Segments:
    """Straight lines on a mesh.

    Attributes:
      ends: `[N, 2, 3]` metres.
      faces: `[N, 2]` the faces on both sides of each (or twice the one that it crosses).
    """

    ends: np.ndarray
    faces: np.ndarray

    def take(self, chosen: np.ndarray) -> "Segments":
        """Return some of the lines."""
        return Segments(self.ends[chosen], self.faces[chosen])


@dataclass(frozen=True)
class Seams:
    """Where charts end.

    Attributes:
      borders: between two parts.
      cuts: inside a part, where its uv jumps.
      rims: where the mesh ends.
      spokes: borders and cuts that start at a junction, where three or more of them meet; it is `ends[:, 0]`.
    """

    borders: Segments
    cuts: Segments
    rims: Segments
    spokes: Segments


def iso_segments(vertices: np.ndarray, faces: np.ndarray, values: np.ndarray, level: float) -> Segments:
    """Return the lines on which a corner value is `level`, exactly, triangle by triangle.

    Args:
      vertices: `[V, 3]`.
      faces: `[F, 3]`.
      values: `[F, 3]` u or v of the corners.
      level: the value.
    """
    above = values > level
    crossed = np.flatnonzero(above.any(1) & ~above.all(1) & np.isfinite(values).all(1))
    above, corner_values = above[crossed], values[crossed].astype(float)
    # One corner is alone on its side; the line crosses the two edges that meet there.
    alone = np.where(above.sum(1) == 1, above.argmax(1), above.argmin(1))
    row = np.arange(len(crossed))
    start, ends = np.asarray(vertices, float)[faces[crossed, alone]], []
    for step in (1, 2):
        other = (alone + step) % 3
        low, high = corner_values[row, alone], corner_values[row, other]
        share = ((level - low) / (high - low))[:, None]
        ends.append((1 - share) * start + share * vertices[faces[crossed, other]])
    return Segments(np.stack(ends, 1), np.stack([crossed, crossed], 1))


def find_seams(vertices: np.ndarray, faces: np.ndarray, part: np.ndarray, uv: np.ndarray) -> Seams:
    """Return where the charts of a mesh end. Edges of three or more faces count by two of them.

    Args:
      vertices: `[V, 3]`.
      faces: `[F, 3]`.
      part: `[F]`.
      uv: `[F, 3, 2]`.
    """
    # Directed edges: corner k to k + 1 of each face, face by face.
    edge = np.stack([faces, np.roll(faces, -1, 1)], -1).reshape(-1, 2)
    edge_uv = np.stack([uv, np.roll(uv, -1, 1)], 2).reshape(-1, 2, 2)
    turned = edge[:, 0] > edge[:, 1]
    edge[turned], edge_uv[turned] = edge[turned, ::-1], edge_uv[turned, ::-1]
    key = edge[:, 0].astype(np.int64) * len(vertices) + edge[:, 1]
    order = np.argsort(key, kind="stable")
    first_of = np.flatnonzero(np.diff(key[order], prepend=-1))
    several = np.diff(np.append(first_of, len(order))) > 1
    one, other = order[first_of[several]], order[first_of[several] + 1]
    borders = part[one // 3] != part[other // 3]
    cuts = ~borders & (np.abs(edge_uv[one] - edge_uv[other]).max((1, 2)) > _CUT)
    seam = borders | cuts
    # Both directions of each, so that every end is a start once.
    directed = np.concatenate([edge[one[seam]], edge[one[seam], ::-1]])
    beside = np.tile(np.stack([one[seam] // 3, other[seam] // 3], 1), (2, 1))
    starts = np.bincount(directed[:, 0], minlength=len(vertices))[directed[:, 0]] > 2
    rim, points = order[first_of[~several]], np.asarray(vertices, float)

    def lines(first: np.ndarray, second: np.ndarray) -> Segments:
        return Segments(points[edge[first]], np.stack([first // 3, second // 3], 1))

    spokes = Segments(points[directed[starts]], beside[starts])
    return Seams(lines(one[borders], other[borders]), lines(one[cuts], other[cuts]), lines(rim, rim), spokes)


def visible(camera: Camera, raster: Raster, segments: Segments) -> np.ndarray:
    """Return bool `[N]`: whether a line's middle is seen: one of its faces shows in the pixels around it."""
    place = camera.project(segments.ends.mean(1))
    column, row = np.floor(place[:, 0]).astype(int), np.floor(place[:, 1]).astype(int)
    seen = np.zeros(len(place), bool)
    shown, depth = np.pad(raster.face, 2, constant_values=-1), np.pad(raster.depth, 2, constant_values=-np.inf)
    inside = (column >= 0) & (row >= 0) & (column < camera.width) & (row < camera.height)
    column, row = np.where(inside, column, -1), np.where(inside, row, -1)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            at = row + 2 + down, column + 2 + right
            seen |= (shown[at][:, None] == segments.faces).any(1)
    # Faces smaller than a pixel are seen where nothing lies before them.
    at_depth = depth[row + 2, column + 2]
    return inside & (seen | (np.isfinite(at_depth) & (at_depth < place[:, 2] + 0.5 / camera.scale)))


def draw(
    canvas: np.ndarray, camera: Camera, segments: Segments, color: tuple[int, int, int], thickness: int = 1
) -> None:
    """Draw lines into a picture uint8 `[H, W, 3]`, whether they are hidden or not."""
    # OpenCV counts from the centre of the first pixel.
    points = np.round((camera.project(segments.ends)[..., :2] - 0.5) * (1 << _SHIFT)).astype(np.int32)
    cv2.polylines(canvas, list(points), False, color, thickness, cv2.LINE_AA, _SHIFT)


def draw_dots(
    canvas: np.ndarray, camera: Camera, points: np.ndarray, color: tuple[int, int, int], radius: float
) -> None:
    """Draw points `[N, 3]` as dots with a white rim, `radius` pixels."""
    for x, y in np.round((camera.project(points)[:, :2] - 0.5) * (1 << _SHIFT)).astype(int):
        for grown, ink in ((1.5, (255, 255, 255)), (1, color)):
            cv2.circle(canvas, (int(x), int(y)), round(radius * grown * (1 << _SHIFT)), ink, -1, cv2.LINE_AA, _SHIFT)
