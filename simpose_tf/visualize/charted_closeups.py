"""Close-ups of a charted mesh: head, hands and feet, each looked at along its own axes."""

from dataclasses import dataclass

import numpy as np

from simpose_tf.visualize import charted_views
from simpose_tf.visualize.charted_mesh import ChartedMesh
from simpose_tf.visualize.orthographic import camera_on, look_along

# Faces around a part that are shown with it, in steps from face to face.
_RINGS = 3

_HEAD, _ARMS, _LEGS = (23, 24), (19, 20, 21, 22), (11, 12, 13, 14)
_HANDS, _FEET = {3: "right hand", 4: "left hand"}, {5: "left foot", 6: "right foot"}


@dataclass(frozen=True)
class CloseUp:
    """One view of a head, hand or foot.

    Attributes:
      name: what is seen.
      parts: whose parts.
      axes: `[3, 3]` of the camera.
    """

    name: str
    parts: tuple[int, ...]
    axes: np.ndarray


def close_ups(charted: ChartedMesh) -> list[CloseUp]:
    """Return the views of head, hands and feet that the mesh has and that show an outer side."""
    present = set(np.unique(charted.part).tolist())
    views = _head(charted) if present & set(_HEAD) else []
    for p, name in (_HANDS | _FEET).items():
        if p in present:
            views += _hand(charted, p, name) if p in _HANDS else _foot(charted, p, name)
    return [view for view in views if len(_facing(charted, view))]


def picture(charted: ChartedMesh, view: CloseUp, size: int) -> np.ndarray:
    """Return uint8 `[H, W, 3]`, at most about `size` pixels wide and high: parts, contours and seams."""
    points, inside = np.asarray(charted.vertices, float), np.isin(charted.part, view.parts)
    near = _facing(charted, view)
    seen = points[np.unique(charted.faces[inside])] @ view.axes[:2].T
    longest = float((seen.max(0) - seen.min(0)).max())
    camera = camera_on(points[np.unique(charted.faces[inside])], view.axes, size / (1.1 * longest), 0.05 * longest)
    # The rest of the person may not hide it: only its faces and those around are drawn.
    some = ChartedMesh(charted.vertices, charted.faces[near], charted.part[near], charted.uv[near])
    shot = charted_views.shoot(camera, some.vertices, some.faces)
    drawn = charted_views.parts_picture(some, shot)
    charted_views.draw_seams(drawn, some, shot, 2)
    return drawn


def _facing(charted: ChartedMesh, view: CloseUp) -> np.ndarray:
    """Return the faces `[N]` around a view's parts that look at it.

    Inner sides would show through the hole that the rest of the person leaves.
    """
    near = _near(charted, view.parts)
    corners = np.asarray(charted.vertices, float)[charted.faces[near]] @ view.axes.T
    side_1, side_2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return near[side_1[:, 0] * side_2[:, 1] - side_1[:, 1] * side_2[:, 0] < 0]


def _near(charted: ChartedMesh, parts: tuple[int, ...]) -> np.ndarray:
    """Return the faces `[N]` of parts and those a few steps around."""
    chosen = np.isin(charted.part, parts)
    for _ in range(_RINGS):
        touched = np.zeros(len(charted.vertices), bool)
        touched[charted.faces[chosen]] = True
        chosen = touched[charted.faces].any(1)
    return np.flatnonzero(chosen)


def _corners(charted: ChartedMesh, parts: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return all corners `[N, 3]` and their uv `[N, 2]` of parts on the fitted body, or on the mesh without one."""
    vertices, faces, part, uv = charted.vertices, charted.faces, charted.part, charted.uv
    if charted.body is not None and np.isin(charted.body.part, parts).any():
        vertices, faces, part, uv = charted.body.vertices, charted.body.faces, charted.body.part, charted.body.uv
    inside = np.isin(part, parts)
    return np.asarray(vertices, float)[faces[inside]].reshape(-1, 3), uv[inside].reshape(-1, 2).astype(float)


def _growth(points: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the direction `[3]` in which a value grows, on average."""
    return (points - points.mean(0)).T @ (values - values.mean())


def _head(charted: ChartedMesh) -> list[CloseUp]:
    # v grows up on both halves, u forward on the right one and backward on the left one.
    ahead, up = np.zeros(3), np.zeros(3)
    for p, sign in ((23, 1), (24, -1)):
        points, uv = _corners(charted, (p,))
        if len(points):
            up, ahead = up + _growth(points, uv[:, 1]), ahead + sign * _growth(points, uv[:, 0])
    up, ahead = _sound(up, (0, 1, 0)), _sound(ahead, (0, 0, 1))
    left = np.cross(up, ahead)
    towards = {"front": ahead, "back": -ahead, "left": left, "right": -left}
    return [CloseUp(f"head, {side}", _HEAD, look_along(to, up)) for side, to in towards.items()]


def _hand(charted: ChartedMesh, p: int, name: str) -> list[CloseUp]:
    points = _corners(charted, (p,))[0]
    normal = np.linalg.svd(points - points.mean(0), full_matrices=False)[2][2]
    arm = _corners(charted, _ARMS)[0]
    # The wrist lies where the arm comes nearest; fingers point up.
    wrist = arm[np.argmin(((arm - points.mean(0)) ** 2).sum(1))] if len(arm) else points[0]
    out = _sound(points.mean(0) - wrist, (0, -1, 0))
    return [CloseUp(f"{name}, {which} side", (p,), look_along(to, out)) for which, to in _sides(normal)]


def _sides(normal: np.ndarray) -> tuple[tuple[str, np.ndarray], ...]:
    return ("one", normal), ("other", -normal)


def _foot(charted: ChartedMesh, p: int, name: str) -> list[CloseUp]:
    points, uv = _corners(charted, (p,))
    # A foot is longest from heel to toes; u grows that way on the left one and the other way on the right one.
    toes = np.linalg.svd(points - points.mean(0), full_matrices=False)[2][0]
    toes = toes * (np.sign(toes @ _growth(points, uv[:, 0]) * (1 if p == 5 else -1)) or 1)
    leg = _corners(charted, _LEGS)[0]
    ankle = leg[np.argmin(((leg - points.mean(0)) ** 2).sum(1))] if len(leg) else points[points[:, 1].argmax()]
    up = ankle - points.mean(0)
    up = _sound(up - (up @ toes) * toes, (0, 1, 0))
    outside = np.cross(up, toes) * (1 if p == 5 else -1)
    return [
        CloseUp(f"{name} from above", (p,), look_along(up, -toes)),
        CloseUp(f"{name} from outside", (p,), look_along(outside, up)),
    ]


def _sound(direction: np.ndarray, otherwise: tuple[float, float, float]) -> np.ndarray:
    """Return a direction of length 1, or another one where it has none."""
    length = np.linalg.norm(direction)
    return direction / length if length > 1e-9 else np.array(otherwise, float)
