"""The body on which poses are drawn, solved and checked: MakeHuman's average adult, with named points on its skin."""

import functools
from dataclasses import dataclass

import numpy as np

from simpose_tf.figures import makehuman
from simpose_tf.figures.figure import Skeleton
from simpose_tf.figures.kinematics import Chain, chain_of

SIDES = ("Left", "Right")
_MOST_BONES = 4  # skin weights kept per vertex, as figures have them


@dataclass(frozen=True)
class Landmark:
    """A point that a bone carries rigidly: `bone` and its place `[3]` in the rest pose; `radius` (m) of its skin."""

    bone: str
    point: np.ndarray
    radius: float = 0.03


@dataclass(frozen=True)
class ReferenceBody:
    """A bare body.

    Attributes:
      skeleton: all bones, and
      chain: those without fingers, as the solver moves them.
      vertices: `[V, 3]` rest pose, metres, feet on y = 0; `faces` `[F, 3]`.
      skin_joints, skin_weights: `[V, 4]`.
      owner: `[V]` the bone that moves a vertex most.
      landmarks: points on the skin by name (`LeftPalm`, `RightHeel`, `Chin`).
      ball_bones: `[S]` (of `chain`), `ball_centers` `[S, 3]` (rest pose) and `ball_radii` `[S]`: balls that fill the
        limbs, the trunk and the head.
    """

    skeleton: Skeleton
    chain: Chain
    vertices: np.ndarray
    faces: np.ndarray
    skin_joints: np.ndarray
    skin_weights: np.ndarray
    owner: np.ndarray
    landmarks: dict[str, Landmark]
    ball_bones: np.ndarray
    ball_centers: np.ndarray
    ball_radii: np.ndarray


AVERAGE = makehuman.Shape()
SLIM = makehuman.Shape(gender=0.0, weight=0.3, muscle=0.4, height=0.6)
HEAVY = makehuman.Shape(gender=1.0, weight=0.75, muscle=0.5, height=0.5)


@functools.cache
def reference_body(shape: makehuman.Shape = AVERAGE) -> ReferenceBody:
    """Build a bare body of a shape (about two seconds)."""
    base = makehuman.load_base()
    rest = makehuman.shape_vertices(base, shape)
    skeleton = makehuman.skeleton_of(base, rest)
    used, index = np.unique(base.body_quads, return_inverse=True)
    quads = index.reshape(-1, 4)
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int64)
    vertices, skin = rest[used], base.skin[used]
    joints = np.argsort(-skin, axis=1, kind="stable")[:, :_MOST_BONES]
    weights = np.take_along_axis(skin, joints, 1)
    weights = weights / weights.sum(1, keepdims=True)
    owner = joints[:, 0].astype(np.int64)
    big = frozenset(name for name in skeleton.names if "Hand" not in name or name.endswith("Hand"))
    chain = chain_of(skeleton, big)
    landmarks = _landmarks(skeleton, vertices, owner)
    balls = _balls(skeleton, chain, vertices, owner, landmarks)
    return ReferenceBody(skeleton, chain, vertices, faces, joints, weights, owner, landmarks, *balls)


def _skin_point(vertices: np.ndarray, start: np.ndarray, direction: np.ndarray, near: float = 0.025) -> np.ndarray:
    """Return where a ray leaves the skin: the farthest of the vertices `near` it, moved onto the ray."""
    direction = direction / np.linalg.norm(direction)
    along = (vertices - start) @ direction
    off = np.linalg.norm(vertices - start - along[:, None] * direction, axis=1)
    return start + along[off < near].max() * direction


