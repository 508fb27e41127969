"""A server's answers as people. Numpy only.

`serving_default` and `image` (`serving.signatures`) fill the people of several pictures up to the same number.
"""

import numpy as np

from simpose_tf.inference import people
from simpose_tf.inference.people import PredictedPerson

# What `people_of` reads.
OUTPUTS = ("num_people", "boxes", "score", "keypoints", "windows", "mask", "part", "uv", "normal", "confidence")

# Where people are, without the dense answers: a few hundred bytes a person instead of megabytes.
KEYPOINT_OUTPUTS = ("num_people", "boxes", "box_scores", "score", "keypoints")

_PER_PICTURE = ("num_people", "size")


def of_pictures(answer: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Return the answers for each picture of a request, `[N,...]` for its own N people; `size` `[2]` as it is.

    Args:
      answer: with `num_people`.
    """
    pictures = []
    for place, count in enumerate(answer["num_people"]):
        pictures.append({n: v[place] if n in _PER_PICTURE else v[place, :count] for n, v in answer.items()})
    return pictures


def people_of(found: dict[str, np.ndarray]) -> list[PredictedPerson]:
    """Return the people of one picture of `of_pictures`, which holds `OUTPUTS`."""
    doubles = {name: found[name].astype(float) for name in ("boxes", "keypoints", "windows")}
    return people.of_answer(found | doubles, doubles["boxes"])
