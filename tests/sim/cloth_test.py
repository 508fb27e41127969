import dataclasses

import numpy as np
import pytest

from simpose_tf.figures.dressed import sheets
from simpose_tf.figures.figure import Figure, Material, Skeleton
from simpose_tf.sim.cloth import cloth_places
from tests.sim.spheres import sphere_figure

RADIUS, LENGTH = 0.15, 0.6
ANGLES = np.linspace(-np.pi, np.pi, 64, endpoint=False)
HEIGHTS = np.linspace(LENGTH, 0, 25)
ONE_BONE = Skeleton(("Spine",), np.array([-1]), np.zeros((1, 3)), np.array([[0.0, 1, 0]]))
POINTS, FACES = sheets.tube(HEIGHTS, np.zeros(2), ANGLES, np.full((25, 64), RADIUS))


def tube(pattern: str, points: np.ndarray = POINTS, skeleton: Skeleton = ONE_BONE) -> Figure:
    cloth = Material("top", (0.5, 0.5, 0.5), pattern=pattern)
    joints = np.zeros((len(points), 4), np.int32)
    return dataclasses.replace(
        sphere_figure(subdivisions=1),
        vertices=points.astype(np.float32),
        faces=FACES.astype(np.int32),
        material=np.zeros(len(FACES), np.uint8),
        materials=(cloth,),
        skeleton=skeleton,
        skin_joints=joints,
        skin_weights=np.tile(np.float32([1, 0, 0, 0]), (len(points), 1)),
    )


@pytest.mark.parametrize("pattern", ["stripes", "checks", "print", "denim"])
def test_a_tubes_cloth_rises_with_it_and_is_as_long_as_its_arc(pattern):
    across, along = cloth_places(tube(pattern)).reshape(25, 64, 2).transpose(2, 0, 1)
    np.testing.assert_allclose(along - along[-1:], np.broadcast_to(HEIGHTS[:, None], along.shape), atol=2e-3)
    np.testing.assert_allclose(along[0], along[0, 0], atol=1e-3)
    front = np.abs(ANGLES) < 1.2
    np.testing.assert_allclose(across[10, front] - across[10, 32], RADIUS * ANGLES[front], atol=0.01)


def test_nothing_breaks_where_front_and_back_meet():
    places = cloth_places(tube("checks"))
    edges = np.concatenate([FACES[:, [0, 1]], FACES[:, [1, 2]], FACES[:, [2, 0]]])
    lengths = np.linalg.norm(POINTS[edges[:, 0]] - POINTS[edges[:, 1]], axis=1)
    assert (np.linalg.norm(places[edges[:, 0]] - places[edges[:, 1]], axis=1) < 1.2 * lengths + 1e-4).all()


def test_a_sleeves_cloth_runs_up_the_arm():
    lying = POINTS @ np.array([[0.0, 0, 1], [-1, 0, 0], [0, 1, 0]])  # the tube's upper end lies at -x
    bone = Skeleton(("LeftForeArm",), np.array([-1]), np.array([[-LENGTH, 0, 0]]), np.zeros((1, 3)))
    along = cloth_places(tube("stripes", lying, bone))[:, 1]
    np.testing.assert_allclose(along - along.mean(), -lying[:, 0] - LENGTH / 2, atol=2e-3)


def test_plain_and_noisy_cloth_has_no_places():
    for pattern in ("plain", "mottled"):
        assert not cloth_places(tube(pattern)).any()
