import igl
import numpy as np
import pytest
import trimesh

from simpose_tf.errors import InputError
from simpose_tf.figures.fitting.fit import fit_body
from simpose_tf.figures.makehuman import Shape
from simpose_tf.surface.reference import open_reference
from tests.figures.fitting.people import KNEE_UP, T_POSE, body, errors_mm, target

FACES = open_reference().faces
Z_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # z-up axes from y-up ones


def quiet(line: str) -> None:
    assert line.startswith("fit: ")


def test_the_reference_itself_comes_back_and_nothing_drifts():
    vertices, told = open_reference().vertices.astype(float), []
    fit = fit_body(target(vertices, FACES), told.append)
    errors = errors_mm(fit, vertices)
    assert errors.mean() < 0.3 and np.percentile(errors, 95) < 1.5
    assert fit.gap < 2e-4 and fit.scale == 1.0 and fit.notes == ()
    np.testing.assert_array_equal(fit.turn, np.eye(3))
    assert len(told) > 5


def test_a_child_in_centimetres_and_z_up_axes_with_one_knee_up_is_found():
    vertices, _ = body(Shape(age=0.22, weight=0.7), KNEE_UP)
    turned = 100 * vertices @ Z_UP.T
    fit = fit_body(target(turned, FACES), quiet)
    assert errors_mm(fit, turned).mean() < 3
    np.testing.assert_allclose(fit.turn, Z_UP.T, atol=1e-12)
    assert fit.scale == 0.01 and fit.body[:, 1].min() == pytest.approx(0, abs=1e-9)
    assert any("centimetres" in note for note in fit.notes) and any("z" in note for note in fit.notes)
    np.testing.assert_allclose(fit.vertices, 0.01 * turned @ fit.turn.T + fit.shift, atol=1e-12)


def test_a_sphere_is_no_person():
    ball = trimesh.creation.icosphere(4)
    with pytest.raises(InputError, match=r"person.obj: not a person"):
        fit_body(target(ball.vertices, ball.faces), quiet)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "angles"),
    [
        (Shape(age=1.0, weight=1.0, gender=1.0), {}),
        (Shape(age=0.0), {}),
        (Shape(gender=0.0, weight=0.0, muscle=0.0, age=0.6), T_POSE),
        (Shape(gender=0.0, weight=1.0, cup=1.0, age=0.6), KNEE_UP),
    ],
    ids=["old and fat", "baby", "thin in T pose", "fat with a knee up"],
)
def test_people_of_any_shape_and_pose_are_found(shape, angles):
    vertices, _ = body(shape, angles)
    errors = errors_mm(fit_body(target(vertices, FACES), quiet), vertices)
    assert errors.mean() < 3 and np.percentile(errors, 95) < 8


@pytest.mark.slow
def test_noise_and_decimation_move_little():
    vertices = open_reference().vertices.astype(float)
    noisy = vertices + np.random.default_rng(0).normal(0, 0.002, vertices.shape)
    assert errors_mm(fit_body(target(noisy, FACES), quiet), vertices).mean() < 1.5
    coarse = [part for part in igl.qslim(vertices, FACES.astype(np.int64), len(FACES) // 4) if np.ndim(part) == 2]
    assert errors_mm(fit_body(target(coarse[0], coarse[1]), quiet), vertices).mean() < 1.5


@pytest.mark.slow
def test_a_body_under_cloth_is_fitted_and_the_cloth_does_not_count():
    vertices = open_reference().vertices.astype(float)
    centres = vertices[FACES].mean(1)
    covered = FACES[(centres[:, 1] > 0.5) & (centres[:, 1] < 1.3)]
    cloth = vertices + 0.02 * igl.per_vertex_normals(vertices, FACES.astype(np.int64), 1)
    used, local = np.unique(covered, return_inverse=True)
    both = np.concatenate([vertices, cloth[used]])
    fit = fit_body(target(both, np.concatenate([FACES, local.reshape(-1, 3) + len(vertices)])), quiet)
    errors = 1000 * np.linalg.norm(fit.body - (fit.scale * vertices @ fit.turn.T + fit.shift), axis=1)
    assert errors.mean() < 0.5


@pytest.mark.slow
def test_a_rig_tells_the_pose():
    angles = {**KNEE_UP, "RightArm": (150, 20, 0), "Spine": (20, 0, 0)}
    vertices, rig = body(Shape(gender=1.0), angles)
    told = []
    fit = fit_body(target(vertices, FACES, rig), told.append)
    assert errors_mm(fit, vertices).mean() < 3
    assert sum("pose" in line and "of" in line for line in told) <= 2  # no other starts were needed


@pytest.mark.slow
@pytest.mark.parametrize(("height", "missing"), [(slice(None, 1.42), "head"), (slice(0.75, None), "leg")])
def test_what_is_missing_is_named(height, missing):
    vertices = open_reference().vertices.astype(float)
    low, high = height.start or -1.0, height.stop or 9.0
    inside = ((vertices > [-9, low, -9]) & (vertices < [9, high, 9])).all(1)
    used, local = np.unique(FACES[inside[FACES].all(1)], return_inverse=True)
    with pytest.raises(InputError, match=f"not a whole person: missing .*{missing}"):
        fit_body(target(vertices[used], local.reshape(-1, 3)), quiet)
