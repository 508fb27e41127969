"""Small modules of the fit: points, pairs, pieces, starts, steps, laying on, judging, units."""

import igl
import numpy as np
import pytest
import trimesh

from simpose_tf.errors import InputError
from simpose_tf.figures.fitting import judge, posed, register, starts, units
from simpose_tf.figures.fitting.clouds import Cloud, Nearest, spread
from simpose_tf.figures.fitting.drape import drape
from simpose_tf.figures.fitting.hands import find_fingers
from simpose_tf.figures.fitting.judge import Coverage
from simpose_tf.figures.fitting.pairs import pairs_of_points, pairs_of_surfaces
from simpose_tf.figures.fitting.pieces import body_like_pieces
from simpose_tf.figures.fitting.posed import State, rest_state
from simpose_tf.figures.fitting.register import Stage, movable, spread_vertices
from simpose_tf.figures.fitting.rigged import start_of_rig
from simpose_tf.figures.fitting.space import body_space
from simpose_tf.figures.fitting.surfaces import Surface
from simpose_tf.figures.makehuman import Shape
from simpose_tf.geometry import rotation_about
from simpose_tf.surface.reference import open_reference
from tests.figures.fitting.people import KNEE_UP, body

FACES = open_reference().faces
BALL = trimesh.creation.icosphere(3)


def vertices_of(state: State) -> np.ndarray:
    space = body_space()
    return posed.pose(space, state, np.arange(len(space.vertices))).points


# clouds


def test_spread_points_lie_on_the_mesh_with_outward_normals():
    cloud = spread(BALL.vertices, BALL.faces, 2000)
    assert np.abs(np.linalg.norm(cloud.points, axis=1) - 1).max() < 0.02
    assert ((cloud.points * cloud.normals).sum(1) > 0.98).all()


def test_each_face_gets_points_by_its_area():
    corners = np.array([[0.0, 0, 0], [3, 0, 0], [0, 1, 0], [-1, 0, 0]])
    cloud = spread(corners, np.array([[0, 1, 2], [0, 2, 3]]), 4000)
    assert (cloud.faces == 0).mean() == pytest.approx(0.75, abs=0.001)
    own = cloud.points[cloud.faces == 0]
    np.testing.assert_allclose(own.mean(0), corners[:3].mean(0), atol=0.01)


def test_nearest_points_face_the_same_way():
    sheet = np.array([[0.0, 0, 0], [0, 0, 0.01]])
    nearest = Nearest(sheet, np.array([[0.0, 0, -1], [0, 0, 1]]), 1.0)
    assert nearest(np.array([[0, 0, 0.001]]), np.array([[0.0, 0, 1]])).tolist() == [1]


# pairs


def test_exact_pairs_of_a_ball_and_a_larger_one_are_their_gap():
    big, small = Surface(1.1 * BALL.vertices, BALL.faces, 0), Surface(BALL.vertices, BALL.faces, 0)
    cloud = spread(1.1 * BALL.vertices, BALL.faces, 300)
    ids = np.arange(0, 600, 7)
    pairs = pairs_of_surfaces(small, ids, BALL.vertices, big, cloud, 0.2)
    assert pairs.num_body == len(ids) and len(pairs.near) == len(ids) + 300
    along = ((pairs.goals - pairs.places) * pairs.normals).sum(1)
    np.testing.assert_allclose(along, 0.1, atol=0.012)
    np.testing.assert_allclose(pairs.near, 0.64, atol=0.08)  # 1 / (1 + (.1 / .2)^2)^2
    rebuilt = np.einsum("mk,mkd->md", pairs.shares, BALL.vertices[pairs.corners])
    np.testing.assert_allclose(rebuilt, pairs.places, atol=1e-9)


