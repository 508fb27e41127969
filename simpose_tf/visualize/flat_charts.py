"""Pictures of charts as they lie in the uv square: their triangles, coloured by stretch."""

import cv2
import numpy as np

from simpose_tf.surface import distortion
from simpose_tf.visualize.charted_mesh import ChartedMesh
from simpose_tf.visualize.orthographic import Camera

# The square's margin, of its side.
_MARGIN = 0.03

# What is drawn is this much finer than the picture.
_FINER = 2

# cv2's fixed point: coordinates are given in 1/16 pixel.
_SHIFT = 4

_MISSING, _WIRE, _FOLD, _FRAME = (226, 228, 232), (70, 74, 84), (214, 0, 110), (150, 155, 165)

# Stretch at the ends of the colour scale: a quarter (blue), 1 (white), four (red).
STRETCH_RANGE = 4.0
_COLORS = np.array([[45, 88, 160], [150, 187, 226], [250, 250, 250], [244, 170, 124], [178, 40, 44]], float)


def stretch_colors(stretch: np.ndarray) -> np.ndarray:
    """Return the colours uint8 `[..., 3]` of stretches: blue below 1, white at 1, red above; a logarithmic scale."""
    place = np.clip(np.log(np.maximum(stretch, 1e-9)) / np.log(STRETCH_RANGE), -1, 1)
    channels = [np.interp(place, np.linspace(-1, 1, len(_COLORS)), _COLORS[:, k]) for k in range(3)]
    return np.round(np.stack(channels, -1)).astype(np.uint8)


def face_stretch(charted: ChartedMesh, chosen: np.ndarray) -> np.ndarray:
    """Return the stretch `[N]` of some faces, 1 where a face has its fair share of the chart.

    A face's is the root mean square of its singular values (Sander et al. 2001) times the square root of the
    chart's uv area over its area in space. Faces without uv area have infinity.
    """
    corners = np.asarray(charted.vertices, float)[charted.faces[chosen]]
    uv, area = np.asarray(charted.uv[chosen], float), charted.areas[chosen]
    uv_area = np.abs(distortion.signed_uv_areas(uv))
    stretch, sound = np.full(len(uv), np.inf), uv_area > distortion.FLAT
    s1, s2 = distortion.singular_values(corners[sound], uv[sound])
    stretch[sound] = np.sqrt((s1**2 + s2**2) / 2 * uv_area[sound].sum() / max(area.sum(), 1e-30))
    return stretch


def chart_picture(charted: ChartedMesh, part: int, size: int) -> np.ndarray:
    """Return a chart as uint8 `[size, size, 3]`, u to the right and v up.

    Triangles are coloured by stretch, folded ones are magenta; what the reference's chart covers and the mesh's does
    not is grey. Layers lie beneath what is no layer.
    """
    side = size * _FINER
    camera = _square(side)
    picture = np.full((side, side, 3), 255, np.uint8)
    if charted.body is not None:
        covered = _triangles(camera, np.asarray(charted.body.uv[charted.body.part == part], float))
        _fill(picture, covered, np.tile(_MISSING, (len(covered), 1)))
    chosen = np.flatnonzero(charted.part == part)
    if len(chosen):
        _draw_faces(picture, camera, charted, chosen)
    low, high = (np.round(camera.project(np.array([[c, c, 0]]))[0, :2]).astype(int) for c in (0, 1))
    cv2.rectangle(picture, low.tolist(), high.tolist(), _FRAME, 1)
    return cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)


def _square(side: int) -> Camera:
    scale = side * (1 - 2 * _MARGIN)
    return Camera(np.diag([1.0, -1.0, 1.0]), scale, np.array([side * _MARGIN, side * (1 - _MARGIN)]), side, side)


def _triangles(camera: Camera, uv: np.ndarray) -> np.ndarray:
    """Return uv triangles `[N, 3, 2]` as OpenCV draws them, int32 in 1/16 pixel from the first pixel's centre."""
    # What lies far off the square, or nowhere, is drawn at its rim.
    uv = np.clip(np.nan_to_num(uv, nan=-1), -_MARGIN, 1 + _MARGIN)
    points = camera.project(np.concatenate([uv, np.zeros((*uv.shape[:2], 1))], 2))[..., :2]
    return np.round((points - 0.5) * (1 << _SHIFT)).astype(np.int32)


def _fill(picture: np.ndarray, triangles: np.ndarray, colors: np.ndarray) -> None:
    """Fill triangles `[N, 3, 2]`, one after the other, with colours `[N, 3]`."""
    for triangle, color in zip(triangles, colors.tolist(), strict=True):
        cv2.fillConvexPoly(picture, triangle, color, cv2.LINE_8, _SHIFT)


def _draw_faces(picture: np.ndarray, camera: Camera, charted: ChartedMesh, chosen: np.ndarray) -> None:
    """Draw some faces of one chart with their edges."""
    layer = np.zeros(len(chosen), bool) if charted.layer is None else charted.layer[chosen]
    chosen = chosen[np.argsort(~layer, kind="stable")]
    triangles = _triangles(camera, np.asarray(charted.uv[chosen], float))
    _fill(picture, triangles, stretch_colors(face_stretch(charted, chosen)))
    wire, shown = picture.copy(), triangles if layer.all() else triangles[layer.sum() :]
    cv2.polylines(wire, list(shown), True, _WIRE, 1, cv2.LINE_AA, _SHIFT)
    # Dense charts would drown in their edges.
    opacity = float(np.clip(0.55 * np.sqrt(1200 / len(shown)), 0.12, 0.55))
    picture[:] = cv2.addWeighted(picture, 1 - opacity, wire, opacity, 0)
    folded = distortion.folded_faces(charted.part, charted.uv) if charted.folds is None else charted.folds
    for triangle in triangles[folded[chosen]]:
        cv2.fillConvexPoly(picture, triangle, _FOLD, cv2.LINE_AA, _SHIFT)
        cv2.polylines(picture, [triangle], True, _FOLD, 3, cv2.LINE_AA, _SHIFT)
