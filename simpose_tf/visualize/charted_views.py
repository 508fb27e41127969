"""Pictures of a charted mesh from one side: parts with iso-contours, seams, distances, the body beneath."""

from dataclasses import dataclass

import cv2
import numpy as np

from simpose_tf import charts
from simpose_tf.visualize import charted_lines
from simpose_tf.visualize.charted_mesh import ChartedMesh
from simpose_tf.visualize.contours import LEVELS, value_colors
from simpose_tf.visualize.orthographic import Camera, Raster, camera_on, rasterise

INK, WHITE, CUT, RIM = (35, 38, 45), (255, 255, 255), (37, 99, 168), (140, 146, 156)
JUNCTION = (200, 40, 40)
BODY, OUTSIDE = np.array([96, 155, 214.0]), np.array([214, 84, 60.0])
CLAY, LAYER = np.array([216, 217, 220.0]), np.array([236, 190, 110.0])
_HEAT = np.array([[228, 233, 238], [250, 222, 150], [242, 150, 70], [200, 50, 50], [92, 12, 60]], float)

# Direction of the light in the picture's frame (right, down, towards the viewer): from above, a little left.
_LIGHT = np.array([-0.35, -0.5, 0.79])


@dataclass(frozen=True)
class Shot:
    """A mesh from one side.

    Attributes:
      camera: the view.
      raster: what it shows.
      shade: `[H, W]` brightness, 0 off the mesh.
    """

    camera: Camera
    raster: Raster
    shade: np.ndarray


def shoot(camera: Camera, vertices: np.ndarray, faces: np.ndarray) -> Shot:
    """Return a mesh as a camera sees it, lit softly."""
    raster = rasterise(camera, vertices, faces)
    normal = raster.of_corners(vertex_normals(vertices, faces)[faces]) @ camera.axes.T
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-12)
    # Both sides are lit: a hem's inner side is seen too.
    normal *= np.where(normal[..., 2:] < 0, -1, 1)
    shade = 0.45 + 0.6 * np.clip(normal @ _LIGHT, 0, 1)
    return Shot(camera, raster, np.where(raster.mask, np.minimum(shade, 1), 0))


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return unit normals `[V, 3]`, means over the faces by area; 0 where there is no face."""
    corners = np.asarray(vertices, float)[faces]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.stack([np.bincount(faces.ravel(), np.repeat(cross[:, k], 3), len(vertices)) for k in range(3)], 1)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-30)


def parts_picture(charted: ChartedMesh, shot: Shot) -> np.ndarray:
    """Return uint8 `[H, W, 3]`: parts in their colours, u as dark lines and v as white ones at every 0.1."""
    picture = _painted(shot, charts.PART_COLORS[charted.part][shot.raster.face].astype(float))
    lines = picture.copy()
    for axis, color in ((0, INK), (1, WHITE)):
        for level in LEVELS:
            _draw_level(lines, charted, shot, axis, level, color)
    return cv2.addWeighted(picture, 0.3, lines, 0.7, 0)


def value_picture(charted: ChartedMesh, shot: Shot, axis: int) -> np.ndarray:
    """Return uint8 `[H, W, 3]`: iso-contours of u (axis 0) or v (1), coloured by their value, and part borders."""
    picture = clay_picture(shot)
    _draw_seen(picture, shot, charted.seams.borders, INK, 1)
    for level in LEVELS:
        color = value_colors(np.array(level))
        _draw_level(picture, charted, shot, axis, level, tuple(int(c) for c in color), 2)
    return picture


def seams_picture(charted: ChartedMesh, shot: Shot) -> np.ndarray:
    """Return uint8 `[H, W, 3]`: borders between parts, cuts inside them, ends of the mesh, junctions."""
    pale = 0.55 * charts.PART_COLORS[charted.part][shot.raster.face] + 0.45 * 255
    picture = _painted(shot, pale)
    draw_seams(picture, charted, shot, 3)
    return picture


def draw_seams(picture: np.ndarray, charted: ChartedMesh, shot: Shot, thickness: int) -> None:
    """Draw the visible seams and junctions into a picture."""
    seams = charted.seams
    _draw_seen(picture, shot, seams.rims, RIM, 1)
    _draw_seen(picture, shot, seams.borders, INK, thickness)
    _draw_seen(picture, shot, seams.cuts, CUT, thickness)
    spokes = seams.spokes.take(charted_lines.visible(shot.camera, shot.raster, seams.spokes))
    junctions = np.unique(spokes.ends[:, 0], axis=0)
    charted_lines.draw_dots(picture, shot.camera, junctions, JUNCTION, 1.2 + thickness)


def distance_picture(charted: ChartedMesh, shot: Shot, most: float) -> np.ndarray:
    """Return uint8 `[H, W, 3]`: the distance to the reference, `most` metres or more at the scale's end."""
    if charted.distance is None:
        raise ValueError("no distances to draw")
    share = np.clip(shot.raster.of_corners(np.asarray(charted.distance)[charted.faces]) / most, 0, 1)
    return _painted(shot, heat_colors(share).astype(float))