def test_pairs_that_face_away_count_nothing():
    target = Cloud(np.zeros((1, 3)), np.array([[0.0, 0, 1]]), np.zeros(1, int))
    nearest = Nearest(target.points, target.normals, 1.0)
    pairs = pairs_of_points(np.array([[0, 0, 0.01]]), np.array([[0.0, 0, -1]]), target, nearest, 0.1)
    assert pairs.near.tolist() == [0, 0]


# pieces


def test_a_whole_body_is_told_from_what_is_worn():
    vertices = open_reference().vertices.astype(float)
    shirt = FACES[(vertices[FACES].mean(1)[:, 1] > 0.9) & (vertices[FACES].mean(1)[:, 1] < 1.3)]
    both = np.concatenate([vertices, 1.02 * vertices])
    found = body_like_pieces(both, np.concatenate([FACES, shirt + len(vertices)]))
    assert len(found) == 1 and found[0][: len(FACES)].all() and not found[0][len(FACES) :].any()
    assert body_like_pieces(vertices, FACES) == []
    beside = body_like_pieces(
        np.concatenate([vertices - [0.6, 0, 0], vertices - [-0.6, 0, 0]]),
        np.concatenate([FACES, FACES + len(vertices)]),
    )
    assert [len(FACES)] * 2 == [int(inside.sum()) for inside in beside]


# starts


def test_the_turned_rest_pose_is_among_the_first_starts():
    space = body_space()
    turn = np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])
    vertices = 40 * space.vertices @ turn.T + [3, 2, 1]
    found = starts.starts(space, spread(vertices, FACES, 5000), 6)
    away = [np.linalg.norm(vertices_of(state) - vertices, axis=1).mean() / 40 for state in found]
    assert min(away) < 0.04
    assert len({tuple(state.angles.ravel()) for state in found}) > 1


def test_a_rig_places_the_joints_in_any_frame():
    vertices, rig = body(Shape(age=0.3), KNEE_UP)
    turn = rotation_about(np.array([0.0, 0.6, 0.8]), 2.0)
    moved = type(rig)(rig.names, rig.parents, 30 * rig.heads @ turn.T + 5, rig.tails, rig.skin_joints, rig.skin_weights)
    state = start_of_rig(body_space(), moved)
    assert state is not None
    assert np.linalg.norm(vertices_of(state) - (30 * vertices @ turn.T + 5), axis=1).mean() / 30 < 0.02


def test_a_rig_without_legs_is_no_start():
    _, rig = body(Shape(), {})
    names = tuple(name.replace("Leg", "Tentacle") for name in rig.names)
    changed = type(rig)(names, rig.parents, rig.heads, rig.tails, rig.skin_joints, rig.skin_weights)
    assert start_of_rig(body_space(), changed) is None


# steps


def test_refining_recovers_shape_and_pose():
    space, rng = body_space(), np.random.default_rng(2)
    rest, large = rest_state(space), movable(False)
    angles = rest.angles.copy()
    angles[large] += rng.normal(0, 5, (len(large), 3))
    shape = np.where(np.arange(len(rest.shape)) < 6, rng.normal(0, 0.7, len(rest.shape)), 0)
    low, high = register.angle_limits(space)
    truth = vertices_of(State(1.0, rest.turn, rest.shift, np.clip(angles, low, high), shape))
    cloud, mesh = spread(truth, FACES, 8000), Surface(truth, FACES, 0)
    stage = Stage(spread_vertices(0.03), 2000, 0.1, 0.0, large, 8, 15)
    found = vertices_of(register.refine(space, rest, mesh, cloud, stage))
    assert np.linalg.norm(vertices_of(rest) - truth, axis=1).mean() > 0.02
    assert np.linalg.norm(found - truth, axis=1).mean() < 0.002


def test_limits_hold_a_joint_back_from_where_the_mesh_would_have_it():
    space = body_space()
    bent, _ = body(Shape(), {"LeftLeg": (-60, 0, 0)})  # a knee bent forward
    stage = Stage(spread_vertices(0.05), 800, 0.3, 0.3, movable(False), 0, 12)
    state, _ = register.register(space, rest_state(space), spread(bent, FACES, 4000), stage)
    assert state.angles[space.skeleton.names.index("LeftLeg"), 0] > -45


