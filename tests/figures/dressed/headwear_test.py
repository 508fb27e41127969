import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.figures import makehuman
from simpose_tf.figures.dressed import dressing, hair, headwear
from simpose_tf.figures.dressed.garments import Landmarks
from simpose_tf.figures.dressed.head import Head, inside
from simpose_tf.figures.dressed.headwear import Hat
from simpose_tf.surface.reference import open_reference

_BASE = makehuman.load_base()
_VERTICES = makehuman.shape_vertices(_BASE, makehuman.Shape(gender=0.5))
AT = Landmarks(makehuman.skeleton_of(_BASE, _VERTICES))
BODY = dressing.charted_body(_BASE, _VERTICES, open_reference())
HEAD = Head(_BASE.keypoint_regressor @ _VERTICES, BODY)


@pytest.mark.parametrize("kind", headwear.KINDS)
def test_headwear_is_on_the_head_and_has_its_charts(kind):
    for patch, shade in headwear.put_on(Hat(kind), BODY, HEAD, AT):
        assert np.isfinite(patch.points).all() and len(shade) <= len(patch.points)
        assert set(patch.part.tolist()) <= {23, 24}
        assert patch.points[:, 1].min() > HEAD.eyes[1] - 0.5 * HEAD.unit


@pytest.mark.parametrize("kind", ["cap", "beanie", "sunhat"])
def test_no_hair_stands_out_of_a_hat(kind):
    for patch, shade in hair.grow("curly", BODY, HEAD, AT):
        left, left_shade = headwear.under(Hat(kind), patch, shade, HEAD)
        assert len(left_shade) == len(left.points)
        assert left.points[:, 1].max() < HEAD.crown - 0.1 * HEAD.unit
    assert headwear.hides(Hat(kind), BODY, HEAD).sum() > 100


def test_a_cap_has_its_visor_in_front_and_a_sunhat_all_around():
    cap, sunhat = (
        np.concatenate([p.points for p, _ in headwear.put_on(Hat(k), BODY, HEAD, AT)]) for k in ("cap", "sunhat")
    )
    face, nape = (
        BODY.points[BODY.points[:, 1] > HEAD.eyes[1]][:, 2].max(),
        BODY.points[BODY.points[:, 1] > HEAD.eyes[1]][:, 2].min(),
    )
    assert cap[:, 2].max() > face + 0.04 and cap[:, 2].min() > nape - 0.04
    assert sunhat[:, 2].max() > face + 0.04 and sunhat[:, 2].min() < nape - 0.06


def test_glasses_are_before_the_eyes_and_an_unknown_kind_raises():
    first = headwear.put_on(Hat("glasses"), BODY, HEAD, AT)[0][0]
    assert first.points[:, 2].min() > HEAD.both_eyes[0, 2]
    assert np.abs(first.points.mean(0) - HEAD.both_eyes[0])[:2].max() < 0.01
    with pytest.raises(InputError, match="crown"):
        Hat("crown")


def test_what_lies_inside_the_head_is_found_and_the_face_is_not():
    hidden = inside(_BASE, BODY.faces)
    middle = _BASE.vertices[BODY.faces].mean(1)
    assert hidden.any() and not hidden[middle[:, 1] < 0.4].any()
    cheek = np.argmin(np.linalg.norm(middle - [0.045, 0.69, 0.13], axis=1))
    assert not hidden[cheek]
