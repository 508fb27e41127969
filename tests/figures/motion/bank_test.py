import logging
from pathlib import Path

import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.figures import joints
from simpose_tf.figures.figure import Skeleton
from simpose_tf.figures.motion import bank as motion
from simpose_tf.figures.motion import retarget
from simpose_tf.figures.motion.bank import PoseBank
from simpose_tf.figures.motion.bvh import read_bvh
from simpose_tf.figures.motion.clips import Clip
from simpose_tf.figures.motion.reference_body import reference_body
from simpose_tf.figures.pose import pose_bones
from simpose_tf.splits import SPLITS
from tests.figures.glb_files import write_glb
from tests.figures.motion.bvh_test import skeleton, write_bvh
from tests.figures.stick_person import stick_person

SKELETON = reference_body().skeleton


def random_bank(count: int, seed: int) -> PoseBank:
    low, high = joints.limits(SKELETON.names)
    angles = joints.within_limits(SKELETON.names, np.random.default_rng(seed).uniform(low, high, (count, 52, 3)))
    names = tuple(f"x-{k:04d}" for k in range(count))
    return PoseBank(names, ("x",) * count, SKELETON.names, angles.astype(np.float32))


def test_the_bank_has_thousands_of_poses_and_the_splits_share_none():
    train, val = motion.pose_bank("train"), motion.pose_bank("val")
    assert len(train.names) >= 2000 and len(val.names) >= 400
    assert len(set(train.names)) == len(train.names) and not set(train.names) & set(val.names)
    clips = [{family for family in bank.families if family.startswith("clip_")} for bank in (train, val)]
    assert len(clips[0]) >= 10 and len(clips[1]) >= 2 and not clips[0] & clips[1]
    assert train.angles.dtype == np.float32 and train.angles.shape == (len(train.names), 52, 3)
    assert all(name.startswith(f"{family}-") for name, family in zip(train.names, train.families, strict=True))


@pytest.mark.parametrize("split", ["train", "val"])
def test_poses_are_distinct(split):
    drawn, clips = motion.drawn_bank(split), motion.clip_bank(split)
    for angles in (drawn.angles, *(clips.angles[np.array(clips.families) == f] for f in set(clips.families))):
        apart = motion.differences(SKELETON.names, angles, angles) + 360 * np.eye(len(angles))
        assert apart.min() >= motion.MIN_DIFFERENCE - 0.1


def test_no_pose_of_validation_is_one_of_training():
    train, val = motion.pose_bank("train"), motion.pose_bank("val")
    assert motion.differences(train.bones, val.angles, train.angles).min() > 4


def test_all_poses_are_inside_the_limits():
    for split in SPLITS:
        bank = motion.pose_bank(split)
        low, high = joints.limits(bank.bones)
        assert (bank.angles >= low - 1e-3).all() and (bank.angles <= high + 1e-3).all()


def test_poses_of_a_skeleton_are_those_of_its_angles():
    bank = random_bank(3, 0)
    for k in range(3):
        want = joints.rotations_from_angles(SKELETON, bank.angles[k].astype(float))
        np.testing.assert_allclose(motion.pose_rotations(bank, k, SKELETON), want, atol=1e-12)


def test_a_mirrored_pose_is_its_mirror_image():
    bank = random_bank(2, 1)
    even = 0.5 * (SKELETON.heads + [-1, 1, 1] * SKELETON.heads[[_other(name) for name in SKELETON.names]])
    even_tails = 0.5 * (SKELETON.tails + [-1, 1, 1] * SKELETON.tails[[_other(name) for name in SKELETON.names]])
    body = Skeleton(SKELETON.names, SKELETON.parents, even, even_tails)  # symmetric to the last digit
    for k in range(2):
        places = []
        for mirrored in (False, True):
            maps = pose_bones(body, motion.pose_rotations(bank, k, body, mirrored))
            places.append(np.einsum("jab,jb->ja", maps[:, :, :3], body.tails) + maps[:, :, 3])
        np.testing.assert_allclose(places[1], places[0][[_other(name) for name in body.names]] * [-1, 1, 1], atol=1e-9)