def test_a_forearm_of_which_the_mesh_tells_nothing_keeps_from_turning():
    space = body_space()
    vertices = space.vertices + np.random.default_rng(1).normal(0, 0.003, space.vertices.shape)
    places = [space.skeleton.names.index(name) for name in ("LeftForeArm", "LeftHand")]
    angles = space.rest_angles.copy()
    angles[places, 2] += [35, -35]  # the hand is where it should be
    rest = rest_state(space)
    turned = State(1.0, rest.turn, rest.shift, angles, rest.shape)
    stage = Stage(spread_vertices(0.03), 2000, 0.05, 0.0, movable(False), 0, 10)
    found = register.refine(space, turned, Surface(vertices, FACES, 1), spread(vertices, FACES, 8000), stage)
    assert np.abs(found.angles - space.rest_angles)[places, 2].max() < 5


def test_a_forearm_that_is_turned_is_found_turned():
    space, rest = body_space(), rest_state(body_space())
    places = [space.skeleton.names.index(name) for name in ("LeftForeArm", "LeftHand")]
    angles = space.rest_angles.copy()
    angles[places, 2] += [30, 15]
    truth = vertices_of(State(1.0, rest.turn, rest.shift, angles, rest.shape))
    stage = Stage(spread_vertices(0.03), 4000, 0.05, 0.0, movable(False), 0, 20)
    found = register.refine(space, rest, Surface(truth, FACES, 0), spread(truth, FACES, 8000), stage)
    assert np.abs(found.angles - angles)[places, 2].max() < 4


def test_a_hand_that_was_folded_back_is_found():
    space = body_space()
    hand = space.skeleton.names.index("LeftHand")
    angles = space.rest_angles.copy()
    angles[hand] += [25, -68, 0]
    rest = rest_state(space)
    folded = State(1.0, rest.turn, rest.shift, angles, rest.shape)
    found = vertices_of(find_fingers(space, folded, space.vertices, FACES))
    own = space.below[hand][space.owner]
    assert np.linalg.norm(vertices_of(folded) - space.vertices, axis=1)[own].mean() > 0.05
    assert np.linalg.norm(found - space.vertices, axis=1)[own].mean() < 0.004


def test_bent_fingers_are_found():
    fingers = {
        f"LeftHand{f}{k}": (0, -b, 0) for f in ("Index", "Middle", "Ring", "Pinky") for k, b in ((1, 60), (2, 70))
    }
    vertices, _ = body(Shape(), fingers)
    space = body_space()
    found = vertices_of(find_fingers(space, rest_state(space), vertices, FACES))
    hand = space.below[space.skeleton.names.index("LeftHand")][space.owner]
    before = np.linalg.norm(space.vertices - vertices, axis=1)[hand].mean()
    assert np.linalg.norm(found - vertices, axis=1)[hand].mean() < 0.25 * before


# laying on


def test_the_body_is_laid_on_a_bump_and_stays_put_elsewhere():
    space = body_space()
    normals = igl.per_vertex_normals(space.vertices, FACES.astype(np.int64), 1)
    belly = np.array([0, 1.0, 0.12])
    bump = 0.02 * np.exp(-((space.vertices - belly) ** 2).sum(1) / (2 * 0.06**2))[:, None] * normals
    goal = space.vertices + bump
    mesh = Surface(goal, FACES, 1)
    found = drape(space.vertices, FACES, mesh, spread(goal, FACES, 20000), 1.0, lambda line: None)
    away = np.linalg.norm(mesh.closest(found)[2] - found, axis=1)
    assert np.percentile(away, 99) < 0.0015
    assert np.linalg.norm(found - goal, axis=1).mean() < 0.0005
    assert np.abs(found - goal)[space.vertices[:, 1] < 0.6].max() < 1e-3


