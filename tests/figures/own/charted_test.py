import numpy as np
import pytest

from simpose_tf import keypoints
from simpose_tf.errors import InputError
from simpose_tf.figures import makehuman
from simpose_tf.figures.own import charted
from simpose_tf.surface.reference import open_reference

FACES, VERTICES = 26756, 13380


def write(path, **fields):
    reference = open_reference()
    fields = {"part": reference.part, "uv": reference.uv, **fields}
    np.savez(path, **{key: value for key, value in fields.items() if value is not None})
    return path


@pytest.mark.parametrize("shape", [{}, {"gender": 0.05, "weight": 0.8}, {"age": 0.25}])
def test_keypoints_of_any_shape_are_found_by_its_charts(shape):
    base, reference = makehuman.load_base(), open_reference()
    vertices = makehuman.shape_vertices(base, makehuman.Shape(**shape))
    ids, weights = charted.keypoints_from_charts(charted.Surface(reference.faces, reference.part, reference.uv, "x"))
    found = np.einsum("kn,knc->kc", weights, vertices[ids])
    miss = np.linalg.norm(found - base.keypoint_regressor @ vertices, axis=1)
    assert miss.max() < 0.008, keypoints.NAMES[miss.argmax()]
    assert np.abs(weights.sum(1) - 1).max() < 1e-5


def test_keypoints_do_not_depend_on_the_triangulation():
    """Each face is cut into four, in another order: other vertices, the same surface and charts."""
    base, reference = makehuman.load_base(), open_reference()
    corners, uv = base.vertices[reference.faces], reference.uv
    order = np.random.default_rng(0).permutation(4 * len(corners))

    def cut(values: np.ndarray) -> np.ndarray:
        a, b, c = values[:, 0], values[:, 1], values[:, 2]
        d, e, f = (a + b) / 2, (b + c) / 2, (c + a) / 2
        fans = [np.stack(t, 1) for t in ((a, d, f), (d, b, e), (f, e, c), (d, e, f))]
        return np.concatenate(fans)[order]

    part = np.tile(reference.part, 4)[order]
    vertices = cut(corners).reshape(-1, 3)
    ids, weights = charted.keypoints_from_charts(
        charted.Surface(np.arange(len(vertices)).reshape(-1, 3), part, cut(uv), "x")
    )
    found = np.einsum("kn,knc->kc", weights, vertices[ids])
    assert np.linalg.norm(found - base.keypoint_regressor @ base.vertices, axis=1).max() < 0.004


def test_places_are_looked_up_in_their_own_part():
    uv = np.array([[[0, 0], [1, 0], [0, 1]], [[0, 0], [1, 0], [0, 1]], [[1, 1], [0, 1], [1, 0]]], np.float32)
    faces, part = np.arange(9).reshape(3, 3), np.array([1, 2, 2])
    surface = charted.Surface(faces, part, uv, "x")
    corner, share = charted.places_of_iuv(surface, np.array([2, 2, 1]), np.array([[0.25, 0.5], [0.75, 0.75], [1, 1]]))
    assert corner.tolist() == [[3, 4, 5], [6, 7, 8], [0, 1, 2]]
    np.testing.assert_allclose(share, [[0.25, 0.25, 0.5], [0.5, 0.25, 0.25], [0, 0.5, 0.5]], atol=1e-9)


def test_of_several_layers_the_innermost_is_meant():
    """Cloth over the whole body with its charts, in front of the body's faces or behind them in the list."""
    base, reference = makehuman.load_base(), open_reference()
    count = len(reference.vertices)
    depth = np.concatenate([np.zeros(count), np.full(count, 0.02)])
    for layers in ((0, count), (count, 0)):
        faces = np.concatenate([reference.faces + start for start in layers])
        part, uv = np.tile(reference.part, 2), np.tile(reference.uv, (2, 1, 1))
        ids, weights = charted.keypoints_from_charts(charted.Surface(faces, part, uv, "x", depth))
        assert ids.max() < count
        found = np.einsum("kn,knc->kc", weights, base.vertices[ids])
        assert np.linalg.norm(found - base.keypoint_regressor @ base.vertices, axis=1).max() < 0.002


