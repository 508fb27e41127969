"""Who is who from frame to frame: people are linked by where they are and how they stand.

As in SORT (Bewley et al. 2016): a track goes on where its motion points, pairs are chosen all at once (Hungarian
method). Likeness is the mean of the boxes' IoU and the poses' OKS.
# not in the paper, which knows single pictures only; so are all numbers here.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from simpose_tf.inference import nms
from simpose_tf.inference.people import PredictedPerson
from simpose_tf.inference.smoothing import OneEuro

# Less alike are two people. A box IoU of .5 alone suffices, or half of each.
_SAME = 0.25

# Whoever is not seen for so many seconds comes back as somebody else.
_REMEMBERED = 1.0

# The weight of the newest step in a track's velocity.
_NEWEST = 0.5


@dataclass(frozen=True)
class TrackedPerson:
    """A person of a frame, and the number of the track, from 1: the same person has the same one in all frames."""

    person: PredictedPerson
    track: int


@dataclass
class _Track:
    """Where somebody was last: number, time in seconds, box `[4]`, keypoints `[17,2]`, velocity `[2]` xy a second."""

    number: int
    time: float
    box_yxyx: np.ndarray
    keypoints: np.ndarray
    velocity: np.ndarray
    smooth_box: OneEuro | None
    smooth_keypoints: OneEuro | None

    def at(self, time: float) -> tuple[np.ndarray, np.ndarray]:
        """Return box and keypoints where they are awaited at a time."""
        shift = self.velocity * (time - self.time)
        return self.box_yxyx + np.tile(shift[::-1], 2), self.keypoints + shift

    def take(self, time: float, person: PredictedPerson) -> None:
        """Note where the person is now."""
        if time > self.time:
            moved = (_middle(person.box_yxyx) - _middle(self.box_yxyx)) / (time - self.time)
            self.velocity = self.velocity + _NEWEST * (moved - self.velocity)
        self.time, self.box_yxyx, self.keypoints = time, person.box_yxyx, person.keypoints[:, :2]


class Tracker:
    """Numbers the people of a video's frames, and steadies them if asked to."""

    def __init__(self, smooth: float = 0.0) -> None:
        """Start with nobody; `smooth` is the filter's time constant in seconds (`smoothing`), 0: people stay."""
        self._smooth, self._tracks, self._count = smooth, [], 0  # type: float, list[_Track], int

    def __call__(self, time: float, found: list[PredictedPerson]) -> list[TrackedPerson]:
        """Return the people of the next frame, in their order, with their tracks.

        Args:
          time: of the frame, seconds.
          found: its people.
        """
        self._tracks = [track for track in self._tracks if time - track.time <= _REMEMBERED]
        linked = self._link(time, found)
        return [self._take(time, person, linked.get(place)) for place, person in enumerate(found)]

    def _link(self, time: float, found: list[PredictedPerson]) -> dict[int, _Track]:
        """Return whose track each person goes on with: place -> track; those who are new are left out."""
        if not found or not self._tracks:
            return {}
        alike = np.stack([_likeness(*track.at(time), found) for track in self._tracks])
        pairs = zip(*linear_sum_assignment(alike, maximize=True), strict=True)
        return {place: self._tracks[track] for track, place in pairs if alike[track, place] >= _SAME}

    def _take(self, time: float, person: PredictedPerson, track: _Track | None) -> TrackedPerson:
        """Put a person on its track, or on a new one; return it, steadied."""
        if track is None:
            self._count += 1
            smooth = (OneEuro(self._smooth), OneEuro(self._smooth)) if self._smooth else (None, None)
            points = person.keypoints[:, :2]
            track = _Track(self._count, time, person.box_yxyx, points, np.zeros(2), *smooth)
            self._tracks.append(track)
        track.take(time, person)
        return TrackedPerson(_steadied(time, person, track), track.number)


def _steadied(time: float, person: PredictedPerson, track: _Track) -> PredictedPerson:
    """Return a person with the box and keypoints of the track's filters."""
    if track.smooth_box is None or track.smooth_keypoints is None:
        return person
    size = float(np.sqrt(np.prod(person.box_yxyx[2:] - person.box_yxyx[:2])))
    box = track.smooth_box(time, np.asarray(person.box_yxyx, float).reshape(2, 2), size).reshape(4)
    xy = track.smooth_keypoints(time, person.keypoints[:, :2], size)
    return replace(person, box_yxyx=box, keypoints=np.concatenate([xy, person.keypoints[:, 2:]], axis=1))


def _likeness(box_yxyx: np.ndarray, keypoints: np.ndarray, found: list[PredictedPerson]) -> np.ndarray:
    """Return how alike somebody and each of the people found are, `[N]` in [0, 1]."""
    boxes = np.stack([person.box_yxyx for person in found])
    poses = np.stack([person.keypoints[:, :2] for person in found])
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    area = np.prod(box_yxyx[2:] - box_yxyx[:2])
    return (nms.box_iou(box_yxyx, boxes) + nms.pose_oks(keypoints, poses, (area + areas) / 2)) / 2


def _middle(box_yxyx: np.ndarray) -> np.ndarray:
    """Return the middle x, y of a box."""
    return ((box_yxyx[:2] + box_yxyx[2:]) / 2)[::-1]
