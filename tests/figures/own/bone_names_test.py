import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.figures.own.bone_names import REQUIRED, mixamo_names

_SIDED = ("Shoulder", "Arm", "ForeArm", "Hand", "UpLeg", "Leg", "Foot", "ToeBase")

# How rigs call hips, trunk, neck, head, and the sided bones (with `*` for the side: left, right).
_MIXAMO, _TRUNK = [f"*{b}" for b in _SIDED], ["Hips", "Spine", "Spine1", "Spine2", "Neck", "Head"]
_SPINE = ["spine_01", "spine_02", "spine_03"]
RIGS = {
    "mixamo": ([f"mixamorig:{b}" for b in _TRUNK], [f"mixamorig:{b}" for b in _MIXAMO], ("Left", "Right")),
    "three.js": ([f"mixamorig{b}" for b in _TRUNK], [f"mixamorig{b}" for b in _MIXAMO], ("Left", "Right")),
    "sketchfab": ([f"mixamorig:{b}_02" for b in _TRUNK], [f"mixamorig:{b}_012" for b in _MIXAMO], ("Left", "Right")),
    "renderpeople": (
        ["hip", *_SPINE, "neck", "head"],
        ["shoulder_*", "upperarm_*", "lowerarm_*", "hand_*", "upperleg_*", "lowerleg_*", "foot_*", "ball_*"],
        ("l", "r"),
    ),
    "unreal": (
        ["pelvis", *_SPINE, "neck_01", "head"],
        ["clavicle_*", "upperarm_*", "lowerarm_*", "hand_*", "thigh_*", "calf_*", "foot_*", "ball_*"],
        ("l", "r"),
    ),
    "biped": (
        [f"Bip01 {b}" for b in ("Pelvis", "Spine", "Spine1", "Spine2", "Neck", "Head")],
        [f"Bip01 * {b}" for b in ("Clavicle", "UpperArm", "Forearm", "Hand", "Thigh", "Calf", "Foot", "Toe0")],
        ("L", "R"),
    ),
    "rigify": (
        ["DEF-spine", *(f"DEF-spine.00{k}" for k in (1, 2, 3, 4, 6))],
        [f"DEF-{b}.*" for b in ("shoulder", "upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toe")],
        ("L", "R"),
    ),
    "vrm": (
        [f"J_Bip_C_{b}" for b in ("Hips", "Spine", "Chest", "UpperChest", "Neck", "Head")],
        [
            f"J_Bip_*_{b}"
            for b in ("Shoulder", "UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot", "ToeBase")
        ],
        ("L", "R"),
    ),
    "cmu": (["Hips", "LowerBack", "Spine", "Spine1", "Neck", "Head"], _MIXAMO, ("Left", "Right")),
    "smpl": (
        ["pelvis", "spine1", "spine2", "spine3", "neck", "head"],
        [f"*_{b}" for b in ("collar", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "foot")],
        ("left", "right"),
    ),
}


def rig(trunk: list[str], sided: list[str], sides: tuple[str, str]) -> tuple[list[str], np.ndarray, list[str]]:
    """Names, parents and the wanted names of a rig."""
    names, want, parents = list(trunk), list(_TRUNK), [-1, 0, 1, 2, 3, 4]
    for side, called in zip(("Left", "Right"), sides, strict=True):
        for limb, start, hangs_on in ((sided[:4], 0, 3), (sided[4:], 4, 0)):
            for k, name in enumerate(limb):
                parents.append(len(names) - 1 if k else hangs_on)
                names.append(name.replace("*", called))
                want.append(side + _SIDED[start + k])
    return names, np.array(parents), want


@pytest.mark.parametrize("kind", RIGS)
def test_rigs_of_many_tools_get_mixamos_names(kind):
    names, parents, want = rig(*RIGS[kind])
    assert list(mixamo_names(names, parents, "x")) == want


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("LeftHandIndex2", "LeftHandIndex2"),
        ("mixamorig:RightHandThumb3_041", "RightHandThumb3"),
        ("pinky_03_l", "LeftHandPinky3"),
        ("DEF-f_middle.01.R", "RightHandMiddle1"),
        ("Bip01 L Finger0", "LeftHandThumb1"),
        ("Bip01 R Finger12", "RightHandIndex3"),
        ("J_Bip_L_Little2", "LeftHandPinky2"),
        ("leftRingProximal", "LeftHandRing1"),
        ("upperarm_twist_01_l", "upperarm_twist_01_l"),
        ("LeftHandIndex4", "LeftHandIndex4"),
        ("ik_hand_r", "ik_hand_r"),
        ("eye_l", "eye_l"),
        ("HeadTop_End", "HeadTop_End"),
        ("jaw", "jaw"),
    ],
)
def test_fingers_are_known_and_other_bones_keep_their_names(name, want):
    names, parents, _ = rig(*RIGS["unreal"])
    assert mixamo_names([*names, name], np.append(parents, 5), "x")[-1] == want


def test_a_long_trunk_keeps_its_first_middle_and_last_bone():
    names = ["pelvis", *(f"spine_0{k}" for k in range(1, 6)), "neck_01", "neck_02", "head"]
    parents = np.arange(len(names)) - 1
    base, more, _ = rig(*RIGS["unreal"])
    limbs = [(n, p) for n, p in zip(base[6:], more[6:], strict=True)]
    shifted = [p + 3 if p >= 6 else 5 if p == 3 else 0 for _, p in limbs]
    got = mixamo_names(names + [n for n, _ in limbs], np.append(parents, shifted), "x")
    want = ("Hips", "Spine", "spine_02", "Spine1", "spine_04", "Spine2", "Neck", "neck_02", "Head")
    assert got[:9] == want


def test_a_bone_that_is_called_like_another_one_steps_aside():
    names, parents, want = rig(*RIGS["cmu"])
    got = mixamo_names([*names, "Head"], np.append(parents, 5), "x")
    assert list(got[:-1]) == want
    assert got[-1] == "Head*"


def test_missing_bones_are_named():
    names, parents, _ = rig(*RIGS["mixamo"])
    names[names.index("mixamorig:LeftLeg")] = "stilt"
    with pytest.raises(
        InputError, match=r"a\.glb: the skeleton lacks bones that poses need: LeftLeg \(it has mixamorig"
    ):
        mixamo_names(names, parents, "a.glb")
    with pytest.raises(InputError, match=", ".join(REQUIRED)):
        mixamo_names(["wheel", "door"], np.array([-1, 0]), "car.glb")
