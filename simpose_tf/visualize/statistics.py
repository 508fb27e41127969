"""What a data set of people is like, as counts of bounded size: what `statistics_page` shows.

Frames as in the records: pixels x right, y down; normals x right, y down, z away from the camera.
"""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from simpose_tf import charts, keypoints

UV_CELLS = 32  # cells along each side of a chart's square
NORMAL_CELLS = 48  # cells along the diameter of the disc of normals
TILT_BINS = 18  # of 5 degrees each
PLACE_CELLS = 20  # cells along each side of the picture
CLOUD_CELLS = 64  # cells along each side of the square of keypoints
CLOUD_REACH = 3.0  # half of that square's side, in a person's size
SHARE_BINS = 11  # none, then (0, 10 %], (10, 20 %], ... (90, 100 %]
EDGES = ("left", "top", "right", "bottom")

# COCO's areas in pixels of the picture: small is below 32^2, large from 96^2 on.
COCO_SIZES = ("small", "medium", "large")
COCO_AREAS = (32.0**2, 96.0**2)


def _counts(*shape: int) -> Callable[[], np.ndarray]:
    """Return what makes an array of counts."""
    return lambda: np.zeros(shape, np.int64)


def _sums(*shape: int) -> Callable[[], np.ndarray]:
    """Return what makes an array of sums."""
    return lambda: np.zeros(shape)


@dataclass
class Cloud:
    """Where the keypoints of people lie relative to the middle of the hips, in units of the person's size.

    People seen from behind are mirrored, so that their left is at our right, as if they faced us.
    `count` `[17]` people; `total` `[17, 2]` sum of (x, y); `outer` `[17, 2, 2]` sum of (x, y)^T (x, y).
    """

    count: np.ndarray = field(default_factory=_counts(keypoints.NUM_KEYPOINTS))
    total: np.ndarray = field(default_factory=_sums(keypoints.NUM_KEYPOINTS, 2))
    outer: np.ndarray = field(default_factory=_sums(keypoints.NUM_KEYPOINTS, 2, 2))

    def mean(self) -> np.ndarray:
        """Return the mean place `[17, 2]`; NaN for a keypoint that nobody has."""
        return np.where(self.count[:, None] > 0, self.total / np.maximum(self.count, 1)[:, None], np.nan)

    def covariance(self) -> np.ndarray:
        """Return the covariance `[17, 2, 2]` of the places."""
        mean = self.mean()
        return self.outer / np.maximum(self.count, 1)[:, None, None] - mean[:, :, None] * mean[:, None, :]


