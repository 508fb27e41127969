from dataclasses import replace

import numpy as np
import pytest

from simpose_tf.figures import makehuman
from simpose_tf.figures.dressed import draping, dressing, garments
from simpose_tf.figures.dressed.garments import Landmarks, Top, Trousers
from simpose_tf.surface.reference import open_reference

_BASE = makehuman.load_base()
_VERTICES = makehuman.shape_vertices(_BASE, makehuman.Shape(gender=0.0))
AT = Landmarks(makehuman.skeleton_of(_BASE, _VERTICES))
BODY = dressing.charted_body(_BASE, _VERTICES, open_reference())
SHIRT, JACKET = Top(1.9, 0.01, 0.9, 0.012, 0.0), Top(1.9, 0.01, 0.95, 0.012, 0.0, (0.05, 0.07))


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("garment", [SHIRT, JACKET, Trousers(1.9, 0.009, 0.02)])
def test_cloth_with_its_folds_lies_outside_the_skin(garment):
    worn = draping.dress(garment, BODY, AT, rng())
    gap = np.einsum("nc,nc->n", worn.patch.points - worn.bare, worn.outward)
    assert gap.min() > 0.0015 and np.quantile(gap, 0.9) < 0.035


def test_a_second_layer_lies_outside_the_first():
    first = draping.dress(SHIRT, BODY, AT, rng())
    body = dressing._over(replace(BODY, fields={"under": np.zeros(len(BODY.points))}), first)
    assert (body.fields["under"] > 0.003).sum() > 500
    second = draping.dress(JACKET, body, AT, rng())
    gap = np.einsum("nc,nc->n", second.patch.points - second.bare, second.outward)
    below = second.patch.fields["under"]
    assert (gap - below)[below > 0].min() > 0.002


def test_a_dropping_shirt_hangs_from_the_chest_and_a_tight_one_follows_the_waist():
    def girth(drop: float) -> float:
        worn = draping.dress(Top(0.5, 0.02, 0.95, 0.012, drop), BODY, AT, rng())
        level = np.abs(worn.patch.points[:, 1] - AT["Spine"][1] - 0.03) < 0.02
        return float(np.linalg.norm(worn.patch.points[level][:, [0, 2]], axis=1).mean())

    assert girth(1.0) > girth(0.0) + 0.002


def test_an_open_front_shows_the_middle_and_a_closed_one_does_not():
    for garment, open_at_the_middle in ((JACKET, True), (SHIRT, False)):
        points = draping.dress(garment, BODY, AT, rng()).patch.points
        height = np.abs(points[:, 1] - AT["Spine1"][1]) < 0.05
        middle = (np.abs(points[:, 0]) < 0.04) & (garments.in_front(points, AT) > 0.05) & height
        assert middle.any() != open_at_the_middle


def test_hems_are_closed_and_their_shade_fits():
    patch, shade = draping.closed(draping.dress(SHIRT, BODY, AT, rng()), 0.012)
    assert len(shade) == len(patch.points) and 0.5 < shade.min() < shade.max() < 1.3