# judging


def a_coverage(near=0.98, close=0.95, explained=1.0, **regions) -> Coverage:
    names = ("head", "trunk", "left arm", "right arm", "left leg", "right leg")
    return Coverage({name: regions.get(name.replace(" ", "_"), 1.0) for name in names}, near, close, explained)


def test_a_whole_person_passes():
    judge.require_person(a_coverage(), "x.obj")
    assert a_coverage().is_person()


@pytest.mark.parametrize(
    ("coverage", "told"),
    [
        (a_coverage(head=0.02), r"x.obj: not a whole person: missing head \(2% found\)"),
        (a_coverage(left_leg=0.1, right_leg=0.2), "missing left leg .* and right leg"),
        (a_coverage(explained=0.5), "not one person: 50% of the mesh lies more than 15 cm"),
        (a_coverage(head=0.1, close=0.4), "not a person: 40%"),
        (a_coverage(near=0.6), "not a person: .* 60% within 4 cm"),
        (a_coverage(close=0.4), "40% of the best fitted body lies within 15 mm"),
    ],
)
def test_what_is_wrong_is_told(coverage, told):
    assert not coverage.is_person()
    with pytest.raises(InputError, match=told):
        judge.require_person(coverage, "x.obj")


def test_coverage_of_the_body_by_itself_is_whole_and_by_its_upper_half_is_not():
    space, state = body_space(), rest_state(body_space())
    whole = judge.cover(
        space, space.vertices, Surface(space.vertices, FACES, 0), spread(space.vertices, FACES, 2000), state
    )
    assert min(*whole.regions.values(), whole.near, whole.explained) > 0.99 and whole.close > 0.99
    upper = FACES[space.vertices[FACES].mean(1)[:, 1] > 0.8]
    half = judge.cover(
        space, space.vertices, Surface(space.vertices, upper, 0), spread(space.vertices, upper, 2000), state
    )
    assert half.regions["left leg"] < 0.35 and half.regions["head"] > 0.99


# units


@pytest.mark.parametrize(
    ("height", "expected", "scale", "told"),
    [
        (1.7, 1.7, 1.0, ""),
        (1.1, 1.7, 1.0, ""),
        (170, 1.7, 0.01, "centimetres"),
        (1700, 1.7, 0.001, "millimetres"),
        (17, 1.7, 0.1, "decimetres"),
        (67, 1.7, 0.0254, "inches"),
        (5.6, 1.7, 0.3048, "feet"),
        (0.0017, 1.7, 1000.0, "1000 times too small"),
        (0.017, 1.7, 100.0, "100 times too small"),
        (2.45, 2.3, 1.0, ""),
    ],
)
def test_units_by_height(height, expected, scale, told):
    found, notes = units.unit_of(height, expected)
    assert found == scale and (told in " ".join(notes)) and bool(notes) == bool(told)


def test_a_size_of_no_unit_is_scaled_to_the_shape():
    scale, notes = units.unit_of(3e7, 1.6)
    assert scale == pytest.approx(1.6 / 3e7) and "fits no unit" in notes[0]


def test_axes_are_read_off_the_hips():
    z_up = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    turn, notes = units.upright(z_up @ rotation_about(np.array([1.0, 0, 0]), 0.2))
    np.testing.assert_allclose(turn, z_up.T)
    assert "z" in notes[0] and "-y" in notes[0]
    assert units.upright(rotation_about(np.array([0.0, 1, 0]), 0.3))[1] == ()
    tilted = rotation_about(np.array([1.0, 1, 1]) / np.sqrt(3), np.radians(60))
    turn, notes = units.upright(tilted)
    np.testing.assert_allclose(turn @ tilted, np.eye(3), atol=1e-12)
    assert "degrees" in notes[0]
