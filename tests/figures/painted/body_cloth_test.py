import numpy as np

from simpose_tf.figures.painted import body_cloth
from simpose_tf.figures.painted.body_fabrics import Fabric
from simpose_tf.figures.painted.body_outfits import Bottom, Outfit, Shoes, Top, sample_outfit
from simpose_tf.figures.painted.body_places import body_places

RED = Fabric((0.9, 0.05, 0.05))


def painted(outfit):
    """Return white skin `[N, 3]` with an outfit on it."""
    colors = np.ones((len(body_places().everywhere.x) + len(body_places().eye_texels), 3), np.float32)
    body_cloth.wear(colors, outfit, body_places(), np.random.default_rng(0))
    return colors


def test_cover_and_line_preset():
    np.testing.assert_allclose(
        body_cloth.cover(np.array([-0.01, -0.001, 0, 0.001, 0.01]), 0.004), [0, 0.25, 0.5, 0.75, 1]
    )
    np.testing.assert_allclose(body_cloth.line(np.array([0.0, 0.003]), 0.003), [1, np.exp(-1)])


def test_trousers_end_at_their_hem_and_nowhere_else():
    body = body_places()
    red = painted(Outfit((), Bottom(RED, 1.0), None, False))[:, 1] < 0.5
    places, knee = body.everywhere, body.joints["LeftLeg"][1]
    waist = 0.35 * body.joints["Hips"][1] + 0.65 * body.joints["Spine"][1]
    leg = (places.arm < 0.1) & (places.y < waist - 0.03)
    assert red[places.texels[leg & (places.y > knee + 0.003)]].all()
    assert not red[places.texels[places.y < knee - 0.003]].any()
    assert not red[places.texels[places.y > waist + 0.03]].any()


def test_a_hem_is_as_smooth_as_its_function():
    body = body_places()
    colors, places, knee = (
        painted(Outfit((), Bottom(RED, 1.0), None, False)),
        body.everywhere,
        body.joints["LeftLeg"][1],
    )
    near = (np.abs(places.y - knee) < 0.0015) & (places.arm < 0.1)
    share = (1 - colors[places.texels[near], 1]) / 0.95  # half-covered at the hem itself, falling linearly across it
    slope = np.polyfit((places.y - knee)[near], share, 1)[0]
    assert slope > 150 and near.sum() > 50


def test_a_sleeve_ends_at_its_place_along_the_arm():
    body = body_places()
    red = painted(Outfit((Top(RED, 1.0),), None, None, False))[:, 1] < 0.5
    places = body.everywhere
    arm = places.arm > 0.9
    assert red[places.texels[arm & (places.way > 0.3) & (places.way < 0.97)]].all()
    assert not red[places.texels[arm & (places.way > 1.03)]].any()


def test_a_tucked_top_ends_inside_the_bottom():
    body, blue = body_places(), Fabric((0.05, 0.05, 0.9))
    outfit = Outfit((Top(RED, 0.5, hem=1.2),), Bottom(blue, 1.9), None, True)
    hips = np.abs(body.lower.y - body.joints["LeftUpLeg"][1] - 0.02) < 0.01
    hips &= body.lower.arm < 0.05
    tucked, loose = painted(outfit), painted(Outfit(outfit.tops, outfit.bottom, None, False))
    assert (tucked[body.lower.texels[hips], 2] > 0.4).all()
    assert (loose[body.lower.texels[hips], 0] > 0.4).all()


def test_shoes_are_painted_on_feet_only():
    body = body_places()
    shoes = Shoes((0.05, 0.3, 0.05), (0.05, 0.3, 0.05), 0.0, False, None)
    dark = painted(Outfit((), None, shoes, False))[:, 0] < 0.5
    places, ankle = body.everywhere, body.joints["LeftFoot"][1]
    assert dark[places.texels[places.y < ankle - 0.06]].all()
    assert not dark[places.texels[places.y > ankle + 0.01]].any()


def test_only_men_go_without_a_top():
    rng = np.random.default_rng(0)
    women = [sample_outfit(rng, male=False, age=0.5) for _ in range(300)]
    men = [sample_outfit(rng, male=True, age=0.5) for _ in range(300)]
    assert all(outfit.tops for outfit in women) and not all(outfit.tops for outfit in men)
    assert not any(outfit.bottom.skirt for outfit in men) and any(outfit.bottom.skirt for outfit in women)
