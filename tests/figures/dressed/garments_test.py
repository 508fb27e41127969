import numpy as np
import pytest

from simpose_tf.figures import makehuman
from simpose_tf.figures.dressed import garments, patches, shoes, skirts
from simpose_tf.figures.dressed.garments import Landmarks, Shoes, Skirt, Top, Trousers
from simpose_tf.figures.dressed.patches import Patch
from simpose_tf.surface.reference import open_reference

_BASE, _CHARTS = makehuman.load_base(), open_reference()
_VERTICES = makehuman.shape_vertices(_BASE, makehuman.Shape(gender=0.0))
AT = Landmarks(makehuman.skeleton_of(_BASE, _VERTICES))
_COUNT = len(_CHARTS.vertices)
BODY = Patch(_VERTICES[:_COUNT], _BASE.skin[:_COUNT], {}, _CHARTS.faces.astype(int), _CHARTS.part, _CHARTS.uv)

T_SHIRT, TANK, LONG = Top(0.5, 0.02, 0.95, 0.011), Top(0.0, 0.06, 0.9, 0.01), Top(1.9, 0.0, 0.95, 0.01)
JEANS, SHORTS = Trousers(1.9, 0.008, 0.02), Trousers(0.7, 0.008, 0.02)


def loops(faces: np.ndarray) -> int:
    """Count the closed border lines."""
    edges = patches.boundary_edges(faces)
    successor = dict(edges.tolist())
    assert len(successor) == len(edges)  # every border vertex once: no pinched border
    count = 0
    while successor:
        start = next(iter(successor))
        while start in successor:
            start = successor.pop(start)
        count += 1
    return count


@pytest.mark.parametrize("garment, openings", [(T_SHIRT, 4), (TANK, 4), (LONG, 4), (JEANS, 3), (SHORTS, 3)])
def test_a_garment_has_its_openings_and_its_hems_lie_on_iso_lines(garment, openings):
    piece = garments.cut(garment, BODY, AT)
    assert loops(piece.faces) == openings
    border = np.unique(patches.boundary_edges(piece.faces))
    cut = [name for name in garments.fields_of(garment, BODY, AT) if name != "arms"]
    assert np.abs(np.stack([piece.fields[name][border] for name in cut])).min(0).max() < 1e-9


@pytest.mark.parametrize("garment", [T_SHIRT, JEANS])
def test_a_garment_carries_the_charts_of_the_body_beneath(garment):
    piece = garments.cut(garment, BODY, AT)
    middle = piece.uv.mean(1)
    key = {}
    for part, uv in zip(BODY.part, BODY.uv, strict=True):
        key.setdefault(int(part), []).append(uv)
    rng = np.random.default_rng(0)
    for f in rng.integers(0, len(piece.faces), 60):  # the middle of a garment's face lies in a body face's uv triangle
        a, b, c = np.moveaxis(np.array(key[int(piece.part[f])], float), 1, 0)
        inside = np.ones(len(a), bool)
        turn = np.sign((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
        for p, q in ((a, b), (b, c), (c, a)):
            to = middle[f] - p
            inside &= turn * ((q - p)[:, 0] * to[:, 1] - (q - p)[:, 1] * to[:, 0]) >= -1e-7
        assert inside.any()


@pytest.mark.parametrize("garment", [T_SHIRT, TANK, LONG, JEANS, SHORTS])
def test_cloth_lies_outside_the_skin(garment):
    piece = garments.cut(garment, BODY, AT)
    cloth, outward = patches.drape(piece, np.full(len(piece.points), 0.01))
    gap = np.einsum("nc,nc->n", cloth - piece.points, outward)
    assert gap.min() >= 0.004 - 1e-9
    assert np.quantile(gap, 0.9) < 0.03


def test_cover_is_inside_the_garment_and_leaves_a_rim():
    fields = garments.fields_of(T_SHIRT, BODY, AT)
    covered = garments.cover(T_SHIRT, fields) > 0
    worn = np.min(list(fields.values()), axis=0)
    assert covered.any() and worn[covered].min() > 0.017
    assert (worn > 0).sum() > covered.sum()


def test_trousers_leave_the_hands_free():
    piece = garments.cut(JEANS, BODY, AT)
    assert garments.share(piece, AT.names, ("Arm", "ForeArm", "Hand")).max() < 0.8
    assert np.abs(piece.points[:, 0]).max() < 0.26


def test_skirt_widens_downward_and_encloses_the_legs():
    sheet, shade = skirts.skirt(Skirt(1.0, 0.1, 9, 0.008), BODY, AT, np.zeros((0, 3)))
    assert len(shade) == len(sheet.points)
    legs = BODY.points[
        (np.abs(BODY.points[:, 0]) < 0.3) & (garments.share(BODY, AT.names, ("Arm", "ForeArm", "Hand")) < 0.3)
    ]
    radius = np.linalg.norm(sheet.points[:, [0, 2]] - AT["Hips"][[0, 2]], axis=1).reshape(-1, 96)
    assert (np.diff(radius.mean(1)) > -1e-9).all()
    for y, row in zip(sheet.points[::96, 1], radius, strict=True):
        near = legs[np.abs(legs[:, 1] - y) < 0.01]
        if len(near):
            assert np.linalg.norm(near[:, [0, 2]] - AT["Hips"][[0, 2]], axis=1).max() < row.max()
    np.testing.assert_allclose(sheet.skin.sum(1), 1, atol=1e-5)


def test_skirt_follows_the_leg_of_its_side():
    sheet, _ = skirts.skirt(Skirt(0.9, 0.1, 0, 0.008), BODY, AT, np.zeros((0, 3)))
    low = sheet.points[:, 1] < AT["LeftUpLeg"][1] - 0.1
    left = sheet.skin[:, [AT.names.index("LeftUpLeg"), AT.names.index("LeftLeg")]].sum(1)
    assert left[low & (sheet.points[:, 0] > 0.12)].min() > 0.85
    assert left[low & (sheet.points[:, 0] < -0.12)].max() < 0.15


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_shoe_encloses_the_foot_and_has_one_opening(side):
    upper, _ = shoes.shoe(Shoes(0.01, 0.007), side, BODY, AT)
    assert loops(upper.faces) == 1
    own = BODY.points[BODY.points[:, 0] * AT[f"{side}Foot"][0] > 0]
    foot = own[own[:, 1] < AT[f"{side}Foot"][1] - 0.01]
    assert (upper.points.max(0)[[0, 2]] > foot.max(0)[[0, 2]]).all()
    assert (upper.points.min(0) < foot.min(0)).all()
    assert set(upper.part.tolist()) <= ({5, 12, 14} if side == "Left" else {6, 11, 13})
