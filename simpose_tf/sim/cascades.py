"""Cascaded shadow maps: which part of the sun's view each of up to four maps holds (SimPose sec. 5.1).

The light frame is the world turned so that z runs away from the sun: x and y are the map's plane. The four maps lie in
one texture, the atlas, in a grid of two by two.
"""

import functools
import itertools
from dataclasses import dataclass

import numpy as np

from simpose_tf.sim.scene import Camera

MAX_CASCADES = 4
GRID = 2  # maps along each side of the atlas
_SPLIT_MIX = 0.6  # practical split (Zhang et al. 2006): 1 logarithmic, 0 even
_NEAREST, _FARTHEST = 0.3, 60.0  # metres from the camera between which shadows are drawn
_LONGEST_SHADOW = 15.0  # metres
_BORDER = 4  # texels around each map, for the filter
_MARGIN = 0.05  # metres around the casters


@dataclass(frozen=True)
class Cascade:
    """One map.

    Attributes:
      end: camera depth in metres up to which it serves.
      low, high: `[3]` the box of the light frame that it holds; z is that of all casters.
      tile: its place in the atlas's grid (column, row).
      casters: which casters it holds.
    """

    end: float
    low: np.ndarray
    high: np.ndarray
    tile: tuple[int, int]
    casters: tuple[int, ...]


def light_from_world(to_sun: np.ndarray) -> np.ndarray:
    """Return the rotation `[3, 3]` into the light frame."""
    forward = -np.asarray(to_sun, float) / np.linalg.norm(to_sun)
    up = np.array([0.0, 1, 0]) if abs(forward[1]) < 0.99 else np.array([0.0, 0, 1])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(right, forward), forward])


def fit_cascades(
    camera: Camera, to_sun: np.ndarray, casters: list[np.ndarray], count: int, size: int
) -> tuple[Cascade, ...]:
    """Split the camera's depth range and fit a map to what each slice can show of the casters' shadows.

    Args:
      camera: the view.
      to_sun: `[3]` unit direction, above the horizon.
      casters: points `[N, 3]` of each thing that casts, world.
      count: number of cascades.
      size: side of a map in texels.

    Returns:
      At most `count` cascades, near ones first; slices without casters are left out.
    """
    if not casters:
        return ()
    turn = light_from_world(to_sun)
    columns = turn.T.astype(np.float32)
    boxes = np.array([[q.min(0), q.max(0)] for q in (points @ columns for points in casters)], float)
    near, far = _depth_range(camera, to_sun, casters)
    whole_low, whole_high = boxes[:, 0].min(0) - _MARGIN, boxes[:, 1].max(0) + _MARGIN
    starts = [0.0, *practical_split(near, far, count)]
    result = []
    for number, (start, end) in enumerate(itertools.pairwise(starts)):
        corners = _slice_corners(camera, start, end) @ turn.T
        low, high = np.maximum(corners.min(0), whole_low), np.minimum(corners.max(0), whole_high)
        low[2], high[2] = whole_low[2], whole_high[2]
        touching = np.all((boxes[:, 0, :2] <= high[:2]) & (boxes[:, 1, :2] >= low[:2]), axis=1)
        touching &= boxes[:, 0, 2] <= corners[:, 2].max()  # the others stand behind the slice, seen from the sun
        if np.all(low < high) and touching.any():
            low, high = _snapped(low, high, size)
            held = tuple(int(k) for k in np.flatnonzero(touching))
            result.append(Cascade(end, low, high, (number % GRID, number // GRID), held))
    return tuple(result)


def practical_split(near: float, far: float, count: int) -> list[float]:
    """Return where each of `count` slices ends: between an even and a logarithmic division of [near, far]."""
    share = np.arange(1, count + 1) / count
    ends = _SPLIT_MIX * near * (far / near) ** share + (1 - _SPLIT_MIX) * (near + (far - near) * share)
    return [float(end) for end in ends]


def _depth_range(camera: Camera, to_sun: np.ndarray, casters: list[np.ndarray]) -> tuple[float, float]:
    """Return the camera depths between which shadows may be seen: of casters and of their shadows' ends."""
    axis, shift = camera.camera_from_world[2, :3], camera.camera_from_world[2, 3]
    depths = []
    for points in casters:
        corners = np.stack(np.meshgrid(*zip(points.min(0), points.max(0), strict=True), indexing="ij"), -1)
        corners = corners.reshape(-1, 3)
        length = np.minimum(corners[:, 1] / max(to_sun[1], 1e-3), _LONGEST_SHADOW)
        depths += [corners @ axis + shift, (corners - length[:, None] * to_sun) @ axis + shift]
    everything = np.concatenate(depths)
    near = float(np.clip(everything.min(), _NEAREST, _FARTHEST))
    return near, float(np.clip(everything.max(), near + 0.1, _FARTHEST))


def _slice_corners(camera: Camera, start: float, end: float) -> np.ndarray:
    """Return the corners `[8, 3]` of the view between two depths, world."""
    x, y = np.meshgrid([0.0, camera.width], [0.0, camera.height])
    rays = np.stack([x, y, np.ones_like(x)], -1).reshape(-1, 3) @ np.linalg.inv(camera.intrinsics).T
    rotation, shift = camera.camera_from_world[:3, :3], camera.camera_from_world[:3, 3]
    return (np.concatenate([start * rays, end * rays]) - shift) @ rotation


def _snapped(low: np.ndarray, high: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the box with a border for the filter, its corner on a whole texel."""
    low, high = low.copy(), high.copy()
    texel = (high[:2] - low[:2]) / (size - 2 * _BORDER - 1)
    low[:2] = np.floor(low[:2] / texel - _BORDER) * texel
    high[:2] = low[:2] + size * texel
    return low, high


@functools.cache
def window(tile: tuple[int, int], size: int) -> tuple[float, float, float, float]:
    """Return where a fragment may look into the atlas: the tile without half of its border, x0, y0, x1, y1."""
    side, inset = 1 / GRID, 0.5 * _BORDER / (GRID * size)
    x, y = tile[0] * side, tile[1] * side
    return x + inset, y + inset, x + side - inset, y + side - inset