def _landmarks(skeleton: Skeleton, vertices: np.ndarray, owner: np.ndarray) -> dict[str, Landmark]:
    """Return the named points."""
    names, head = skeleton.names, dict(zip(skeleton.names, skeleton.heads, strict=True))
    tail = dict(zip(skeleton.names, skeleton.tails, strict=True))

    def of(*bones: str) -> np.ndarray:
        return vertices[np.isin(owner, [names.index(bone) for bone in bones])]

    trunk, skull = of("Hips", "Spine", "Spine1", "Spine2", "LeftUpLeg", "RightUpLeg"), of("Head", "Neck")
    front, back, up = np.array([0.0, 0, 1]), np.array([0.0, 0, -1]), np.array([0.0, 1, 0])
    ear = head["Head"] + [0, 0.07, 0]
    result = {
        "Belly": Landmark("Spine", _skin_point(trunk, head["Spine1"] * [0, 1, 1], front)),
        "Chest": Landmark("Spine2", _skin_point(trunk, head["Spine2"] * [0, 1, 1] + [0, 0.03, 0], front)),
        "LowerBack": Landmark("Hips", _skin_point(trunk, head["Spine"] * [0, 1, 1], back)),
        "Chin": Landmark("Head", _skin_point(skull, head["Head"] + [0, -0.02, 0], front)),
        "Brow": Landmark("Head", _skin_point(skull, head["Head"] + [0, 0.11, 0], front)),
        "HeadBack": Landmark("Head", _skin_point(skull, ear, back)),
        "Crown": Landmark("Head", _skin_point(skull, ear, up)),
    }
    for side, out in (("Left", np.array([1.0, 0, 0])), ("Right", np.array([-1.0, 0, 0]))):
        foot, leg, thigh = of(f"{side}Foot", f"{side}ToeBase"), of(f"{side}Leg"), of(f"{side}UpLeg")
        arm, forearm = of(f"{side}Arm", f"{side}Shoulder"), of(f"{side}ForeArm")
        knee, hip, ankle = head[f"{side}Leg"], head[f"{side}UpLeg"], head[f"{side}Foot"]
        ball = head[f"{side}ToeBase"] * [1, 0, 1]
        result |= {
            f"{side}Heel": Landmark(f"{side}Foot", np.array([ankle[0], 0.0, foot[:, 2].min() + 0.025])),
            f"{side}BallIn": Landmark(f"{side}Foot", ball - 0.03 * out),
            f"{side}BallOut": Landmark(f"{side}Foot", ball + 0.03 * out),
            f"{side}Toe": Landmark(f"{side}ToeBase", np.array([ball[0], 0.0, foot[:, 2].max() - 0.015])),
            f"{side}ToeTop": Landmark(f"{side}ToeBase", _skin_point(foot, ball + 0.025 * front, up)),
            f"{side}Kneecap": Landmark(f"{side}Leg", _skin_point(leg, knee - 0.035 * up, front)),
            f"{side}Seat": Landmark("Hips", _skin_point(trunk, hip * [0.8, 1, 1], np.array([0, -0.75, -0.66])), 0.09),
            f"{side}Buttock": Landmark("Hips", _skin_point(trunk, hip * [0.7, 1, 1] + [0, 0.02, 0], back)),
            f"{side}Blade": Landmark("Spine2", _skin_point(trunk, head["Spine2"] * [0, 1, 1] + 0.07 * out, back)),
            f"{side}Breast": Landmark("Spine2", _skin_point(trunk, head["Spine2"] * [0, 1, 1] + 0.07 * out, front)),
            f"{side}Side": Landmark("Hips", _skin_point(trunk, head["Spine"] * [0, 1, 1], out)),
            f"{side}ThighTop": Landmark(f"{side}UpLeg", _skin_point(thigh, 0.4 * hip + 0.6 * knee, front)),
            f"{side}KneeTop": Landmark(f"{side}UpLeg", _skin_point(thigh, 0.12 * hip + 0.88 * knee, front)),
            f"{side}ThighSide": Landmark(f"{side}UpLeg", _skin_point(thigh, 0.4 * hip + 0.6 * knee, out)),
            f"{side}Pocket": Landmark(f"{side}UpLeg", _skin_point(thigh, 0.85 * hip + 0.15 * knee, out)),
            f"{side}Shin": Landmark(f"{side}Leg", _skin_point(leg, 0.5 * knee + 0.5 * ankle, front)),
            f"{side}Ear": Landmark("Head", _skin_point(skull, ear, out)),
            f"{side}Cheek": Landmark("Head", _skin_point(skull, head["Head"] + [0, 0.02, 0.03], out + front)),
            f"{side}ShoulderTop": Landmark(f"{side}Arm", _skin_point(arm, head[f"{side}Arm"], up)),
            f"{side}ArmOut": Landmark(
                f"{side}Arm", _skin_point(arm, 0.4 * head[f"{side}Arm"] + 0.6 * tail[f"{side}Arm"], out + up)
            ),
            f"{side}Elbow": Landmark(f"{side}ForeArm", _skin_point(forearm, head[f"{side}ForeArm"], out + 0.3 * back)),
            f"{side}ForeArmMid": Landmark(
                f"{side}ForeArm", 0.5 * head[f"{side}ForeArm"] + 0.5 * tail[f"{side}ForeArm"]
            ),
        } | _hand_landmarks(skeleton, side)
    return result


