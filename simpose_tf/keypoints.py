"""The 17 COCO keypoints: names, sigmas, left/right partners, skeleton."""

import numpy as np

NAMES = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
NUM_KEYPOINTS = len(NAMES)

# COCO visibility flags.
UNLABELLED, HIDDEN, VISIBLE = 0, 1, 2

# Standard deviations of the annotators, in units of the square root of a person's area (COCO keypoint
# evaluation; `pycocotools.cocoeval.Params.kpt_oks_sigmas`).
SIGMAS = np.array(
    [0.26, 0.25, 0.25, 0.35, 0.35, 0.79, 0.79, 0.72, 0.72, 0.62, 0.62, 1.07, 1.07, 0.87, 0.87, 0.89, 0.89]
) / np.float64(10.0)

# FLIP[k] is the keypoint that k becomes when the picture is mirrored.
FLIP = np.array([NAMES.index(n.replace("left", "*").replace("right", "left").replace("*", "right")) for n in NAMES])

# Pairs of keypoints that are drawn as limbs (COCO's `skeleton`, here counted from 0).
SKELETON = (
    (15, 13),
    (13, 11),
    (16, 14),
    (14, 12),
    (11, 12),
    (5, 11),
    (6, 12),
    (5, 6),
    (5, 7),
    (6, 8),
    (7, 9),
    (8, 10),
    (1, 2),
    (0, 1),
    (0, 2),
    (1, 3),
    (2, 4),
    (3, 5),
    (4, 6),
)


def flip(keypoints_xy: np.ndarray, visibility: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Mirror keypoints of a picture left to right.

    Args:
      keypoints_xy: `[..., 17, 2]` continuous pixel coordinates (pixel centres at +0.5).
      visibility: `[..., 17]` COCO flags.
      width: the picture's width in pixels.

    Returns:
      The mirrored coordinates and flags, left and right keypoints exchanged.
    """
    mirrored = np.array(keypoints_xy, copy=True)
    mirrored[..., 0] = width - mirrored[..., 0]
    return mirrored[..., FLIP, :], np.asarray(visibility)[..., FLIP]
