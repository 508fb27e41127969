import dataclasses

import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.figures import makehuman, pose
from simpose_tf.figures.blend_shapes import shape_block
from simpose_tf.figures.painted import bodies
from simpose_tf.figures.painted.body_atlas import body_atlas

NAMES = (*bodies.body_names("train", 12), *bodies.body_names("val", 4))


def test_names_of_the_splits_are_disjoint_and_stay_when_more_are_asked_for():
    train, val = bodies.body_names("train", 300), bodies.body_names("val", 300)
    assert len(set(train) | set(val)) == 600
    assert bodies.body_names("train", 20) == train[:20] and train[17] == "body-train-000017"


def test_no_two_bodies_have_the_same_shape_or_texture():
    people = [bodies.load_body(name) for name in NAMES]
    for k, one in enumerate(people):
        for other in people[k + 1 :]:
            assert np.abs(one.vertices - other.vertices).max() > 0.01
            assert np.mean(one.textures != other.textures) > 0.2


def test_a_body_comes_from_its_name_alone():
    first = bodies.load_body(NAMES[3])
    bodies.load_body.cache_clear()
    again = bodies.load_body(NAMES[3])
    assert again is not first
    np.testing.assert_array_equal(first.vertices, again.vertices)
    np.testing.assert_array_equal(first.textures, again.textures)


def test_bodies_share_all_but_shape_bones_and_texture():
    one, other = bodies.load_body(NAMES[0]), bodies.load_body(NAMES[1])
    own = {"name", "vertices", "skeleton", "textures", "pose_offsets"}
    assert all(getattr(one, f.name) is getattr(other, f.name) for f in dataclasses.fields(one) if f.name not in own)


def test_charts_cover_the_whole_body_with_uv_in_the_unit_square():
    figure = bodies.load_body(NAMES[0])
    assert set(figure.part) == set(range(1, 25))
    assert figure.uv.min() >= 0 and figure.uv.max() <= 1
    assert figure.part.shape == figure.material.shape == figure.faces.shape[:1]


def test_keypoints_are_the_regressors_on_the_shaped_body():
    base, figure = makehuman.load_base(), bodies.load_body(NAMES[5])
    whole = np.zeros_like(base.vertices)
    whole[body_atlas().vertex_ids] = figure.vertices
    ids = body_atlas().vertex_ids
    table = base.keypoint_regressor[:, ids] / base.keypoint_regressor[:, ids].sum(1, keepdims=True)
    np.testing.assert_allclose(pose.keypoints_3d(figure, figure.vertices), table @ whole[ids], atol=1e-3)


def test_a_body_stands_on_the_ground_upright_and_of_human_size():
    for name in NAMES:
        vertices = bodies.load_body(name).vertices
        assert abs(vertices[:, 1].min()) < 1e-5
        assert 1.2 < np.ptp(vertices[:, 1]) < 2.15


def test_shapes_span_both_genders_all_ages_and_many_builds():
    shapes = [bodies.sample_shape(np.random.default_rng(seed)) for seed in range(300)]
    male, age = np.array([s.gender for s in shapes]), np.array([s.age for s in shapes])
    assert 0.4 < (male > 0.5).mean() < 0.6
    assert 0.05 < (age < 0.38).mean() < 0.2 and 0.2 < (age > 0.66).mean() < 0.4
    assert all(0.3 <= s.height <= 0.7 and 0.2 <= s.weight <= 0.9 for s in shapes)
    assert np.std([s.weight for s in shapes]) > 0.1 and len({s.details for s in shapes}) == 300


@pytest.mark.parametrize("name", ["body-train-17", "body-test-000001", "anna", "body-val-0000001"])
def test_a_name_that_no_body_has_raises(name):
    with pytest.raises(InputError, match="no body"):
        bodies.load_body(name)


def test_names_raise_for_another_split_or_none_asked_for():
    with pytest.raises(InputError, match="no split 'test'"):
        bodies.body_names("test", 3)
    with pytest.raises(InputError, match="not 0"):
        bodies.body_names("val", 0)


def test_the_block_of_blend_shapes_equals_the_slow_sum_of_targets():
    base, shape = makehuman.load_base(), bodies.sample_shape(np.random.default_rng(4))
    block = shape_block()
    fast, slow = block.vertices(base, shape), makehuman.shape_vertices(base, shape)
    np.testing.assert_allclose(fast[block.ids], slow[block.ids], atol=1e-6)


def test_the_block_raises_for_a_target_that_it_lacks():
    shape = makehuman.Shape(details=(("asym/asym-cheek-1-l", 1.0),))
    with pytest.raises(KeyError, match="asym-cheek"):
        shape_block().vertices(makehuman.load_base(), shape)
