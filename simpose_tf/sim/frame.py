"""What is the same in all of a picture, packed for the shaders: the uniform block of `shaders/frame.glsl`."""

import numpy as np

from simpose_tf.sim import cascades
from simpose_tf.sim.cascades import GRID, MAX_CASCADES, Cascade
from simpose_tf.sim.scene import Camera, Light

NUM_BYTES = 4 * (3 * 16 + 4 * (3 + 9 + 3 * MAX_CASCADES + 1 + 1))
FAR = 200.0  # metres: the far plane
_NEAR = (0.1, 0.5)  # metres: between which the near plane moves with the nearest person


def clip_from_camera(camera: Camera, near: float) -> np.ndarray:
    """Return the `[4, 4]` OpenGL projection of a pinhole camera (x right, y down, z away)."""
    (fx, _, cx), (_, fy, cy), _ = camera.intrinsics
    matrix = np.zeros((4, 4))
    matrix[0, 0], matrix[0, 2] = 2 * fx / camera.width, 2 * cx / camera.width - 1
    matrix[1, 1], matrix[1, 2] = -2 * fy / camera.height, 1 - 2 * cy / camera.height
    matrix[2, 2], matrix[2, 3] = (FAR + near) / (FAR - near), -2 * FAR * near / (FAR - near)
    matrix[3, 2] = 1
    return matrix


def near_plane(camera: Camera, nearest: float) -> float:
    """Return a near plane before everything, as far away as may be: depths are finer so."""
    return float(np.clip(0.9 * nearest, *_NEAR))


def eye(camera: Camera) -> np.ndarray:
    """Return where the camera stands, `[3]` in the world."""
    return -camera.camera_from_world[:3, :3].T @ camera.camera_from_world[:3, 3]


def atlas_from_light(cascade: Cascade) -> tuple[np.ndarray, np.ndarray]:
    """Return scale and offset `[3]` from the light frame to the cascade's tile of the atlas and depth [0, 1]."""
    scale = 1 / (cascade.high - cascade.low)
    offset = -cascade.low * scale
    scale[:2], offset[:2] = scale[:2] / GRID, (offset[:2] + cascade.tile) / GRID
    return scale, offset


def pack(
    camera: Camera, light: Light, near: float, maps: tuple[Cascade, ...], map_size: int, contact: np.ndarray
) -> bytes:
    """Return the bytes of the block `Frame` (std140).

    Args:
      camera: the view.
      light: sun and environment.
      near: the near plane, metres.
      maps: the cascades; none where there is no sun.
      map_size: side of a cascade's map in texels.
      contact: `[4]` world x, z -> map of contacts: scale, offset.
    """
    scale, offset = np.zeros((MAX_CASCADES, 4)), np.zeros((MAX_CASCADES, 4))
    windows = np.tile([2.0, 2.0, -2.0, -2.0], (MAX_CASCADES, 1))  # nothing lies inside
    end = np.full(MAX_CASCADES, np.inf)
    for number, cascade in enumerate(maps):
        scale[number, :3], offset[number, :3] = atlas_from_light(cascade)
        scale[number, 3] = float(np.max(cascade.high[:2] - cascade.low[:2])) / map_size
        windows[number] = cascades.window(cascade.tile, map_size)
        end[number] = cascade.end
    end[max(len(maps) - 1, 0) :] = 1e9  # the last one serves all that is farther
    rotation = np.eye(4)
    rotation[:3, :3] = cascades.light_from_world(light.to_sun)
    matrices = (clip_from_camera(camera, near) @ camera.camera_from_world, camera.camera_from_world, rotation)
    vectors = [_vector(v) for v in (eye(camera), light.to_sun, light.sun_color, *light.irradiance)]
    rows = [*(m.T.reshape(-1) for m in matrices), *vectors, scale, offset, windows, end, contact]
    return np.concatenate([np.ravel(row) for row in rows]).astype(np.float32).tobytes()


def _vector(values: np.ndarray) -> np.ndarray:
    return np.append(np.asarray(values, float), 0.0)
