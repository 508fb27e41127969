"""Rotations, cameras, boxes and crop transforms.

Frames. Images: x right, y down, pixel centres at +0.5 in continuous coordinates. World: x right, y up, metres.
Camera: x right, y down, z away from the camera. `a_from_b` is the matrix that takes coordinates in b to a.
Boxes are `yxyx` in continuous pixels.
"""

import numpy as np


def rotation_about(axis: np.ndarray, angle: np.ndarray | float) -> np.ndarray:
    """Return the rotation matrices about unit axes (Rodrigues' formula).

    Args:
      axis: `[..., 3]` unit vectors.
      angle: `[...]` radians, right-handed.

    Returns:
      `[..., 3, 3]` matrices that act on column vectors.
    """
    x, y, z = np.moveaxis(np.asarray(axis, float), -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([np.stack([zero, -z, y], -1), np.stack([z, zero, -x], -1), np.stack([-y, x, zero], -1)], -2)
    angle = np.asarray(angle, float)[..., None, None]
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)


def rotation_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the smallest rotation `[3, 3]` that turns direction `a` into direction `b` (both `[3]`)."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    axis, cosine = np.cross(a, b), float(np.clip(a @ b, -1, 1))
    sine = np.linalg.norm(axis)
    if sine < 1e-9:
        if cosine > 0:
            return np.eye(3)
        axis = np.cross(a, np.eye(3)[np.argmin(np.abs(a))])
        return rotation_about(axis / np.linalg.norm(axis), np.pi)
    return rotation_about(axis / sine, np.arctan2(sine, cosine))


def intrinsics(height: int, width: int, vertical_fov_deg: float) -> np.ndarray:
    """Return the `[3, 3]` pinhole matrix with the principal point in the picture's middle and square pixels."""
    focal = 0.5 * height / np.tan(np.radians(vertical_fov_deg) / 2)
    return np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])


def look_at(eye: np.ndarray, target: np.ndarray, roll: float = 0.0) -> np.ndarray:
    """Return `camera_from_world` `[4, 4]` of a camera at `eye` that looks at `target` (world, y up).

    `roll` in radians turns the camera clockwise about its viewing direction.
    """
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    rotation = rotation_about(np.array([0.0, 0.0, 1.0]), -roll) @ rotation
    camera_from_world = np.eye(4)
    camera_from_world[:3, :3] = rotation
    camera_from_world[:3, 3] = -rotation @ eye
    return camera_from_world


def transform_points(a_from_b: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Apply an affine `[D, D+1]` or `[D+1, D+1]` matrix to points `[..., D]`."""
    dim = points.shape[-1]
    return points @ a_from_b[:dim, :dim].T + a_from_b[:dim, dim]


def project(intrinsics_: np.ndarray, points_camera: np.ndarray) -> np.ndarray:
    """Project camera-frame points `[..., 3]` to continuous pixel coordinates `[..., 2]` (x, y)."""
    image = points_camera @ intrinsics_.T
    return image[..., :2] / image[..., 2:]


def box_xywh_from_yxyx(box_yxyx: np.ndarray) -> np.ndarray:
    """Return COCO `[..., 4]` (x, y, width, height) of boxes (ymin, xmin, ymax, xmax)."""
    ymin, xmin, ymax, xmax = np.moveaxis(np.asarray(box_yxyx), -1, 0)
    return np.stack([xmin, ymin, xmax - xmin, ymax - ymin], -1)


def box_yxyx_from_xywh(box_xywh: np.ndarray) -> np.ndarray:
    """Return `[..., 4]` (ymin, xmin, ymax, xmax) of COCO boxes (x, y, width, height)."""
    x, y, width, height = np.moveaxis(np.asarray(box_xywh), -1, 0)
    return np.stack([y, x, y + height, x + width], -1)


def clip_box(box_yxyx: np.ndarray, height: float, width: float) -> np.ndarray:
    """Clip boxes `[..., 4]` to a picture of the given size."""
    return np.clip(box_yxyx, 0, np.array([height, width, height, width], float))


def extend_box(box_yxyx: np.ndarray, aspect: float, enlargement: float = 1.0) -> np.ndarray:
    """Extend a box about its centre to an aspect, then enlarge it; it is never stretched (G-RMI sec. 3.2).

    Args:
      box_yxyx: `[..., 4]`.
      aspect: height / width of the crop.
      enlargement: factor on both sides afterwards.
    """
    ymin, xmin, ymax, xmax = np.moveaxis(np.asarray(box_yxyx, float), -1, 0)
    height = np.maximum(ymax - ymin, (xmax - xmin) * aspect) * enlargement
    width = height / aspect
    cy, cx = (ymin + ymax) / 2, (xmin + xmax) / 2
    return np.stack([cy - height / 2, cx - width / 2, cy + height / 2, cx + width / 2], -1)


def crop_from_image(box_yxyx: np.ndarray, crop_height: int, crop_width: int) -> np.ndarray:
    """Return the `[3, 3]` affine that takes image coordinates to those of the crop of a box `[4]`."""
    ymin, xmin, ymax, xmax = np.asarray(box_yxyx, float)
    sx, sy = crop_width / (xmax - xmin), crop_height / (ymax - ymin)
    return np.array([[sx, 0, -sx * xmin], [0, sy, -sy * ymin], [0, 0, 1.0]])


def flip_normals(normals: np.ndarray) -> np.ndarray:
    """Return the normals `[..., 3]` of a picture mirrored left to right (x changes sign)."""
    return normals * np.array([-1, 1, 1], normals.dtype)
