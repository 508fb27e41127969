"""Where the 24 open charts meet, on the left half of the base mesh.

Notation: `joint` holds joints of the rest skeleton, metres, figure frame (x left, y up, z front). Rings go around a
limb at a joint, long seams go along it from ring to ring, cuts open a hand or a foot inside its chart. Places given
as numbers are those of the average adult, `makehuman.Shape()`.
"""

import numpy as np

from simpose_tf.figures.seam_paths import Seams
from simpose_tf.geometry import rotation_between

X, Y, Z = np.eye(3)
# The arm's charts meet at the top of the shoulder, then ever more in front (DensePose: 15 is front and under, 19 is
# under), in degrees above the front at shoulder, elbow and wrist.
ARM_TWIST_DEG = {"shoulder": 90.0, "elbow": 35.0, "wrist": 20.0}
# Metres off its line or plane that double a seam's cost.
WIDTH = 0.012
NEVER = 1e3  # a cost or score that rules a vertex out
CLEFT = np.array([0.0, 0.95, -0.06])  # the upper end of the cleft between the buttocks
GROIN = np.array([0.018, 0.782, 0.058])  # where the thigh's inner seam begins, in front of the crotch
FINGERS = ("Thumb", "Index", "Middle", "Ring", "Pinky")
TOES = {
    "Toe5": (0.223, 0.0124, 0.1691), "Toe4": (0.2103, 0.0158, 0.1833), "Toe3": (0.1966, 0.0133, 0.1966),
    "Toe2": (0.1812, 0.0124, 0.2049), "Toe1": (0.1581, 0.0142, 0.2054),
}  # fmt: skip


