"""Where the 24 open charts meet, on the left half of the base mesh.

Notation: `joint` holds joints of the rest skeleton, metres, figure frame (x left, y up, z front). Rings go around a
limb at a joint, long seams go along it from ring to ring, cuts open a hand or a foot inside its chart. Places given
as numbers are those of the average adult, `makehuman.Shape()`.
"""

import numpy as np

from simpose_tf.figures.seam_paths import Seams
from simpose_tf.geometry import rotation_between

X, Y, Z = np.eye(3)
# Upper arm charts meet 45 degrees in front of the top, lower arm charts ever less (DensePose: 15 is front and
# under, 19 is under), in degrees at shoulder, elbow and wrist.
ARM_TWIST_DEG = {"shoulder": 45.0, "elbow": 35.0, "wrist": 20.0}
# Metres off its line or plane that double a seam's cost.
WIDTH = 0.012
NEVER = 1e3  # a cost or score that rules a vertex out
TOE_X = 0.187  # the tip of the second toe, where the cut of the sole ends
FINGERS = ("Pinky", "Ring", "Middle", "Index", "Thumb")


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
    _arm_hole(seams, {"top": Y, "front": edge["shoulder"], "pit": -Y, "back": -edge["shoulder"]})
    for first, second in (("shoulder", "elbow"), ("elbow", "wrist")):
        for side in ("front", "back"):
            across = np.cross(edge[first] + edge[second], frames[first][0] + frames[second][0])
            seams.plane_path(f"{first}.{side}", f"{second}.{side}", across)


def _arm_hole(seams: Seams, directions: dict[str, np.ndarray]) -> None:
    """Lay the upright ring at the shoulder; the torso's charts meet at its top and in the armpit."""
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
    # Straight out along the sides of quads, which leaves the diagonals at the crotch to the two creases.
    inner = seams.points[:, 2] - np.interp(seams.points[:, 1], [0.47, 0.8], [0.037, 0.03])
    off_middle = np.where(seams.points[:, 0] == 0, NEVER, 0)
    seams.path("crotch", "knee.inner", 1 + (inner / WIDTH) ** 2 + off_middle, diagonals="none")
    _crease(seams, off_middle)
    for first, second in (("hip.side", "knee.side"), ("knee.side", "ankle.side"), ("knee.inner", "ankle.inner")):
        seams.plane_path(first, second, Z)


def _crease(seams: Seams, off_middle: np.ndarray) -> None:
    """Lay the two seams from the crotch up to the side of the hip, in front and behind."""
    crotch = seams.points[seams.marks["crotch"]]
    foot = crotch * [1, 1, 0]
    crease = np.array([0.175, 0.95, 0.0]) - foot
    seams.mark_towards("hip.side", foot + crease / 2, crease, 0.2)
    height = (seams.points - foot) @ np.cross(Z, crease) / np.linalg.norm(crease)
    forward = seams.points[:, 2] - np.interp(seams.points[:, 0], [0, crease[0]], [crotch[2], 0])
    for sign in (1, -1):
        cost = 1 + (height / 0.02) ** 2 + off_middle + np.where(sign * forward < 0, NEVER, 0)
        seams.path("crotch", "hip.side", cost, diagonals="all")


def _torso(seams: Seams) -> None:
    """Lay the ring at the neck and the seams on the shoulder and down the flank."""
    seams.ring("neck", np.array([0.0, 1.394, 0.0]), np.array([0.0, 1.0, 0.5]), {"front": Z, "back": -Z, "side": X})
    seams.plane_path("shoulder.pit", "hip.side", Z)
    seams.plane_path("neck.side", "shoulder.top", Z)


def _cut_hand(seams: Seams, joint: dict[str, np.ndarray], tips: dict[str, np.ndarray]) -> None:
    """Open the hand along its outline, from the little finger's side over all finger tips to the thumb's."""
    across = joint["LeftHandIndex1"] - joint["LeftHandPinky1"]
    dorsal = np.cross(across, joint["LeftHandMiddle1"] - joint["LeftHand"])
    outline = 1 + 20 * (seams.normals @ (dorsal / np.linalg.norm(dorsal))) ** 2
    previous = "wrist.back"
    for finger in FINGERS:
        tip, bone = tips[f"LeftHand{finger}3"], tips[f"LeftHand{finger}3"] - joint[f"LeftHand{finger}3"]
        far = np.linalg.norm(seams.points - tip, axis=1) > 0.02
        seams.mark(finger, (tip - seams.points) @ bone / np.linalg.norm(bone) + np.where(far, NEVER, 0))
        seams.path(previous, finger, outline)
        previous = finger


def _cut_foot(seams: Seams, joint: dict[str, np.ndarray]) -> None:
    """Open the foot down the heel and along the sole to the tip of the second toe."""
    x, y, z = seams.points.T
    heel = np.array([joint["LeftFoot"][0], 0.0, z[seams.marks["ankle.back"]] + 0.03])
    seams.mark("heel", ((seams.points - heel) ** 2).sum(1))
    seams.mark("toe", -z + np.where((np.abs(x - TOE_X) > 0.006) | (y > 0.1), NEVER, 0))
    straight = np.interp(z, [heel[2], z[seams.marks["toe"]]], [heel[0], TOE_X])
    sole = 1 + ((x - straight) / WIDTH) ** 2
    seams.path("ankle.back", "heel", sole, diagonals="none")
    seams.path("heel", "toe", sole + np.where(seams.normals[:, 1] > 0.2, 10, 0))


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
