import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.figures import makehuman
from simpose_tf.figures.dressed import beard, face, hair, patches
from simpose_tf.figures.dressed.garments import Landmarks
from simpose_tf.figures.dressed.head import Head
from simpose_tf.figures.dressed.patches import Patch
from simpose_tf.surface.reference import open_reference

_BASE, _CHARTS = makehuman.load_base(), open_reference()
_VERTICES = makehuman.shape_vertices(_BASE, makehuman.Shape(gender=0.3))
AT = Landmarks(makehuman.skeleton_of(_BASE, _VERTICES))
_COUNT = len(_CHARTS.vertices)
BODY = Patch(_VERTICES[:_COUNT], _BASE.skin[:_COUNT], {}, _CHARTS.faces.astype(int), _CHARTS.part, _CHARTS.uv)
_MOUTH = int(np.argmin(np.linalg.norm(_BASE.vertices[:_COUNT] - [0, 0.661, 0.158], axis=1)))
HEAD = Head(_BASE.keypoint_regressor @ _VERTICES, BODY)


@pytest.mark.parametrize("style", [s for s in hair.STYLES if s != "bald"])
def test_hair_leaves_the_face_free(style):
    for patch, shade in hair.grow(style, BODY, HEAD, AT):
        assert len(shade) <= len(patch.points) and np.isfinite(patch.points).all() and np.isfinite(shade).all()
        in_front = (HEAD.degrees(patch.points) < 50) & (patch.points[:, 1] < HEAD.eyes[1] + 0.3 * HEAD.unit)
        assert not in_front.any()


@pytest.mark.parametrize("style", ["crop", "short", "bun", "bob"])
def test_hair_on_the_head_has_head_charts(style):
    for patch, _ in hair.grow(style, BODY, HEAD, AT):
        assert set(patch.part.tolist()) <= {23, 24, 1}  # the nape touches the back
        assert np.isin(patch.part, [23, 24]).mean() > 0.97


def test_hair_covers_the_crown():
    patch, _ = hair.grow("short", BODY, HEAD, AT)[0]
    assert patch.points[:, 1].max() > HEAD.crown + 0.005


def test_long_hair_reaches_lower_than_a_bob():
    lowest = {s: min(p.points[:, 1].min() for p, _ in hair.grow(s, BODY, HEAD, AT)) for s in ("short", "bob", "long")}
    assert lowest["long"] < lowest["bob"] - 0.08 < lowest["short"] - 0.08


def test_bald_has_no_hair_and_an_unknown_style_raises():
    assert hair.grow("bald", BODY, HEAD, AT) == []
    with pytest.raises(InputError, match="mohawk"):
        hair.grow("mohawk", BODY, HEAD, AT)


def test_brows_lie_above_the_eyes_and_lips_below_the_nose():
    skin = (0.8, 0.6, 0.5)
    patch, neutral = face.refined(_BASE, BODY)
    colors = face.Colors.of(skin, (0.1, 0.08, 0.07), "short")
    painted, points = face.paint(_BASE, neutral, colors), patch.points
    brow = (painted[:, 0] < 0.55) & (points[:, 1] > HEAD.eyes[1] + 0.1 * HEAD.unit)
    lips = (painted[:, 1] < 0.7) & (painted[:, 0] > 0.75)
    nose = (_BASE.keypoint_regressor @ _VERTICES)[0]
    assert brow.sum() > 40 and lips.sum() > 60
    assert points[brow, 1].max() < HEAD.eyes[1] + 0.5 * HEAD.unit
    assert points[lips, 1].max() < nose[1] and np.abs(points[lips, 0]).max() < 0.035
    assert (painted[np.abs(points[:, 0]) > 0.15] == 1).all()


def test_refining_the_face_keeps_the_body_vertices_and_leaves_no_gaps():
    patch, neutral = face.refined(_BASE, BODY)
    np.testing.assert_array_equal(patch.points[:_COUNT], BODY.points)
    assert len(neutral) == len(patch.points) > _COUNT
    assert len(patches.boundary_edges(patch.faces)) == len(patches.boundary_edges(BODY.faces))


@pytest.mark.parametrize("style", ["goatee", "full"])
def test_a_beard_leaves_mouth_and_cheeks_free(style):
    ((patch, _),) = beard.grow(style, _BASE, BODY)
    mouth = np.linalg.norm((patch.points - _VERTICES[_MOUTH]) * [0.4, 1, 0.2], axis=1)
    assert mouth.min() > 0.003
    assert patch.points[:, 1].max() < HEAD.eyes[1]
    assert patch.points[:, 1].min() < _VERTICES[_MOUTH, 1] - 0.02


def test_stubble_is_painted_only_and_an_unknown_beard_raises():
    assert beard.grow("stubble", _BASE, BODY) == []
    with pytest.raises(InputError, match="braid"):
        beard.grow("braid", _BASE, BODY)
