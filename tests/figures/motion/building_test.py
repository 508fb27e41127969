import numpy as np
import pytest

from simpose_tf.figures import joints
from simpose_tf.figures.motion import bank as motion
from simpose_tf.figures.motion import building as pose_bank
from simpose_tf.figures.motion import checks as pose_checks
from simpose_tf.figures.motion.building import FAMILIES
from simpose_tf.figures.motion.limbs import Draw
from simpose_tf.figures.motion.reference_body import HEAVY, SLIM, reference_body

BODY = reference_body()
ASSET = motion.read_asset()
STANDING = ("stand", "reach", "stretch", "bend", "squat", "board", "ski")


def rows(count: int, families: tuple[str, ...] = tuple(FAMILIES)) -> list[int]:
    """Return poses of the asset, spread evenly over families."""
    each = [np.flatnonzero(ASSET["families"] == family) for family in families]
    return [int(own[(7 * k) % len(own)]) for k in range(-(-count // len(each))) for own in each][:count]


def angles(row: int) -> np.ndarray:
    return ASSET["angles"][row] / motion.STEPS


def goals_of(row: int):
    """Return the posture that a stored pose was drawn as."""
    family, split = str(ASSET["families"][row]), str(ASSET["splits"][row])
    index = int(ASSET["numbers"][row]) - (FAMILIES[family][1] if split == "val" else 0)
    seed = pose_bank.seed_of(family, split, index, int(ASSET["trials"][row]))
    return FAMILIES[family][0](Draw(np.random.default_rng(seed))).posture()


def test_the_asset_was_made_by_this_recipe():
    hint = "run `python -m simpose_tf.figures.motion.building --output=simpose_tf/figures/motion/poses.npz`"
    assert str(ASSET["recipe"]) == pose_bank.recipe_hash(), hint


def test_every_family_has_its_number_of_poses_in_both_splits():
    for family in FAMILIES:
        for split in motion.SPLITS:
            own = (ASSET["families"] == family) & (ASSET["splits"] == split)
            assert own.sum() == pose_bank.number_of(family, split) >= 8
            assert len(set(ASSET["numbers"][own])) == own.sum()


def test_drawing_again_gives_the_stored_poses():
    for row in rows(8):
        family, split = str(ASSET["families"][row]), str(ASSET["splits"][row])
        index = int(ASSET["numbers"][row]) - (FAMILIES[family][1] if split == "val" else 0)
        drawn = pose_bank.attempt(family, split, index, int(ASSET["trials"][row]))
        np.testing.assert_allclose(drawn.angles, angles(row), atol=0.3, err_msg=f"{family}-{index}")


def test_stored_poses_keep_all_bounds_on_the_reference_body():
    for row in rows(54):
        posture = goals_of(row)
        found = pose_checks.examine(BODY, angles(row), posture.ground, posture.balance)
        assert found.good(), (ASSET["families"][row], ASSET["numbers"][row], found)


@pytest.mark.slow
def test_every_stored_pose_keeps_all_bounds_on_the_reference_body():
    for row in range(len(ASSET["families"])):
        posture = goals_of(row)
        found = pose_checks.examine(BODY, angles(row), posture.ground, posture.balance)
        assert found.good(), (ASSET["families"][row], ASSET["numbers"][row], found)


def test_who_stands_stands_with_both_feet_on_the_ground_and_in_balance():
    for row in rows(21, STANDING):
        posture = goals_of(row)
        assert posture.balance and {name.startswith("Left") for name in posture.ground} == {True, False}
        vertices = pose_checks.posed(BODY, angles(row))
        for side in ("Left", "Right"):
            foot = [j for j, n in enumerate(BODY.skeleton.names) if n in (f"{side}Foot", f"{side}ToeBase")]
            lowest = vertices[np.isin(BODY.owner, foot), 1].min() - vertices[:, 1].min()
            assert lowest <= pose_checks.MAX_GAP
        assert pose_checks.balance_margin(vertices, BODY.faces) >= pose_checks.MIN_MARGIN


@pytest.mark.parametrize("shape", [SLIM, HEAVY], ids=["slim", "heavy"])
def test_most_poses_suit_slim_and_heavy_bodies_too(shape):
    body = reference_body(shape)
    depths = [pose_checks.deepest(body, pose_checks.posed(body, angles(row))) for row in rows(27)]
    assert np.mean(np.array(depths) <= 2 * pose_checks.MAX_DEPTH) > 0.9


def test_clip_frames_keep_the_bound_on_limbs_inside_the_body():
    bank = motion.clip_bank("train")
    order = [bank.bones.index(name) for name in BODY.skeleton.names]
    for k in range(0, len(bank.names), 12):
        vertices = pose_checks.posed(BODY, bank.angles[k][order].astype(float))
        assert pose_checks.deepest(BODY, vertices) <= pose_checks.MAX_DEPTH + 1e-4


def test_people_do_what_their_family_says():
    def of(family: str, bone: str) -> np.ndarray:
        return ASSET["angles"][ASSET["families"] == family][:, list(ASSET["bones"]).index(bone)] / motion.STEPS

    assert np.median(of("sit", "RightUpLeg")[:, 0]) > 60 and np.median(of("stand", "RightUpLeg")[:, 0]) < 20
    assert (np.maximum(of("walk", "LeftLeg")[:, 0], of("walk", "RightLeg")[:, 0]) > 30).mean() > 0.3
    assert (np.abs(of("lie", "Hips")[:, :2]).max(1) > 70).all()
    assert np.corrcoef(of("run", "LeftUpLeg")[:, 0], of("run", "RightUpLeg")[:, 0])[0, 1] < -0.3
    raised = np.maximum(np.hypot(*of("reach", "LeftArm")[:, :2].T), np.hypot(*of("reach", "RightArm")[:, :2].T))
    assert np.median(raised) > 60


def test_a_pose_that_breaks_a_bound_is_drawn_again(monkeypatch):
    calls = []

    def stub(family, split, index, trial):
        calls.append(trial)
        return None if trial < 3 else real

    real = pose_bank.Drawn(np.zeros((52, 3)), goals_of(0), pose_checks.Findings(0, 0, 1))
    monkeypatch.setattr(pose_bank, "attempt", stub)
    assert pose_bank.draw_pose(("stand", "train", 0, 1))[1] == 3 and calls == [1, 2, 3]


def test_fingers_are_relaxed_or_closed_but_never_bent_back():
    low, high = joints.limits(ASSET["bones"])
    bends = [k for k, name in enumerate(ASSET["bones"]) if "Hand" in name and name[-1] == "2" and "Thumb" not in name]
    values = ASSET["angles"][:, bends, 1] / motion.STEPS
    assert values.max() <= 8 and -50 < np.median(values) < -10
    assert (ASSET["angles"] / motion.STEPS >= low - 0.01).all() and (
        ASSET["angles"] / motion.STEPS <= high + 0.01
    ).all()