def _hand_landmarks(skeleton: Skeleton, side: str) -> dict[str, Landmark]:
    """Return palm, grip and fingertips of a hand."""
    head = dict(zip(skeleton.names, skeleton.heads, strict=True))
    tail = dict(zip(skeleton.names, skeleton.tails, strict=True))
    wrist, knuckle, tip = head[f"{side}Hand"], head[f"{side}HandMiddle1"], tail[f"{side}HandMiddle3"]
    across = head[f"{side}HandIndex1"] - head[f"{side}HandPinky1"]
    palm = np.cross(across, knuckle - wrist) * (-1 if side == "Left" else 1)  # out of the palm
    palm /= np.linalg.norm(palm)
    places = {
        "Palm": 0.35 * wrist + 0.65 * knuckle + 0.022 * palm,
        "Knuckles": knuckle - 0.012 * palm,
        "Grip": knuckle + 0.028 * palm,
        "Fingers": 0.5 * knuckle + 0.5 * tip + 0.012 * palm,
        "Wrist": wrist,
    }
    return {f"{side}{name}": Landmark(f"{side}Hand", point) for name, point in places.items()}


# Balls along the bones: bone without its side, and shares of its length.
_LIMB_BALLS = {
    "Arm": (0.55, 0.8),
    "ForeArm": (0.0, 0.25, 0.5, 0.75),
    "UpLeg": (0.1, 0.3, 0.5, 0.7, 0.9),
    "Leg": (0.1, 0.3, 0.5, 0.7, 0.9),
    "Foot": (0.2, 0.7, 1.1),
}


def _balls(
    skeleton: Skeleton, chain: Chain, vertices: np.ndarray, owner: np.ndarray, marks: dict[str, Landmark]
) -> tuple:
    """Return bones, centres and radii of balls inside the body."""
    rows: list[tuple[str, np.ndarray, float]] = []
    head = dict(zip(skeleton.names, skeleton.heads, strict=True))
    tail = dict(zip(skeleton.names, skeleton.tails, strict=True))
    for side in SIDES:
        for bone, shares in _LIMB_BALLS.items():
            own = vertices[owner == skeleton.names.index(side + bone)]
            a, b = head[side + bone], tail[side + bone]
            rows += [(side + bone, a + t * (b - a), _radius(own, a, b, t)) for t in shares]
        wrist, knuckle = head[f"{side}Hand"], head[f"{side}HandMiddle1"]
        tip = tail[f"{side}HandMiddle3"]
        rows += [(f"{side}Hand", wrist + t * (knuckle - wrist), 0.022) for t in (0.1, 0.6, 1.0)]
        palm = marks[f"{side}Grip"].point - knuckle  # relaxed fingers are bent to the palm
        rows += [(f"{side}Hand", 0.4 * head[f"{side}HandThumb2"] + 0.6 * tail[f"{side}HandThumb2"], 0.014)]
        rows += [(f"{side}Hand", knuckle + t * (tip - knuckle) + b * palm, 0.014) for t, b in ((0.5, 0.4), (0.9, 1.1))]
    trunk = vertices[np.isin(owner, [skeleton.names.index(b) for b in ("Hips", "Spine", "Spine1", "Spine2")])]
    for bone, y in _trunk_heights(head):
        slab = trunk[np.abs(trunk[:, 1] - y) < 0.02]
        low, high = np.percentile(slab[:, 2], [4, 96])
        radius, half = (high - low) / 2, np.abs(slab[:, 0]).max()
        for x in (-1, 0, 1):
            rows.append((bone, np.array([x * max(half - radius, 0.02), y, (low + high) / 2]), 0.95 * radius))
    rows += [("Head", head["Head"] + [0, 0.1, -0.01], 0.095), ("Head", head["Head"] + [0, 0.03, 0.04], 0.06)]
    rows += [("Neck", head["Neck"] + [0, 0.02, 0.0], 0.055)]
    bones = np.array([chain.names.index(bone) for bone, _, _ in rows])
    return bones, np.stack([center for _, center, _ in rows]), np.array([radius for _, _, radius in rows])


def _trunk_heights(head: dict[str, np.ndarray]) -> list[tuple[str, float]]:
    """Return bones and heights of the trunk's rows of balls."""
    rows = [("Hips", head["Hips"][1]), ("Hips", head["Spine"][1] - 0.02), ("Spine", head["Spine"][1] + 0.05)]
    rows += [("Spine1", head["Spine1"][1] + 0.03), ("Spine1", head["Spine1"][1] + 0.09)]
    return [*rows, ("Spine2", head["Spine2"][1] + 0.04), ("Spine2", head["Spine2"][1] + 0.1)]


def _radius(own: np.ndarray, a: np.ndarray, b: np.ndarray, share: float) -> float:
    """Return the mean distance of a bone's vertices from its axis near a share of its length."""
    length = np.linalg.norm(b - a)
    along = (own - a) @ (b - a) / length
    off = np.linalg.norm(own - a - along[:, None] * (b - a) / length, axis=1)
    near = np.abs(along - share * length) < 0.03
    return float(0.92 * off[near].mean()) if near.any() else 0.03
