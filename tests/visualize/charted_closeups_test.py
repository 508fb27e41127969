"""Close-ups: what they look at and from where, in any pose."""

import numpy as np
import pytest

from simpose_tf.surface.reference import open_reference
from simpose_tf.visualize import charted_closeups
from simpose_tf.visualize.charted_mesh import ChartedMesh


def body(turn: np.ndarray) -> ChartedMesh:
    reference = open_reference()
    return ChartedMesh(reference.vertices @ turn.T, reference.faces, reference.part, reference.uv)


# x to y, y to z, z to x: lying on the back, turned.
LYING = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], float)


@pytest.mark.parametrize("turn", [np.eye(3), LYING])
def test_head_and_feet_are_seen_along_their_own_axes(turn: np.ndarray):
    views = {view.name: view for view in charted_closeups.close_ups(body(turn))}
    assert len(views) == 12
    left, up, front = turn.T
    assert views["head, front"].axes[2] @ front > 0.9
    assert views["head, front"].axes[1] @ up < -0.9
    assert views["head, left"].axes[2] @ left > 0.9
    assert views["head, back"].axes[2] @ front < -0.9
    for side, sign in (("left", 1), ("right", -1)):
        assert views[f"{side} foot from above"].axes[2] @ up > 0.85
        assert views[f"{side} foot from above"].axes[1] @ front > 0.8  # toes point down
        assert sign * (views[f"{side} foot from outside"].axes[2] @ left) > 0.8


def test_hands_are_seen_flat_with_the_fingers_up():
    mesh = body(np.eye(3))
    for view in charted_closeups.close_ups(mesh):
        if "hand" not in view.name:
            continue
        points = mesh.vertices[np.unique(mesh.faces[mesh.part == view.parts[0]])] @ view.axes.T
        width, height, depth = np.ptp(points, axis=0)
        assert depth < min(width, height)
        # The left hand is the one on the left, and its fingers lie farther out than its wrist.
        assert (view.parts[0] == 4) == (mesh.vertices[mesh.faces[mesh.part == view.parts[0]]][..., 0].mean() > 0)
        far = np.argsort(-points[:, 1])  # lowest in the picture
        outward = np.abs(mesh.vertices[np.unique(mesh.faces[mesh.part == view.parts[0]])][:, 0])
        assert outward[far[-50:]].mean() > outward[far[:50]].mean() + 0.05


def test_a_picture_shows_the_part_as_large_as_it_may_be():
    mesh = body(np.eye(3))
    view = charted_closeups.close_ups(mesh)[0]
    picture = charted_closeups.picture(mesh, view, 200)
    assert 190 <= max(picture.shape[:2]) <= 210
    assert (picture != 255).any(-1).mean() > 0.4


def test_parts_that_are_missing_are_left_out():
    reference = open_reference()
    kept = ~np.isin(reference.part, [3, 23, 24])
    mesh = ChartedMesh(reference.vertices, reference.faces[kept], reference.part[kept], reference.uv[kept])
    names = {view.name for view in charted_closeups.close_ups(mesh)}
    assert len(names) == 6 and not any("head" in name or "right hand" in name for name in names)


def test_what_shows_no_outer_side_has_no_close_up():
    mesh = body(np.eye(3))
    stump = np.flatnonzero(mesh.part == 4)[:1]
    some = np.concatenate([np.flatnonzero(mesh.part == 2), stump])
    apart = mesh.vertices[mesh.faces[some]].reshape(-1, 3)  # so that no neighbour is shown with it
    torn = ChartedMesh(apart, np.arange(len(apart)).reshape(-1, 3), mesh.part[some], mesh.uv[some])
    views = charted_closeups.close_ups(torn)
    assert len(views) == 1 and views[0].parts == (4,)
    assert charted_closeups.picture(torn, views[0], 100).size