def _other(name: str) -> int:
    return SKELETON.names.index(name.replace("Left", "*").replace("Right", "Left").replace("*", "Right"))


def test_a_skeleton_with_a_shorter_spine_leans_as_far():
    keep = [j for j, name in enumerate(SKELETON.names) if name not in ("Spine1", "Spine2")]
    place = {j: k for k, j in enumerate(keep)}
    spine = place[SKELETON.names.index("Spine")]
    parents = np.array([place.get(int(p), spine) if p >= 0 else -1 for p in SKELETON.parents[keep]])
    short = Skeleton(tuple(SKELETON.names[j] for j in keep), parents, SKELETON.heads[keep], SKELETON.tails[keep])
    bank = random_bank(1, 2)
    whole = pose_bones(SKELETON, motion.pose_rotations(bank, 0, SKELETON))[:, :, :3]
    part = pose_bones(short, motion.pose_rotations(bank, 0, short))[:, :, :3]
    for name in ("LeftArm", "RightHand", "Head", "LeftFoot"):
        np.testing.assert_allclose(part[short.names.index(name)], whole[SKELETON.names.index(name)], atol=1e-12)


def test_unknown_bones_stay_at_rest():
    names = tuple("Tail" if name == "LeftToeBase" else name for name in SKELETON.names)
    strange = Skeleton(names, SKELETON.parents, SKELETON.heads, SKELETON.tails)
    rotations = motion.pose_rotations(random_bank(1, 3), 0, strange)
    np.testing.assert_allclose(rotations[names.index("Tail")], np.eye(3), atol=1e-12)


def test_differences_are_the_angle_of_the_joint_that_turned_most():
    angles = np.zeros((2, 52, 3))
    angles[1, SKELETON.names.index("LeftLeg"), 0] = 33
    angles[1, SKELETON.names.index("Head"), 2] = 21
    angles[1, SKELETON.names.index("LeftHandIndex2"), 1] = -80
    angles[1, SKELETON.names.index("Hips"), 0] = 60
    got = motion.differences(SKELETON.names, angles, angles)
    np.testing.assert_allclose(got, [[0, 33], [33, 0]], atol=0.05)


def test_banks_to_join_must_have_the_same_bones():
    bank = random_bank(2, 4)
    assert motion.joined([bank, random_bank(3, 5)]).angles.shape == (5, 52, 3)
    with pytest.raises(ValueError, match="same bones"):
        motion.joined([bank, PoseBank(bank.names, bank.families, bank.bones[::-1], bank.angles)])


def cmu_folder(tmp_path: Path, names: list[str], frames: int = 9) -> Path:
    bones = skeleton("cmu_mb")
    for k, name in enumerate(names):
        euler = np.zeros((frames, len(bones.names), 3))
        euler[:, bones.names.index("LeftUpLeg"), 2] = -np.arange(frames) * 12 - 3 * k
        euler[:, bones.names.index("LeftLeg"), 2] = np.arange(frames) * 15
        write_bvh(tmp_path / f"{name}.bvh", bones, euler, "XYZ"[::-1])
    return tmp_path


def names_of(split: str, count: int) -> list[str]:
    return [name for name in (f"take{k}" for k in range(100)) if motion.split_of(name) == split][:count]


def test_about_one_clip_in_five_is_for_validation():
    share = np.mean([motion.split_of(f"clip {k}") == "val" for k in range(1000)])
    assert 0.15 < share < 0.26


