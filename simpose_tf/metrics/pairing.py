"""Who is whose: at most one detection for each person, and one person for each detection."""

import numpy as np


def best_pairs(similarity: np.ndarray, least: float = 0.0) -> np.ndarray:
    """Pair detections and people, the most similar pair first.

    Args:
      similarity: `[D, G]` of each detection and person, nan where it is not defined.
      least: pairs of this similarity or more are made; a similarity of 0 never makes a pair.

    Returns:
      int `[G]` each person's detection, -1 where none is left. Of equal pairs the first detection comes first.
    """
    similarity = np.nan_to_num(np.asarray(similarity, float))
    detections, people = similarity.shape
    detection_of, free = np.full(people, -1), np.ones(detections, bool)
    order = np.argsort(-similarity, axis=None, kind="stable")
    for detection, person in zip(*np.unravel_index(order, similarity.shape), strict=True):
        value = similarity[detection, person]
        if value <= 0 or value < least:
            break
        if free[detection] and detection_of[person] < 0:
            detection_of[person], free[detection] = detection, False
    return detection_of