def arm_frames(joint: dict[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return (along, up, front) of the left arm at shoulder, elbow and wrist.

    They are the axes x, y, z of a person in T-pose, brought to the rest pose by the smallest turns of the bones.
    """
    upper = joint["LeftForeArm"] - joint["LeftArm"]
    lower = joint["LeftHand"] - joint["LeftForeArm"]
    lift = rotation_between(X, upper)
    bend = rotation_between(upper, lower)
    half = rotation_between(upper, upper / np.linalg.norm(upper) + lower / np.linalg.norm(lower))
    turns = {"shoulder": lift, "elbow": half @ lift, "wrist": bend @ lift}
    return {name: (turn @ X, turn @ Y, turn @ Z) for name, turn in turns.items()}


def _arm(seams: Seams, joint: dict[str, np.ndarray]) -> None:
    """Lay the rings at shoulder, elbow and wrist and the two seams along the arm."""
    places = {"shoulder": "LeftArm", "elbow": "LeftForeArm", "wrist": "LeftHand"}
    frames = arm_frames(joint)
    edge = {}
    for name, (along, up, front) in frames.items():
        twist = np.radians(ARM_TWIST_DEG[name])
        edge[name] = np.cos(twist) * front + np.sin(twist) * up
        over = np.cross(edge[name], along)
        if name != "shoulder":
            around = {"front": edge[name], "over": over, "back": -edge[name], "under": -over}
            seams.ring(name, joint[places[name]], along, around)
    _arm_hole(seams)
    for first, second in (("shoulder", "elbow"), ("elbow", "wrist")):
        for start, end in (("top", "front"), ("pit", "back")):
            across = np.cross(edge[first] + edge[second], frames[first][0] + frames[second][0])
            seams.plane_path(f"{first}.{start if first == 'shoulder' else end}", f"{second}.{end}", across)


def _arm_hole(seams: Seams) -> None:
    """Lay the upright ring at the shoulder; torso and arm meet with two charts each at its top and in the armpit."""
    directions = {"top": Y, "front": Z, "pit": -Y, "back": -Z}
    origin, normal = np.array([0.178, 1.305, 0.01]), np.array([0.98, -0.2, 0.0])
    height = (seams.points - origin) @ normal
    for key, direction in directions.items():
        seams.mark_towards(f"shoulder.{key}", origin, direction - normal * (direction @ normal), 0.16)
    keys = list(directions)
    for a, b in zip(keys, keys[1:] + keys[:1], strict=True):
        seams.path(f"shoulder.{a}", f"shoulder.{b}", 1 + (height / WIDTH) ** 2)


def _legs(seams: Seams, joint: dict[str, np.ndarray]) -> None:
    """Lay the rings at knee and ankle, the crease at the hip and the seams along the leg."""
    around = {"front": Z, "side": X, "back": -Z, "inner": -X}
    seams.ring("knee", joint["LeftLeg"], joint["LeftUpLeg"] - joint["LeftFoot"], around)
    seams.ring("ankle", joint["LeftFoot"] + [0, 0.024, 0], joint["LeftLeg"] - joint["LeftFoot"], around)
    middle = np.where(seams.points[:, 0] == 0, 0, NEVER)
    seams.mark("crotch", seams.points[:, 1] + 0.2 * np.abs(seams.points[:, 2] - 0.03) + middle)
    seams.mark("cleft", ((seams.points - CLEFT) ** 2).sum(1) + middle)
    seams.mark("groin", ((seams.points - GROIN) ** 2).sum(1))
    seams.path("crotch", "cleft", 1 + middle, diagonals="none")
    off_middle = np.where(seams.points[:, 0] == 0, NEVER, 0)
    inner = seams.points[:, 2] - np.interp(seams.points[:, 1], [0.47, 0.8], [0.037, 0.045])
    seams.path("crotch", "groin", 1 + off_middle)
    seams.path("groin", "knee.inner", 1 + (inner / WIDTH) ** 2 + off_middle)
    _crease(seams, off_middle)
    for first, second in (("hip.side", "knee.side"), ("knee.side", "ankle.side"), ("knee.inner", "ankle.inner")):
        seams.plane_path(first, second, Z)


def _crease(seams: Seams, off_middle: np.ndarray) -> None:
    """Lay the crease from the groin to the side of the hip, and the seam over the buttock to its other side."""
    crotch = seams.points[seams.marks["crotch"]]
    foot = crotch * [1, 1, 0]
    crease = np.array([0.175, 0.95, 0.0]) - foot
    seams.mark_towards("hip.side", foot + crease / 2, crease, 0.2)
    height = (seams.points - foot) @ np.cross(Z, crease) / np.linalg.norm(crease)
    forward = seams.points[:, 2] - np.interp(seams.points[:, 0], [0, crease[0]], [crotch[2], 0])
    cost = 1 + (height / 0.02) ** 2 + off_middle + np.where(forward < 0, NEVER, 0)
    seams.path("groin", "hip.side", cost, diagonals="all")
    level = seams.points[:, 1] - np.interp(
        seams.points[:, 0], *seams.points[[seams.marks[n] for n in ("cleft", "hip.side")]].T[:2]
    )
    seams.path("cleft", "hip.side", 1 + (level / (3 * WIDTH)) ** 2 + off_middle + np.where(forward > 0, NEVER, 0))


def _torso(seams: Seams) -> None:
    """Lay the ring at the neck and the seams on the shoulder and down the flank."""
    seams.ring("neck", np.array([0.0, 1.394, 0.0]), np.array([0.0, 1.0, 0.5]), {"front": Z, "back": -Z, "side": X})
    seams.plane_path("shoulder.pit", "hip.side", Z)
    seams.plane_path("neck.side", "shoulder.top", Z)


def hand_back(joint: dict[str, np.ndarray]) -> np.ndarray:
    """Return the unit normal `[3]` of the back of the left hand."""
    across = joint["LeftHandIndex1"] - joint["LeftHandPinky1"]
    dorsal = np.cross(across, joint["LeftHandMiddle1"] - joint["LeftHand"])
    return dorsal / np.linalg.norm(dorsal)


def _cut_hand(seams: Seams, joint: dict[str, np.ndarray], tips: dict[str, np.ndarray]) -> None:
    """Open the hand along its outline, from the thumb's side of the wrist over all finger tips to the little one's."""
    outline = 1 + 20 * (seams.normals @ hand_back(joint)) ** 2
    previous = "wrist.front"
    for finger in FINGERS:
        tip, bone = tips[f"LeftHand{finger}3"], tips[f"LeftHand{finger}3"] - joint[f"LeftHand{finger}3"]
        far = np.linalg.norm(seams.points - tip, axis=1) > 0.02
        seams.mark(finger, (tip - seams.points) @ bone / np.linalg.norm(bone) + np.where(far, NEVER, 0))
        seams.path(previous, finger, outline)
        previous = finger


def _cut_foot(seams: Seams, joint: dict[str, np.ndarray]) -> None:
    """Open the foot down the heel, along the sole's outer edge and over the tips of the toes to the big one."""
    x = seams.points[:, 0]
    ankle, back = joint["LeftFoot"], seams.points[seams.marks["ankle.back"]]
    seams.mark_towards("heel", np.array([ankle[0], 0.03, back[2] + 0.04]), np.array([0, -0.25, -1]), 0.2)
    seams.path("ankle.back", "heel", 1 + ((x - back[0]) / WIDTH) ** 2, diagonals="none")
    outline = 1 + 20 * (seams.normals[:, 1] + 0.3) ** 2
    previous = "heel"
    for toe, place in TOES.items():
        seams.mark(toe, ((seams.points - place) ** 2).sum(1))
        outer = np.where(x < ankle[0], NEVER, 0) if previous == "heel" else 0
        seams.path(previous, toe, outline + outer)
        previous = toe


def lay_seams(
    points: np.ndarray,
    quads: np.ndarray,
    normals: np.ndarray,
    joint: dict[str, np.ndarray],
    tips: dict[str, np.ndarray],
) -> Seams:
    """Return all seams of the left half except the middle line of the head.

    Args:
      points: `[V, 3]` body vertices of the average adult in the rest pose, metres, feet on y = 0.
      quads: `[Q, 4]` body quads.
      normals: `[V, 3]` unit vertex normals.
      joint: bone name -> `[3]` its joint.
      tips: bone name -> `[3]` its far end.
    """
    seams = Seams(points, quads, normals)
    _arm(seams, joint)
    _legs(seams, joint)
    _torso(seams)
    _cut_hand(seams, joint, tips)
    _cut_foot(seams, joint)
    return seams
