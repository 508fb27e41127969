import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.figures.bone_names import REQUIRED, mixamo_names

_SIDED = ("Shoulder", "Arm", "ForeArm", "Hand", "UpLeg", "Leg", "Foot", "ToeBase")

# How rigs call hips, trunk, neck, head, and the sided bones (with `*` for the side: left, right).
RIGS = {
    "mixamo": (["mixamorig:Hips", "mixamorig:Spine", "mixamorig:Spine1", "mixamorig:Spine2", "mixamorig:Neck",
                "mixamorig:Head"], [f"mixamorig:*{b}" for b in _SIDED], ("Left", "Right")),
    "mixamo through three.js": (["mixamorigHips", "mixamorigSpine", "mixamorigSpine1", "mixamorigSpine2",
                                 "mixamorigNeck", "mixamorigHead"], [f"mixamorig*{b}" for b in _SIDED], ("Left", "Right")),
    "sketchfab": (["mixamorig:Hips_02", "mixamorig:Spine_03", "mixamorig:Spine1_04", "mixamorig:Spine2_05",
                   "mixamorig:Neck_06", "mixamorig:Head_07"], [f"mixamorig:*{b}_012" for b in _SIDED], ("Left", "Right")),
    "renderpeople": (["hip", "spine_01", "spine_02", "spine_03", "neck", "head"],
                     ["shoulder_*", "upperarm_*", "lowerarm_*", "hand_*", "upperleg_*", "lowerleg_*", "foot_*", "ball_*"],
                     ("l", "r")),
    "unreal": (["pelvis", "spine_01", "spine_02", "spine_03", "neck_01", "head"],
               ["clavicle_*", "upperarm_*", "lowerarm_*", "hand_*", "thigh_*", "calf_*", "foot_*", "ball_*"], ("l", "r")),
    "biped": (["Bip01 Pelvis", "Bip01 Spine", "Bip01 Spine1", "Bip01 Spine2", "Bip01 Neck", "Bip01 Head"],
              ["Bip01 * Clavicle", "Bip01 * UpperArm", "Bip01 * Forearm", "Bip01 * Hand", "Bip01 * Thigh",
               "Bip01 * Calf", "Bip01 * Foot", "Bip01 * Toe0"], ("L", "R")),
    "rigify": (["DEF-spine", "DEF-spine.001", "DEF-spine.002", "DEF-spine.003", "DEF-spine.004", "DEF-spine.006"],
               ["DEF-shoulder.*", "DEF-upper_arm.*", "DEF-forearm.*", "DEF-hand.*", "DEF-thigh.*", "DEF-shin.*",
                "DEF-foot.*", "DEF-toe.*"], ("L", "R")),
    "vrm": (["J_Bip_C_Hips", "J_Bip_C_Spine", "J_Bip_C_Chest", "J_Bip_C_UpperChest", "J_Bip_C_Neck", "J_Bip_C_Head"],
            ["J_Bip_*_Shoulder", "J_Bip_*_UpperArm", "J_Bip_*_LowerArm", "J_Bip_*_Hand", "J_Bip_*_UpperLeg",
             "J_Bip_*_LowerLeg", "J_Bip_*_Foot", "J_Bip_*_ToeBase"], ("L", "R")),
    "cmu": (["Hips", "LowerBack", "Spine", "Spine1", "Neck", "Head"], [f"*{b}" for b in _SIDED], ("Left", "Right")),
    "smpl": (["pelvis", "spine1", "spine2", "spine3", "neck", "head"],
             ["*_collar", "*_shoulder", "*_elbow", "*_wrist", "*_hip", "*_knee", "*_ankle", "*_foot"], ("left", "right")),
}  # fmt: skip
_TRUNK = ["Hips", "Spine", "Spine1", "Spine2", "Neck", "Head"]


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
