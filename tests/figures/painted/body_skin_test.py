import numpy as np

from simpose_tf.figures.makehuman import Shape
from simpose_tf.figures.painted import bodies, body_skin
from simpose_tf.figures.painted.body_places import body_places
from simpose_tf.figures.painted.body_skin import Complexion

PALE = Complexion((0.9, 0.75, 0.68), (0.1, 0.06, 0.05), (0.3, 0.45, 0.6), "short", "none", 0.0, 0.0, 0.0)


def face_of(complexion):
    """Return the colours `[n, 3]` of the head's texels."""
    body = body_places()
    colors = np.tile(np.array(complexion.skin, np.float32), (len(body.everywhere.x) + len(body.eye_texels), 1))
    body_skin.face(colors, complexion, body, np.random.default_rng(0))
    return colors[body.head.places.texels]


def test_hair_covers_the_crown_and_leaves_the_face_free():
    colors, head = face_of(PALE), body_places().head
    crown = head.hairline > 0.02
    cheeks = (head.height < 0.2) & (head.degrees < 50) & (head.height > -0.9)
    assert colors[crown].mean() < 0.25 and colors[cheeks].mean() > 0.6


def test_lips_are_redder_than_the_cheeks_and_brows_darker():
    colors, head = face_of(PALE), body_places().head
    places = head.places
    lips = (np.abs(places.x) < 0.012) & (np.abs(places.y - 0.6555) < 0.002) & (places.z > 0.12)
    cheeks = (np.abs(np.abs(places.x) - 0.045) < 0.01) & (np.abs(places.y - 0.67) < 0.01) & (places.z > 0.08)
    brows = (np.abs(np.abs(places.x) - 0.03) < 0.008) & (np.abs(places.y - 0.7505) < 0.001) & (places.z > 0.08)
    assert lips.sum() > 20 and brows.sum() > 10
    assert (colors[lips, 0] / colors[lips, 1]).mean() > 1.2 * (colors[cheeks, 0] / colors[cheeks, 1]).mean()
    assert colors[brows].mean() < 0.7 * colors[cheeks].mean()


def test_eyes_have_a_dark_pupil_a_coloured_iris_and_a_white():
    body = body_places()
    colors, degrees, level = body_skin.eyes(PALE, body), np.degrees(body.eye_angle), np.abs(body.eye_height) < 0.1
    assert colors[(degrees < 6) & level].max() < 0.05
    iris = colors[(degrees > 14) & (degrees < 20) & level]
    assert (iris[:, 2] > iris[:, 0]).all()
    assert colors[(degrees > 30) & (degrees < 40) & level].min() > 0.7


def test_only_grown_men_have_beards_and_darker_races_darker_skin():
    def drawn(shape):
        return [body_skin.sample_complexion(np.random.default_rng(seed), shape) for seed in range(60)]

    child, woman, man = drawn(Shape(1, 0.2)), drawn(Shape(0, 0.5)), drawn(Shape(1, 0.5))
    assert {c.beard for c in child} == {c.beard for c in woman} == {"none"} and len({c.beard for c in man}) == 5
    dark, light = drawn(Shape(0, race=(1, 0, 0))), drawn(Shape(0, race=(0, 0, 1)))
    assert np.mean([c.skin for c in dark]) < 0.6 * np.mean([c.skin for c in light])


def test_styles_and_beards_are_all_seen_among_bodies():
    drawn = []
    for name in bodies.body_names("train", 400):
        rng = bodies.body_rng(name)
        drawn.append(body_skin.sample_complexion(rng, bodies.sample_shape(rng)))
    assert {c.style for c in drawn} == set(body_skin.STYLES) and {c.beard for c in drawn} == set(body_skin.BEARDS)
