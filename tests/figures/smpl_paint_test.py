import numpy as np

from simpose_tf.figures import makehuman, smpl_paint
from simpose_tf.surface.reference import open_reference


def open_body() -> smpl_paint.Body:
    base, reference = makehuman.load_base(), open_reference()
    spots = base.keypoint_regressor @ makehuman.shape_vertices(base, makehuman.Shape())
    vertices = makehuman.shape_vertices(base, makehuman.Shape())
    return smpl_paint.Body(reference.part, vertices[reference.faces].mean(1), spots)


BODY = open_body()


def looks(count: int) -> list:
    return [smpl_paint.painted(BODY, np.random.default_rng(seed)) for seed in range(count)]


def test_hands_and_faces_are_skin_and_feet_are_never_trousers():
    face = np.isin(BODY.part, (23, 24)) & (BODY.middles[:, 2] > BODY.at("eye")[2] - 0.02)
    face &= np.abs(BODY.middles[:, 1] - BODY.at("eye")[1]) < 0.03
    for material, materials in looks(20):
        name = np.array([m.name for m in materials])[material]
        assert (name[np.isin(BODY.part, (3, 4))] == "skin").all()
        assert (name[face] == "skin").all()
        assert set(name[np.isin(BODY.part, (5, 6))]) <= {"skin", "shoes"}


def test_the_crown_has_hair_on_most_people():
    crown = BODY.middles[:, 1] > BODY.middles[:, 1].max() - 0.03
    share = np.mean([(material[crown] == 1).all() for material, _ in looks(40)])
    assert 0.7 < share < 1


def test_sleeves_have_no_gap():
    for material, _ in looks(30):
        upper, lower = (material[np.isin(BODY.part, p)] == 2 for p in ((15, 16, 17, 18), (19, 20, 21, 22)))
        assert upper.all() or not lower.any()


def test_only_clothes_change_their_hue():
    for _, materials in looks(5):
        assert [m.jitter_hue for m in materials] == [False, False, True, True, True]


def test_people_look_different():
    assert len({materials[2].color for _, materials in looks(20)}) == 20
