from dataclasses import replace

import numpy as np
import pytest

from simpose_tf.figures import makehuman
from simpose_tf.figures.dressed import draping, dressing, trims
from simpose_tf.figures.dressed.garments import Landmarks, Top, Trousers
from simpose_tf.surface.reference import open_reference

_BASE = makehuman.load_base()
_VERTICES = makehuman.shape_vertices(_BASE, makehuman.Shape(gender=1.0))
AT = Landmarks(makehuman.skeleton_of(_BASE, _VERTICES))
BODY = dressing.charted_body(_BASE, _VERTICES, open_reference())
SHIRT = Top(1.9, 0.01, 0.9, 0.012)
WORN = draping.dress(SHIRT, BODY, AT, np.random.default_rng(0))


def sewn(garment, worn=WORN):
    return trims.sewn_on(garment, worn, BODY, AT)


@pytest.mark.parametrize("detail", ["rib", "cuffs", "band", "placket", "chest", "pouch"])
def test_an_overlay_lies_on_its_garment_and_carries_its_charts(detail):
    (trim,) = sewn(replace(SHIRT, details=(detail,)))
    assert trim.own and len(trim.shade) == len(trim.patch.points) and len(trim.patch.faces) > 10
    distance = np.linalg.norm(trim.patch.points[:, None] - WORN.patch.points[None, ::3], axis=2).min(1)
    assert distance.max() < 0.05
    assert set(trim.patch.part.tolist()) <= set(WORN.patch.part.tolist())
    np.testing.assert_allclose(trim.patch.skin.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize("kind", ["collar", "coat collar", "stand", "roll", "hood"])
def test_a_collar_grows_out_of_the_neckline(kind):
    (trim,) = sewn(replace(SHIRT, details=(kind,)))
    points = trim.patch.points
    assert np.isfinite(points).all() and len(trim.patch.faces) > 100
    assert points[:, 1].max() > WORN.patch.points[np.abs(WORN.patch.fields["neck"]) < 1e-6, 1].max()
    assert np.linalg.norm((points - AT["Neck"])[:, [0, 2]], axis=1).max() < 0.22


def test_a_hood_hangs_behind():
    (hood,), (collar,) = sewn(replace(SHIRT, details=("hood",))), sewn(replace(SHIRT, details=("collar",)))
    assert hood.patch.points[:, 2].min() < collar.patch.points[:, 2].min() - 0.03


def test_buttons_sit_in_a_row_on_the_middle_of_the_front():
    (buttons,) = sewn(replace(SHIRT, details=("buttons",)))
    assert not buttons.own and len(buttons.patch.points) % 11 == 0
    middles = buttons.patch.points.reshape(-1, 11, 3).mean(1)
    assert 4 <= len(middles) <= 9 and np.abs(middles[:, 0]).max() < 0.004
    assert (np.diff(middles[:, 1]) < -0.05).all() and (middles[:, 2] > AT["Spine1"][2]).all()


def test_a_belt_is_leather_at_the_waist():
    jeans = Trousers(1.9, 0.009, 0.02, ("belt",))
    worn = draping.dress(jeans, BODY, AT, np.random.default_rng(0))
    (belt,) = sewn(jeans, worn)
    assert not belt.own and np.ptp(belt.patch.points[:, 1]) < 0.07


def test_lapels_end_above_the_button():
    blazer = Top(1.9, 0.03, 1.0, 0.02, 0.7, (0.055, -0.03), ("lapels",))
    worn = draping.dress(blazer, BODY, AT, np.random.default_rng(0))
    (lapels,) = sewn(blazer, worn)
    assert lapels.patch.points[:, 1].min() > AT["Spine"][1] - 0.05
    assert (lapels.patch.points[:, 0] > 0.02).any() and (lapels.patch.points[:, 0] < -0.02).any()