def heat_colors(share: np.ndarray) -> np.ndarray:
    """Return the colours uint8 `[..., 3]` of shares in [0, 1] of a scale: from pale over yellow and red to dark."""
    place = np.linspace(0, 1, len(_HEAT))
    channels = [np.interp(share, place, _HEAT[:, k]) for k in range(3)]
    return np.round(np.stack(channels, -1)).astype(np.uint8)


def layers_picture(charted: ChartedMesh, shot: Shot) -> np.ndarray:
    """Return uint8 `[H, W, 3]`: layers over the body in ochre, all else in grey."""
    if charted.layer is None:
        raise ValueError("no layers to draw")
    return _painted(shot, np.where(charted.layer[shot.raster.face][..., None], LAYER, CLAY))


def body_picture(shot: Shot, body: Shot) -> np.ndarray:
    """Return uint8 `[H, W, 3]`: the body through the mesh, blue beneath and red where it comes out of it."""
    picture = _painted(shot, np.broadcast_to(CLAY, (*shot.shade.shape, 3)))
    with np.errstate(invalid="ignore"):  # neither is there
        out = body.raster.mask & ~(body.raster.depth - shot.raster.depth < 0.002)
    through = body.shade[..., None] * np.where(out[..., None], OUTSIDE, BODY)
    opacity = np.where(out, 0.9, 0.62)[..., None] * body.raster.mask[..., None]
    return np.round((1 - opacity) * picture + opacity * through).astype(np.uint8)


def clay_picture(shot: Shot) -> np.ndarray:
    """Return uint8 `[H, W, 3]`: the mesh in light grey on white."""
    return _painted(shot, np.broadcast_to(CLAY, (*shot.shade.shape, 3)))


def whole_camera(charted: ChartedMesh, axes: np.ndarray, size: int) -> Camera:
    """Return the camera on a whole mesh and its body; its longest extent is `size` pixels, whatever the side."""
    points = np.asarray(charted.vertices, float)[np.unique(charted.faces)]
    if charted.body is not None:
        points = np.concatenate([points, charted.body.vertices])
    longest = float((points.max(0) - points.min(0)).max())
    return camera_on(points, axes, size / longest, 0.01 * longest)


def _painted(shot: Shot, colors: np.ndarray) -> np.ndarray:
    mask = shot.raster.mask[..., None]
    return np.where(mask, np.round(shot.shade[..., None] * colors), 255).astype(np.uint8)


def _draw_level(
    picture: np.ndarray,
    charted: ChartedMesh,
    shot: Shot,
    axis: int,
    level: float,
    color: tuple[int, ...],
    thickness: int = 1,
) -> None:
    lines = charted_lines.iso_segments(charted.vertices, charted.faces, charted.uv[..., axis], level)
    _draw_seen(picture, shot, lines, color, thickness)


def _draw_seen(
    picture: np.ndarray, shot: Shot, lines: charted_lines.Segments, color: tuple[int, ...], thickness: int
) -> None:
    seen = lines.take(charted_lines.visible(shot.camera, shot.raster, lines))
    charted_lines.draw(picture, shot.camera, seen, color, thickness)  # type: ignore[arg-type]