@dataclass
class Statistics:
    """Counts over people.

    Attributes:
      people: all of them; `dense`: those with parts, u and v.
      domains, sources, figures, poses: people by domain (0 real, 1 simulated), source, figure and pose (without the
        empty name).
      pictures: people by picture: (source, seed, image id).
      record_heights, picture_heights: people by the height of their box, whole pixels of record and picture.
      sizes: `[3]` people by COCO's size of their mask; people without a mask are in none.
      facing, behind: people in the clouds that face us or turn their back to us.
      visibility: `[17, 3]` people by keypoint and COCO flag (off or unlabelled, hidden, visible).
      visible: `[18]` people by their number of visible keypoints.
      hidden_shares: `[SHARE_BINS]` people by the share of their labelled keypoints that is hidden.
      others_shares: `[SHARE_BINS]` people by the share of their box that other people cover.
      edges: `[4]` people whose box touches an edge of the picture (`EDGES`); `cut`: any edge.
      places: `[PLACE_CELLS, PLACE_CELLS]` people by the middle of their box in the picture, rows from the top.
      part_pixels, part_people: `[25]` pixels of a part, and people that show it; [0] stays 0.
      chart_cells: `[24, UV_CELLS, UV_CELLS]` pixels by part - 1, v and u.
      normal_cells: `[NORMAL_CELLS, NORMAL_CELLS]` pixels by the place of their normal on the disc (`on_disc`), rows
        from the top; `normals_away`: pixels whose normal is more than 90 degrees off the camera.
      tilts: `[TILT_BINS]` pixels by the angle between normal and viewing direction, 5 degrees a bin.
      clouds: family of poses (empty if it has no name) -> where keypoints lie.
      cloud_cells: `[17, CLOUD_CELLS, CLOUD_CELLS]` people by keypoint and place, rows from the top.
    """

    people: int = 0
    dense: int = 0
    domains: Counter = field(default_factory=Counter)
    sources: Counter = field(default_factory=Counter)
    figures: Counter = field(default_factory=Counter)
    poses: Counter = field(default_factory=Counter)
    pictures: Counter = field(default_factory=Counter)
    record_heights: Counter = field(default_factory=Counter)
    picture_heights: Counter = field(default_factory=Counter)
    sizes: np.ndarray = field(default_factory=_counts(3))
    visibility: np.ndarray = field(default_factory=_counts(keypoints.NUM_KEYPOINTS, 3))
    visible: np.ndarray = field(default_factory=_counts(keypoints.NUM_KEYPOINTS + 1))
    hidden_shares: np.ndarray = field(default_factory=_counts(SHARE_BINS))
    others_shares: np.ndarray = field(default_factory=_counts(SHARE_BINS))
    edges: np.ndarray = field(default_factory=_counts(4))
    cut: int = 0
    facing: int = 0
    behind: int = 0
    places: np.ndarray = field(default_factory=_counts(PLACE_CELLS, PLACE_CELLS))
    part_pixels: np.ndarray = field(default_factory=_counts(charts.NUM_PARTS + 1))
    part_people: np.ndarray = field(default_factory=_counts(charts.NUM_PARTS + 1))
    chart_cells: np.ndarray = field(default_factory=_counts(charts.NUM_PARTS, UV_CELLS, UV_CELLS))
    normal_cells: np.ndarray = field(default_factory=_counts(NORMAL_CELLS, NORMAL_CELLS))
    normals_away: int = 0
    tilts: np.ndarray = field(default_factory=_counts(TILT_BINS))
    clouds: dict[str, Cloud] = field(default_factory=dict)
    cloud_cells: np.ndarray = field(default_factory=_counts(keypoints.NUM_KEYPOINTS, CLOUD_CELLS, CLOUD_CELLS))


def family_of(pose: str) -> str:
    """Return the family of a pose: `walk` of `walk-0017`."""
    return pose.rsplit("-", 1)[0]


def on_disc(normals: np.ndarray) -> np.ndarray:
    """Return where unit normals `[N, 3]` that face the camera lie on the unit disc: `[N, 2]`, x right, y down.

    Lambert's projection: equal areas for equal solid angles; the middle looks at us, the rim is seen edge-on.
    """
    return normals[:, :2] / np.sqrt(np.maximum(1 - normals[:, 2:], 1e-12))


def percentiles(heights: Counter, shares: Iterable[float]) -> np.ndarray:
    """Return percentiles of counted numbers."""
    values, counts = np.array(sorted(heights.items())).T
    return np.percentile(np.repeat(values, counts), list(shares))


def total_cloud(statistics: Statistics) -> Cloud:
    """Return the cloud of the people of all families."""
    whole = Cloud()
    for cloud in statistics.clouds.values():
        _add(whole, cloud)
    return whole


def total(parts: Iterable[Statistics]) -> Statistics:
    """Return the sum of several sets' counts."""
    whole = Statistics()
    for part in parts:
        _add(whole, part)
    return whole


def _add(whole: Cloud | Statistics, part: Cloud | Statistics) -> None:
    """Add all counts of `part` to `whole`; both are of one class."""
    for each in dataclasses.fields(whole):
        mine, new = getattr(whole, each.name), getattr(part, each.name)
        if each.name == "clouds":
            for family, cloud in new.items():
                _add(mine.setdefault(family, Cloud()), cloud)
        else:
            setattr(whole, each.name, mine + new)
