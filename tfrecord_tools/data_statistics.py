"""Count what is in people records, one person at a time; memory does not grow with the people's pixels."""

import numpy as np

from simpose_tf import charts, keypoints
from simpose_tf.data import schema
from simpose_tf.visualize import statistics
from simpose_tf.visualize.statistics import Cloud, Statistics

_EDGE = 1.0  # a box closer to the picture's edge than this many of its pixels is taken for cut off
_LIMBS = np.arange(5, keypoints.NUM_KEYPOINTS)  # shoulders to ankles: what a person's size is measured by
_HIPS = [keypoints.NAMES.index("left_hip"), keypoints.NAMES.index("right_hip")]


def add_person(counted: Statistics, person: schema.Person) -> None:
    """Count a person."""
    counted.people += 1
    counted.domains[person.domain] += 1
    counted.sources[person.source] += 1
    counted.pictures[(person.source, person.seed, person.image_id)] += 1
    if person.figure_id:
        counted.figures[person.figure_id] += 1
    if person.pose:
        counted.poses[person.pose] += 1
    _add_box(counted, person)
    _add_keypoints(counted, person)
    _add_cloud(counted, person)
    _add_others(counted, person)
    if person.part is not None:
        _add_parts(counted, person)
    if person.normal is not None:
        normals = person.normal[person.mask]
        _add_normals(counted, normals[np.any(normals != 0, -1)])


def picture_box(person: schema.Person) -> np.ndarray:
    """Return the person's box `[4]` (yxyx) in pixels of the whole picture."""
    x0, y0, scale = person.window.astype(float)
    return person.box_yxyx.astype(float) / scale + [y0, x0, y0, x0]


def _add_box(counted: Statistics, person: schema.Person) -> None:
    box, size = picture_box(person), np.array(person.image_size, float)
    counted.record_heights[round(float(person.box_yxyx[2] - person.box_yxyx[0]))] += 1
    counted.picture_heights[round(float(box[2] - box[0]))] += 1
    area = np.count_nonzero(person.mask) / float(person.window[2]) ** 2
    if area:
        counted.sizes[np.searchsorted(statistics.COCO_AREAS, area, side="right")] += 1
    touches = np.array([box[1], box[0], size[1] - box[3], size[0] - box[2]]) < _EDGE
    counted.edges += touches
    counted.cut += int(touches.any())
    row, column = _cells((box[:2] + box[2:]) / 2 / size, statistics.PLACE_CELLS)
    counted.places[row, column] += 1


def _add_keypoints(counted: Statistics, person: schema.Person) -> None:
    counted.visibility[np.arange(keypoints.NUM_KEYPOINTS), person.visibility] += 1
    visible = int(np.count_nonzero(person.visibility == keypoints.VISIBLE))
    hidden = int(np.count_nonzero(person.visibility == keypoints.HIDDEN))
    counted.visible[visible] += 1
    if visible + hidden:
        counted.hidden_shares[_share_bin(hidden, visible + hidden)] += 1


def _share_bin(some: int, of: int) -> int:
    """Return the bin of a share: 0 for none, k for ((k - 1) / 10, k / 10]."""
    return -(-some * (statistics.SHARE_BINS - 1) // of)


def _cells(shares: np.ndarray, number: int) -> np.ndarray:
    """Return the cells that shares in [0, 1] of a side fall into; what lies outside goes to the border."""
    return np.clip(np.asarray(shares) * number, 0, number - 1).astype(int)


def normalized_keypoints(person: schema.Person) -> np.ndarray | None:
    """Return the keypoints `[17, 2]` relative to the middle of the hips, in units of the person's size.

    The size is the root mean square distance of shoulders, elbows, wrists, hips, knees and ankles from their mean, so
    a person without all of these has none. Keypoints without a label are NaN.
    """
    labelled = person.visibility > keypoints.UNLABELLED
    if not labelled[_LIMBS].all():
        return None
    xy = person.keypoints_xy.astype(float)
    size = np.sqrt(np.mean(np.sum((xy[_LIMBS] - xy[_LIMBS].mean(0)) ** 2, -1)))
    if size < 1e-6:
        return None
    return np.where(labelled[:, None], (xy - xy[_HIPS].mean(0)) / size, np.nan)


def seen_from_behind(person: schema.Person) -> bool:
    """Return whether the person's left shoulder and hip lie further left in the picture than the right ones."""
    x = person.keypoints_xy[:, 0]
    left, right = (
        sum(float(x[keypoints.NAMES.index(f"{side}_{joint}")]) for joint in ("shoulder", "hip"))
        for side in ("left", "right")
    )
    return left < right


def _add_cloud(counted: Statistics, person: schema.Person) -> None:
    places = normalized_keypoints(person)
    if places is None:
        return
    behind = seen_from_behind(person)
    counted.behind += behind
    counted.facing += not behind
    places = places * [-1 if behind else 1, 1]
    there = np.flatnonzero(~np.isnan(places[:, 0]))
    places = places[there]
    cloud = counted.clouds.setdefault(statistics.family_of(person.pose), Cloud())
    cloud.count[there] += 1
    cloud.total[there] += places
    cloud.outer[there] += places[:, :, None] * places[:, None, :]
    column, row = _cells((places / statistics.CLOUD_REACH + 1) / 2, statistics.CLOUD_CELLS).T
    counted.cloud_cells[there, row, column] += 1


def _add_others(counted: Statistics, person: schema.Person) -> None:
    if person.others is None:
        return
    y0, x0, y1, x1 = np.clip(np.round(person.box_yxyx), 0, None).astype(int)
    inside = person.others[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
    if inside.size:
        counted.others_shares[_share_bin(int(np.count_nonzero(inside)), inside.size)] += 1


def _add_parts(counted: Statistics, person: schema.Person) -> None:
    assert person.part is not None and person.u is not None and person.v is not None
    on = person.part > 0
    part = person.part[on].astype(int)
    pixels = np.bincount(part, minlength=charts.NUM_PARTS + 1)
    counted.dense += 1
    counted.part_pixels += pixels
    counted.part_people += pixels > 0
    u, v = (_cells(values[on], statistics.UV_CELLS) for values in (person.u, person.v))
    _add_at(counted.chart_cells, part - 1, v, u)


def _add_normals(counted: Statistics, normals: np.ndarray) -> None:
    facing = normals[normals[:, 2] <= 0]
    counted.normals_away += len(normals) - len(facing)
    column, row = _cells((statistics.on_disc(facing) + 1) / 2, statistics.NORMAL_CELLS).T
    _add_at(counted.normal_cells, row, column)
    tilt = np.arccos(np.clip(-facing[:, 2], 0, 1)) / (np.pi / 2)
    _add_at(counted.tilts, _cells(tilt, statistics.TILT_BINS))


def _add_at(counts: np.ndarray, *index: np.ndarray) -> None:
    """Add 1 to `counts` at each of the places, repeated ones too."""
    flat = np.ravel_multi_index(index, counts.shape)
    counts += np.bincount(flat, minlength=counts.size).reshape(counts.shape)
