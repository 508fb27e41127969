import numpy as np
import pytest

from simpose_tf.figures import makehuman
from simpose_tf.figures.fitting import space_building
from simpose_tf.figures.fitting.space import ASSET, body_space
from simpose_tf.figures.makehuman import Shape
from simpose_tf.surface.reference import open_reference


def test_directions_are_symmetric():
    space, mirror = body_space(), open_reference().mirror
    np.testing.assert_array_equal(space.directions[:, mirror] * np.float32([-1, 1, 1]), space.directions)


@pytest.mark.parametrize("shape", [Shape(age=0.1875), Shape(weight=1.0, gender=1.0), Shape(age=1.0, weight=0.0)])
def test_shapes_are_nearly_in_the_space_after_scaling(shape):
    space = body_space()
    points = makehuman.shape_vertices(makehuman.load_base(), shape)[: len(space.vertices)]
    rows = np.concatenate([points[None], np.tile(np.eye(3)[:, None], (1, len(points), 1)), -space.directions])
    table = rows.reshape(len(rows), -1).T
    solution = np.linalg.lstsq(table, space.vertices.ravel(), rcond=None)[0]
    left = np.linalg.norm((table @ solution - space.vertices.ravel()).reshape(-1, 3), axis=1)
    assert left.mean() < 0.002 and np.abs(solution[4:]).max() < 8


def test_bones_hang_on_their_parents():
    space = body_space()
    arm, hips = space.skeleton.names.index("LeftArm"), space.skeleton.names.index("Hips")
    below = {space.skeleton.names[j] for j in np.flatnonzero(space.below[arm])}
    assert {"LeftArm", "LeftForeArm", "LeftHand", "LeftHandIndex3"} <= below and "RightArm" not in below
    assert space.below[hips].all()


@pytest.mark.slow
def test_the_asset_is_what_the_builder_makes():
    rest, directions, _ = space_building.build_space(np.random.default_rng(space_building._SEED))
    space = body_space()
    bones = len(space.skeleton.names)
    np.testing.assert_allclose(rest[: len(space.vertices)], space.vertices, atol=1e-6)
    made, kept = directions[:, : len(space.vertices)], space.directions
    signs = np.sign((made * kept).sum((1, 2)))[:, None, None]
    np.testing.assert_allclose(made[:10], (signs * kept)[:10], atol=1e-4)
    np.testing.assert_allclose(space.skeleton.heads, rest[len(space.vertices) :][:bones], atol=1e-9)
    assert ASSET.stat().st_size < 2_000_000
