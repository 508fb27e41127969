"""A person of 20 bones, each an octahedron: the least that can be read and posed."""

import numpy as np

from simpose_tf.figures.figure import Figure, Material, Skeleton

# Bone, parent, head in metres; the left side is mirrored.
_BONES = [
    ("Hips", "", (0, 0.95, 0)), ("Spine", "Hips", (0, 1.05, 0)), ("Spine1", "Spine", (0, 1.2, 0)),
    ("Spine2", "Spine1", (0, 1.33, 0)),
    ("Neck", "Spine2", (0, 1.45, 0)), ("Head", "Neck", (0, 1.55, 0)),
    ("LeftArm", "Spine2", (0.2, 1.4, 0)), ("LeftForeArm", "LeftArm", (0.45, 1.4, 0)),
    ("LeftHand", "LeftForeArm", (0.7, 1.4, 0)), ("LeftUpLeg", "Hips", (0.1, 0.9, 0)),
    ("LeftLeg", "LeftUpLeg", (0.1, 0.5, 0)), ("LeftFoot", "LeftLeg", (0.1, 0.1, 0)),
    ("LeftToeBase", "LeftFoot", (0.1, 0.05, 0.15)),
]  # fmt: skip


def _right(bone: tuple) -> tuple:
    name, parent, (x, y, z) = bone
    return name.replace("Left", "Right"), parent.replace("Left", "Right"), (-x, y, z)


def stick_person() -> Figure:
    """Bones 0.04 m thick; the head's lies in part 24, all other bones in part 2; two materials."""
    bones = _BONES + [_right(bone) for bone in _BONES if bone[0].startswith("Left")]
    names = tuple(bone[0] for bone in bones)
    heads = np.array([bone[2] for bone in bones], float)
    parents = np.array([names.index(bone[1]) if bone[1] else -1 for bone in bones], np.int32)
    corners = 0.04 * np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], float)
    octahedron = np.array([[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]])
    faces = np.concatenate([octahedron + 6 * j for j in range(len(bones))])
    owner = np.repeat(np.arange(len(bones)), 6)
    part = np.where(np.repeat(np.arange(len(bones)), 8) == names.index("Head"), 24, 2).astype(np.uint8)
    return Figure(
        name="stick",
        vertices=(heads[:, None] + corners).reshape(-1, 3).astype(np.float32),
        faces=faces.astype(np.int32),
        part=part,
        uv=np.tile(np.array([[0, 0], [1, 0], [0, 1]], np.float32), (len(faces), 1, 1)),
        material=(part == 24).astype(np.uint8),
        materials=(Material("cloth", (0.5, 0.2, 0.1)), Material("face", (0.8, 0.6, 0.5))),
        skin_joints=np.stack([owner, 0 * owner, 0 * owner, 0 * owner], -1).astype(np.int32),
        skin_weights=np.tile(np.array([1, 0, 0, 0], np.float32), (len(owner), 1)),
        skeleton=Skeleton(names, parents, heads, heads + np.array([0, 0.1, 0])),
        keypoint_vertices=np.zeros((17, 1), np.int32),
        keypoint_weights=np.ones((17, 1), np.float32),
        shade=np.ones((len(owner), 3), np.float32),
    )