def test_corrected_weights_give_the_keypoint_and_sum_to_one():
    rng = np.random.default_rng(1)
    places, weights = rng.normal(size=(64, 3)), rng.random(64)
    weights /= weights.sum()
    new = charted.corrected(weights, places, np.array([0.3, -0.2, 0.1]))
    np.testing.assert_allclose(new @ places, [0.3, -0.2, 0.1], atol=1e-5)
    assert abs(new.sum() - 1) < 1e-9
    np.testing.assert_allclose(charted.corrected(weights, places, weights @ places), weights)


def test_a_mesh_without_a_part_that_keypoints_need_is_refused():
    reference = open_reference()
    left = reference.part != 5
    surface = charted.Surface(reference.faces[left], reference.part[left], reference.uv[left], "a.npz")
    with pytest.raises(InputError, match=r"a\.npz: keypoints need faces of part 5 \(left_foot\)"):
        charted.keypoints_from_charts(surface)


def test_charts_are_read_with_all_their_fields(tmp_path):
    ids, weights = np.arange(34).reshape(17, 2), np.full((17, 2), 0.5)
    texture_uv = np.random.default_rng(0).random((FACES, 3, 2))
    path = write(tmp_path / "a.npz", keypoint_vertices=ids, keypoint_weights=weights, texture_uv=texture_uv)
    charts = charted.read_charts(path, FACES, VERTICES)
    np.testing.assert_array_equal(charts.part, open_reference().part)
    np.testing.assert_array_equal(charts.uv, open_reference().uv)
    np.testing.assert_allclose(charts.texture_uv, texture_uv, atol=1e-7)
    own = charted.keypoints_of(charts, open_reference().faces, "x")
    np.testing.assert_array_equal(own[0], ids)
    np.testing.assert_array_equal(own[1], weights)
    bare = charted.read_charts(write(tmp_path / "b.npz"), FACES, VERTICES)
    assert charted.keypoints_of(bare, open_reference().faces, "x")[0].shape == (17, 192)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"part": None}, "'part' is missing"),
        ({"uv": None}, "'uv' is missing"),
        ({"part": np.ones(FACES - 1, np.uint8)}, "charts of another mesh: part is .26755., the mesh has 26756 faces"),
        ({"uv": np.zeros((FACES, 2))}, "charts of another mesh"),
        ({"part": np.zeros(FACES, np.uint8)}, "whole numbers in 1..24"),
        ({"part": np.full(FACES, 25)}, "whole numbers in 1..24"),
        ({"part": np.full(FACES, 1.5)}, "whole numbers in 1..24"),
        ({"uv": np.full((FACES, 3, 2), 1.2)}, "uv must lie in"),
        ({"uv": np.full((FACES, 3, 2), np.nan)}, "uv must lie in"),
        ({"keypoint_vertices": np.zeros((17, 2), int)}, "must both be"),
        ({"keypoint_vertices": np.full((17, 2), VERTICES), "keypoint_weights": np.ones((17, 2))}, "do not fit"),
    ],
)
def test_charts_that_do_not_fit_are_refused(tmp_path, fields, message):
    with pytest.raises(InputError, match=message):
        charted.read_charts(write(tmp_path / "a.npz", **fields), FACES, VERTICES)


def test_another_file_is_refused(tmp_path):
    (tmp_path / "a.npz").write_text("hello")
    np.save(tmp_path / "b.npy", np.zeros(3))
    for name in ("a.npz", "b.npy", "none.npz"):
        with pytest.raises(InputError, match="no charts"):
            charted.read_charts(tmp_path / name, FACES, VERTICES)
