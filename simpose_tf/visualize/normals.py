"""Surface normals as colours.

Data files keep the camera frame (x right, y down, z away): `encode`. Drawings show the usual look of normal
maps, red to the right, green up, blue towards the viewer: `color_normals`.
"""

import numpy as np

# Values that are coded at once: large pictures go strip by strip.
_STRIP_VALUES = 1 << 22


def encode(normal: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return uint8 `[H,W,3]` of (n + 1) / 2 * 255, channels x, y, z (camera frame); (0, 0, 0) off the mask.

    Args:
      normal: `[H,W,3]` unit normals, camera frame.
      mask: bool or {0, 1} `[H,W]`.
    """
    return _levels(normal, mask, np.ones(3, np.float32))


def _levels(normal: np.ndarray, mask: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Return `encode` of normals whose channels are multiplied by `signs` `[3]`, at no cost off the mask."""
    levels = np.zeros(normal.shape, np.uint8)
    strips = max(-(-levels.size // _STRIP_VALUES), 1)
    for into, n, inside in zip(
        *(np.array_split(a, strips) for a in (levels, normal, np.asarray(mask) > 0)), strict=True
    ):
        into[inside] = np.round((np.clip(n[inside] * signs, -1, 1) + 1) * 127.5)
    return levels


def decode(encoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the unit normals float32 `[H,W,3]` and the mask bool `[H,W]` of what `encode` gave."""
    # No unit vector is encoded as (0, 0, 0): that would be (-1, -1, -1).
    mask = np.any(encoded > 0, axis=-1)
    normal = encoded.astype(np.float32) / np.float32(127.5) - 1
    length = np.linalg.norm(normal, axis=-1, keepdims=True)
    return np.where(mask[..., None], normal / np.maximum(length, 1e-6), 0).astype(np.float32), mask


def color_normals(normal: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return uint8 `[H,W,3]` RGB to look at: red to the right, green up, blue to us; black off the mask."""
    return _levels(normal, mask, np.array([1, -1, -1], np.float32))
