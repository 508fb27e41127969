import numpy as np

from simpose_tf.figures.painted import charted_paint
from simpose_tf.figures.painted.body_atlas import SIZE, body_atlas
from simpose_tf.surface.reference import open_reference

_TEXELS = 2 / SIZE


def halves(values: np.ndarray) -> np.ndarray:
    """Cut each triangle `[F, 3, k]` in two."""
    a, b, c = values[:, 0], values[:, 1], values[:, 2]
    return np.concatenate([np.stack([a, b, (b + c) / 2], 1), np.stack([a, (b + c) / 2, c], 1)])


def test_the_open_body_gets_its_own_layout_back():
    atlas, reference = body_atlas(), open_reference()
    found = charted_paint.painted_texture_uv(reference.part, reference.uv)
    np.testing.assert_allclose(found, atlas.texture_uv[: len(reference.faces)], atol=_TEXELS)


def test_another_triangulation_gets_the_same_layout_and_no_torn_faces():
    atlas, reference = body_atlas(), open_reference()
    order = np.random.default_rng(0).permutation(2 * len(reference.part))
    part, uv = np.tile(reference.part, 2)[order], halves(reference.uv)[order]
    want = halves(atlas.texture_uv[: len(reference.faces)])[order]
    found = charted_paint.painted_texture_uv(part, uv)
    np.testing.assert_allclose(found, want, atol=_TEXELS)


def test_paint_is_opaque_and_comes_from_its_random_numbers_alone():
    first, again, other = (charted_paint.sample_paint(np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first[..., 3] == 255).all()
    assert np.abs(first.astype(int) - other).mean() > 5
