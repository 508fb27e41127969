"""The 24 DensePose parts: ids, names, left/right partners, and how (part, u, v) changes under a mirror.

Notation: `part` (the I of IUV) is 0 for background and 1..24 for the parts; `u`, `v` in [0, 1] inside a part.
Ids and directions follow the official DensePose table:

| id      | part                      | u grows                 | v grows            |
|---------|---------------------------|-------------------------|--------------------|
| 1, 2    | torso back, front         | down                    | to the right side  |
| 3, 4    | right, left hand          | 3 to palm, 4 to back    | outward            |
| 5, 6    | left, right foot          | 5 to toes, 6 to heel    | to toes            |
| 7..10   | upper legs                | 7, 8 down; 9, 10 up     | 7, 8 outward; 9, 10 inward |
| 11..14  | lower legs                | 11, 12 up; 13, 14 down  | outward            |
| 15..18  | upper arms                | to the hand             | up                 |
| 19, 20  | lower arms, under         | to the elbow       | back and down      |
| 21, 22  | lower arms, over          | to the hand        | forward and up     |
| 23, 24  | right, left half of head  | 23 forward, 24 backward | up                 |
"""

import numpy as np

NUM_PARTS = 24
BACKGROUND = 0

# PART_NAMES[i] is the name of part i. The order of left and right changes between hands and feet and between
# legs and arms: that is the official order.
PART_NAMES = (
    "background",
    "torso_back",
    "torso_front",
    "right_hand",
    "left_hand",
    "left_foot",
    "right_foot",
    "right_upper_leg_back",
    "left_upper_leg_back",
    "right_upper_leg_front",
    "left_upper_leg_front",
    "right_lower_leg_back",
    "left_lower_leg_back",
    "right_lower_leg_front",
    "left_lower_leg_front",
    "left_upper_arm_front",
    "right_upper_arm_front",
    "left_upper_arm_back",
    "right_upper_arm_back",
    "left_lower_arm_under",
    "right_lower_arm_under",
    "left_lower_arm_over",
    "right_lower_arm_over",
    "right_head",
    "left_head",
)

# FLIP[i] is the part that part i becomes when the picture is mirrored.
FLIP = np.array([0, 1, 2, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15, 18, 17, 20, 19, 22, 21, 24, 23])

# Parts whose u (or v) runs the other way on the partner.
FLIP_U = np.isin(np.arange(NUM_PARTS + 1), [3, 4, 5, 6, 23, 24])
FLIP_V = np.isin(np.arange(NUM_PARTS + 1), [1, 2])

# One colour per part for drawing, uint8 RGB `[25, 3]`; partners share a hue, the right one is darker.
_HUES = {1: 0, 2: 1, 3: 2, 5: 3, 7: 4, 9: 5, 11: 6, 13: 7, 15: 8, 17: 9, 19: 10, 21: 11, 23: 12}


def _part_colors() -> np.ndarray:
    """Return `[25, 3]` uint8 colours from a golden-angle walk around the hue circle."""
    colors = np.zeros((NUM_PARTS + 1, 3))
    for part in range(1, NUM_PARTS + 1):
        hue = (_HUES[min(part, int(FLIP[part]))] * 0.381966) % 1.0
        rgb = np.clip(np.abs((hue * 6.0 + np.array([0.0, 4.0, 2.0])) % 6.0 - 3.0) - 1.0, 0.0, 1.0)
        value = 0.75 if "right" in PART_NAMES[part] else 1.0
        colors[part] = value * (0.25 + 0.75 * rgb)
    return np.round(255 * colors).astype(np.uint8)


PART_COLORS = _part_colors()


def flip_uv(part: np.ndarray, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (part, u, v) of the mirrored person at the mirrored place.

    Exact for the `open` reference. On the official table it holds within some hundredths, on the hands within a tenth;
    its own lookup (`UV_symmetry_transforms.mat`) is exact there.

    Args:
      part: integer array, 0..24.
      u: float array of the same shape, in [0, 1].
      v: float array of the same shape, in [0, 1].
    """
    return FLIP[part], np.where(FLIP_U[part], 1 - u, u), np.where(FLIP_V[part], 1 - v, v)
