import igl
import numpy as np

from simpose_tf.figures.motion.reference_body import HEAVY, SLIM, reference_body

BODY = reference_body()


def test_landmarks_lie_on_the_skin_and_mirror_each_other():
    for name, mark in BODY.landmarks.items():
        if name.endswith(("Grip", "Wrist", "ForeArmMid")):
            continue  # inside, or before the palm
        away = np.linalg.norm(BODY.vertices - mark.point, axis=1).min()
        assert away < 0.03, (name, away)
        if name.startswith("Left"):
            other = BODY.landmarks[name.replace("Left", "Right")].point
            np.testing.assert_allclose(mark.point * [-1, 1, 1], other, atol=0.006, err_msg=name)


def test_palms_look_to_the_thighs_in_the_neutral_posture():
    chain = BODY.chain
    for side, inward in (("Left", -1), ("Right", 1)):
        j = chain.names.index(f"{side}Hand")
        out_of_palm = BODY.landmarks[f"{side}Palm"].point - BODY.landmarks[f"{side}Knuckles"].point
        assert (chain.neutral[j] @ out_of_palm)[0] * inward > 0.015


def test_balls_fill_the_body_but_do_not_stick_out_of_it():
    inside = igl.fast_winding_number(BODY.vertices, BODY.faces, BODY.ball_centers) > 0.5
    hollow = ("LeftHand", "RightHand", "Head")  # fingers are thought half closed; the mouth is open inside
    assert inside[[BODY.chain.names[j] not in hollow for j in BODY.ball_bones]].all()
    squared = igl.point_mesh_squared_distance(BODY.ball_centers[inside], BODY.vertices, BODY.faces)[0]
    assert (BODY.ball_radii[inside] - np.sqrt(squared)).max() < 0.04


def test_slim_and_heavy_bodies_differ_as_their_names_say():
    slim, heavy = (reference_body(shape) for shape in (SLIM, HEAVY))
    waists = [
        np.ptp(body.vertices[body.owner == body.skeleton.names.index("Spine"), 2]) for body in (slim, BODY, heavy)
    ]
    assert waists[0] < waists[1] < waists[2]