def test_user_clips_are_split_by_file_and_share_the_banks_bones(tmp_path):
    motion.user_motion.cache_clear()
    names = [f"take{k}" for k in range(5)]
    folder, seen = cmu_folder(tmp_path, names), []
    for split in SPLITS:
        bank = motion.user_motion(str(folder), split)
        seen += sorted(set(bank.families))
        assert bank.bones == motion.pose_bank(split).bones and len(set(bank.names)) == len(bank.names)
        motion.joined([motion.pose_bank(split), bank])
    assert sorted(seen) == [f"user_{name}" for name in names]


def test_frames_of_a_clip_are_distinct_and_the_rest_pose_is_left_out(tmp_path):
    name = names_of("train", 1)[0]
    clip = read_bvh(cmu_folder(tmp_path, [name]) / f"{name}.bvh")
    frames = motion.distinct_frames(clip)
    angles = motion.clip_angles(clip)[0]
    assert 0 not in frames and len(frames) >= 2  # frame 0 is at rest
    apart = motion.differences(retarget.BONES, angles[frames], angles[frames]) + 360 * np.eye(len(frames))
    assert apart.min() >= motion.MIN_DIFFERENCE


def test_frames_beyond_the_limits_are_left_out_and_told(tmp_path, caplog):
    motion.user_motion.cache_clear()
    name, bones = names_of("train", 1)[0], skeleton("cmu_mb")
    euler = np.zeros((6, len(bones.names), 3))
    euler[1:4, bones.names.index("LeftLeg"), 2] = 30
    euler[4:, bones.names.index("LeftLeg"), 2] = -70  # a knee bent to the front
    write_bvh(tmp_path / f"{name}.bvh", bones, euler, "ZYX")
    with caplog.at_level(logging.WARNING):
        bank = motion.user_motion(str(tmp_path), "train")
    assert len(bank.names) == 1 and "3 of 6 frames" in caplog.text


def test_a_glb_clip_of_the_banks_poses_gives_them_back(tmp_path):
    motion.user_motion.cache_clear()
    person, bank = stick_person(), motion.drawn_bank("train")
    poses = [next(k for k, family in enumerate(bank.families) if family == want) for want in ("walk", "sit", "throw")]
    rotations = np.stack([motion.pose_rotations(bank, k, person.skeleton) for k in np.repeat(poses, 9)])
    name = names_of("train", 1)[0]
    write_glb(tmp_path / f"{name}.glb", person, clips=(Clip("a", person.skeleton, rotations, 30.0),))
    read = motion.user_motion(str(tmp_path), "train")
    assert len(read.names) == 3 and set(read.families) == {f"user_{name}"}
    for k in range(3):  # all but which way the hips look; the person has no shoulder blades, but the arms are the same
        got = motion.pose_rotations(read, k, person.skeleton)
        np.testing.assert_allclose(got[1:], rotations[9 * k, 1:], atol=0.03)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda folder: folder / "gone", "no folder"),
        (lambda folder: folder, r"no \.bvh or \.glb"),
        (lambda folder: cmu_folder(folder, names_of("train", 1)), "nothing for --split=val among 1 files"),
    ],
)
def test_folders_without_motion_are_told(tmp_path, make, message):
    motion.user_motion.cache_clear()
    with pytest.raises(InputError, match=message):
        motion.user_motion(str(make(tmp_path)), "val")


def test_a_file_at_rest_has_no_usable_pose(tmp_path):
    motion.user_motion.cache_clear()
    bones = skeleton("cmu_mb")
    write_bvh(tmp_path / f"{names_of('train', 1)[0]}.bvh", bones, np.zeros((2, len(bones.names), 3)))
    with pytest.raises(InputError, match="no usable pose"):
        motion.user_motion(str(tmp_path), "train")


def test_unknown_splits_and_broken_assets_are_told(tmp_path):
    with pytest.raises(InputError, match="no split 'test'"):
        motion.pose_bank("test")
    (tmp_path / "poses.npz").write_text("no")
    with pytest.raises(InputError, match="no bank of poses"):
        motion.read_asset(tmp_path / "poses.npz")
