"""Natural, everyday poses as joint angles: what people do with trunk, legs and arms.

Notation: a `Pose` maps a bone to its angles (flexion, abduction, twist) in degrees (`figures.joints`);
`draw(mean, sd)` is one normal draw. Every activity draws its latent quantities (stride, depth of a squat) once and
lets several joints follow them, as a body does.

# not in the paper: SimPose (sec. 5.1) plays motion-capture clips; these poses need no files.
"""

from collections.abc import Callable

import numpy as np

Angles = tuple[float, float, float]
Pose = dict[str, Angles]
SIDES = ("Left", "Right")
FINGERS = ("Index", "Middle", "Ring", "Pinky")


class Draw:
    """Normal draws from one generator: `draw(mean, sd)`, cut off at two standard deviations."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng

    def __call__(self, mean: float, sd: float) -> float:
        """Draw from the normal distribution, cut off at two standard deviations."""
        return float(mean + sd * np.clip(self.rng.standard_normal(), -2, 2))

    def choose(self, weights: dict[str, float]) -> str:
        """Draw a key in proportion to its weight."""
        shares = np.array(list(weights.values()), float)
        return list(weights)[int(self.rng.choice(len(shares), p=shares / shares.sum()))]


def trunk(pose: Pose, draw: Draw, lean: float, bend: float = 0.0, turn: float = 0.0) -> None:
    """Bend the spine forward by `lean`, sideways by `bend`, turn it by `turn` (degrees); move the head."""
    for bone in ("Spine", "Spine1", "Spine2"):
        pose[bone] = (lean / 3 + draw(0, 2), bend / 3 + draw(0, 1.5), turn / 3 + draw(0, 2))
    look, tilt, yaw = draw(-0.3 * lean, 10), draw(0, 5), draw(-0.5 * turn, 18)
    pose["Neck"] = (0.5 * look + 3, 0.5 * tilt, 0.4 * yaw)
    pose["Head"] = (0.5 * look, 0.5 * tilt, 0.6 * yaw)


def leg(pose: Pose, side: str, hip: Angles, knee: float, ankle: float = 0.0) -> None:
    """Set one leg: hip angles, knee flexion, ankle (pointing down is positive)."""
    pose[f"{side}UpLeg"], pose[f"{side}Leg"], pose[f"{side}Foot"] = hip, (knee, 0, 0), (ankle, 0, 0)


def flat_foot(pose: Pose, side: str, pelvis: float) -> None:
    """Turn an ankle so that the sole is level, as far as the joint lets it."""
    pitch = pelvis - pose[f"{side}UpLeg"][0] + pose[f"{side}Leg"][0]
    pose[f"{side}Foot"] = (float(-pitch), 0, 0)


def hand(pose: Pose, draw: Draw, side: str) -> None:
    """Relax one hand: wrist near straight, fingers curled together, more towards the little finger."""
    curl = abs(draw(18, 14))
    pose[f"{side}Hand"] = (draw(3, 6), draw(-5, 12), draw(0, 12))
    for k, finger in enumerate(FINGERS):
        bend = curl * (1 + 0.15 * k) + draw(0, 3)
        for joint, share in enumerate((0.8, 1.2, 0.8), start=1):
            pose[f"{side}Hand{finger}{joint}"] = (draw(0, 2) if joint == 1 else 0.0, -share * bend, 0.0)
    for joint in (1, 2, 3):
        pose[f"{side}HandThumb{joint}"] = (draw(0, 5), draw(-0.3 * curl, 4), 0.0)


# Arms: (mean, sd) of the upper arm's flexion, abduction and internal twist, and of the elbow's flexion; last
# the shoulder blade's lift.
_ARMS: dict[str, tuple[tuple[float, float], ...]] = {
    "hang": ((3, 9), (9, 5), (12, 14), (18, 12), (0, 2)),
    "behind": ((-25, 8), (14, 4), (25, 12), (35, 12), (0, 2)),
    "belly": ((20, 9), (13, 6), (38, 10), (80, 14), (0, 2)),
    "hip": ((-14, 6), (43, 6), (62, 8), (96, 9), (2, 2)),
    "pocket": ((-14, 6), (20, 4), (15, 8), (48, 8), (1, 2)),
    "hold": ((30, 12), (12, 7), (15, 12), (90, 16), (1, 2)),
    "phone": ((42, 10), (28, 9), (2, 12), (134, 7), (3, 3)),
    "forward": ((78, 20), (10, 14), (5, 20), (18, 14), (6, 4)),
    "low": ((48, 14), (12, 9), (8, 16), (30, 18), (2, 3)),
    "side": ((8, 14), (84, 18), (0, 20), (18, 16), (10, 5)),
    "wave": ((18, 10), (82, 14), (-70, 9), (82, 22), (12, 5)),
    "up": ((146, 12), (12, 12), (0, 25), (22, 20), (22, 5)),
    "head": ((70, 10), (72, 10), (-45, 12), (128, 9), (14, 4)),
    "lap": ((26, 8), (9, 5), (16, 10), (52, 12), (0, 2)),
}
_ONE_ARM: dict[str, float] = {
    "hang": 5,
    "behind": 1,
    "belly": 2,
    "hip": 2,
    "pocket": 1.5,
    "hold": 2,
    "phone": 1,
    "forward": 2,
    "low": 1.5,
    "side": 1.5,
    "wave": 1,
    "up": 2.5,
    "head": 0.7,
}


def arm(pose: Pose, draw: Draw, side: str, what: str) -> None:
    """Pose one arm from the table of arm postures, with its shoulder blade, turned forearm and hand."""
    flexion, abduction, twist, elbow, lift = (draw(mean, sd) for mean, sd in _ARMS[what])
    hand(pose, draw, side)
    turn = draw(5, 18)  # pronation, shared by the forearm and the wrist
    pose[f"{side}Shoulder"] = (draw(0, 2), lift, 0.0)
    pose[f"{side}Arm"] = (flexion, abduction, twist)
    pose[f"{side}ForeArm"] = (elbow, 0.0, 0.6 * turn)
    wrist = pose[f"{side}Hand"]
    pose[f"{side}Hand"] = (wrist[0], wrist[1], 0.4 * turn)


def arms(pose: Pose, draw: Draw, both_alike: float, choices: dict[str, float]) -> None:
    """Pose both arms: alike with probability `both_alike`, else each by its own draw."""
    first = draw.choose(choices)
    second = first if draw.rng.random() < both_alike else draw.choose(choices)
    for side, what in zip(SIDES, (first, second), strict=True):
        arm(pose, draw, side, what)


def swinging_arms(pose: Pose, draw: Draw, phase: float, swing: float, elbow: float) -> None:
    """Swing the arms against the legs; `phase` in radians is that of the left leg's forward swing."""
    for side, sign in zip(SIDES, (-1, 1), strict=True):
        hand(pose, draw, side)
        forward = sign * np.sin(phase)
        pose[f"{side}Arm"] = (swing * forward + draw(0, 4), draw(9, 3), draw(14, 8))
        pose[f"{side}ForeArm"] = (elbow + 0.5 * swing * max(forward, 0) + draw(0, 5), 0.0, draw(8, 8))


def stand(draw: Draw) -> Pose:
    """Stand, often with the weight on one leg."""
    shift, stance = abs(draw(0, 4)), abs(draw(3, 4))
    pose: Pose = {"Hips": (draw(0, 3), shift, 0.0)}
    trunk(pose, draw, draw(2, 5), -1.2 * shift + draw(0, 3), draw(0, 9))
    # The pelvis tilts towards its left: the left hip drops, and its knee bends.
    bent = 2.5 * shift
    leg(pose, "Left", (1.2 * bent + draw(2, 3), stance - shift, draw(-8, 6)), max(2.2 * bent + draw(3, 3), 0))
    leg(pose, "Right", (draw(0, 2), stance + shift, draw(-6, 6)), max(draw(2, 2), 0))
    for side in SIDES:
        flat_foot(pose, side, pose["Hips"][0])
    if draw.rng.random() < 0.35:
        arms(pose, draw, 0.9, {"hang": 1})
    else:
        arms(pose, draw, 0.35, _ONE_ARM)
    return pose


def walk(draw: Draw) -> Pose:
    """Walk: one moment of the gait cycle (hip -15..30, knee to 60 in swing)."""
    phase, stride = float(draw.rng.uniform(0, 2 * np.pi)), draw(1.0, 0.2)
    pose: Pose = {"Hips": (draw(3, 2), 0.0, stride * 5 * np.sin(phase))}
    trunk(pose, draw, draw(2, 4), 0.0, -stride * 9 * np.sin(phase))
    for side, own in zip(SIDES, (phase, phase + np.pi), strict=True):
        lifted = max(np.cos(own), 0.0)  # the foot is off the ground while the leg swings forward
        hip = stride * (22 * np.sin(own) + 14 * lifted) + 4
        leg(pose, side, (hip, draw(1, 1.5), draw(-5, 4)), 5 + stride * 50 * lifted**1.3, 0)
        flat_foot(pose, side, pose["Hips"][0])
        pose[f"{side}Foot"] = (0.7 * pose[f"{side}Foot"][0] - 8 * np.sin(own), 0, 0)
    swinging_arms(pose, draw, phase, 22 * stride, 18)
    if draw.rng.random() < 0.25:
        arm(pose, draw, SIDES[draw.rng.integers(2)], draw.choose(_ONE_ARM))
    return pose


def run(draw: Draw) -> Pose:
    """Run or jog: leaning forward, elbows bent."""
    phase, stride = float(draw.rng.uniform(0, 2 * np.pi)), draw(1.0, 0.2)
    pose: Pose = {"Hips": (draw(9, 3), 0.0, stride * 7 * np.sin(phase))}
    trunk(pose, draw, draw(5, 4), 0.0, -stride * 16 * np.sin(phase))
    for side, own in zip(SIDES, (phase, phase + np.pi), strict=True):
        lifted = max(np.cos(own - 0.3), 0.0)
        hip = stride * (34 * np.sin(own) + 24 * lifted) + 12
        leg(pose, side, (hip, draw(1, 2), draw(-4, 3)), 15 + stride * 82 * lifted, draw(10, 10))
    swinging_arms(pose, draw, phase, 42 * stride, draw(85, 10))
    return pose


def sit(draw: Draw) -> Pose:
    """Sit as on a chair or a bench."""
    slouch, apart = draw(6, 9), draw(6, 6)
    pose: Pose = {"Hips": (draw(-10, 7), 0.0, 0.0)}
    trunk(pose, draw, slouch + draw(10, 8), draw(0, 5), draw(0, 9))
    for side in SIDES:
        leg(pose, side, (draw(76, 8), apart + draw(0, 4), draw(-3, 8)), draw(82, 14))
        flat_foot(pose, side, pose["Hips"][0])
    arms(pose, draw, 0.6, {"lap": 6, "low": 2, "hold": 2, "belly": 1, "phone": 0.7, "forward": 1, "up": 0.5})
    return pose


def sit_on_ground(draw: Draw) -> Pose:
    """Sit on the ground, legs out or drawn up."""
    drawn_up = float(draw.rng.uniform(0, 1))
    pose: Pose = {"Hips": (draw(-14, 6), 0.0, 0.0)}
    trunk(pose, draw, draw(26, 10), draw(0, 5), draw(0, 9))
    for side in SIDES:
        own = float(np.clip(drawn_up + draw(0, 0.12), 0, 1))
        leg(pose, side, (74 + 38 * own, draw(8, 5), draw(-6, 6)), 6 + 112 * own, draw(18, 8))
    arms(pose, draw, 0.5, {"lap": 3, "low": 2, "forward": 2, "hold": 1, "behind": 1, "phone": 0.5})
    return pose


def squat(draw: Draw) -> Pose:
    """Squat: hips, knees and trunk go down together."""
    depth = float(draw.rng.uniform(0.35, 1))
    pose: Pose = {"Hips": (8 + 26 * depth + draw(0, 4), 0.0, 0.0)}
    trunk(pose, draw, 6 + 14 * depth + draw(0, 4), 0.0, draw(0, 7))
    for side in SIDES:
        leg(
            pose,
            side,
            (24 + 88 * depth + draw(0, 4), 8 + 14 * depth + draw(0, 3), draw(-14, 5)),
            34 + 90 * depth,
        )
        flat_foot(pose, side, pose["Hips"][0])
    arms(pose, draw, 0.7, {"forward": 3, "low": 3, "hold": 2, "belly": 1})
    return pose


def kneel(draw: Draw) -> Pose:
    """Kneel on the right knee, or on both."""
    pose: Pose = {"Hips": (draw(2, 5), draw(0, 2), 0.0)}
    trunk(pose, draw, draw(8, 9), draw(0, 4), draw(0, 8))
    both = draw.rng.random() < 0.35
    leg(pose, "Right", (draw(4, 6), draw(4, 3), draw(0, 4)), draw(86, 6), draw(42, 6))
    if both:
        leg(pose, "Left", (draw(4, 6), draw(4, 3), draw(0, 4)), draw(86, 6), draw(42, 6))
    else:
        leg(pose, "Left", (draw(86, 7), draw(6, 4), draw(-4, 4)), draw(86, 8))
        flat_foot(pose, "Left", pose["Hips"][0])
    arms(pose, draw, 0.4, {"hang": 2, "low": 3, "hold": 2, "forward": 1.5, "lap": 2, "up": 0.5})
    return pose


def bend(draw: Draw) -> Pose:
    """Bend down, as to pick something up or to tie a shoe."""
    depth = float(draw.rng.uniform(0.3, 1))
    pelvis = 10 + 46 * depth + draw(0, 4)
    pose: Pose = {"Hips": (pelvis, 0.0, 0.0)}
    trunk(pose, draw, 12 + 42 * depth + draw(0, 4), draw(0, 5), draw(0, 10))
    crouch = abs(draw(10, 12))
    for side in SIDES:
        leg(
            pose,
            side,
            (pelvis + crouch + draw(0, 5), draw(4, 3), draw(-6, 4)),
            max(2 * crouch + draw(4, 4), 0),
        )
        flat_foot(pose, side, pelvis)
    arms(pose, draw, 0.6, {"forward": 2, "low": 4, "hold": 1.5, "hang": 1, "belly": 1})
    return pose


def lunge(draw: Draw) -> Pose:
    """Step far forward with the left leg: stretching, climbing, throwing."""
    depth = float(draw.rng.uniform(0.3, 1))
    pose: Pose = {"Hips": (draw(6, 5), draw(0, 2), draw(0, 6))}
    trunk(pose, draw, draw(5, 7), draw(0, 5), draw(0, 14))
    leg(pose, "Left", (32 + 46 * depth + draw(0, 4), draw(4, 4), draw(-4, 5)), 26 + 56 * depth + draw(0, 4))
    flat_foot(pose, "Left", pose["Hips"][0])
    leg(pose, "Right", (-16 + draw(0, 3), draw(4, 3), draw(-4, 4)), 10 + 50 * depth + draw(0, 4), draw(-8, 6))
    pose["RightToeBase"] = (-34, 0, 0)
    arms(pose, draw, 0.3, {"forward": 2, "up": 2, "side": 2, "hip": 1, "hold": 1, "wave": 1, "hang": 1})
    return pose


def stretch(draw: Draw) -> Pose:
    """Stretch, jump or dance: legs apart, arms wide or high."""
    apart = abs(draw(12, 9))
    pose: Pose = {"Hips": (draw(2, 4), draw(0, 4), 0.0)}
    trunk(pose, draw, draw(0, 7), draw(0, 12), draw(0, 12))
    for side in SIDES:
        bent = abs(draw(0, 9))
        leg(pose, side, (bent + draw(2, 3), apart + draw(0, 3), draw(-10, 6)), 2 * bent + 3)
        flat_foot(pose, side, pose["Hips"][0])
    arms(pose, draw, 0.6, {"up": 4, "side": 4, "wave": 2, "head": 2, "forward": 1})
    return pose


# not in the paper: the shares.
ACTIVITIES: dict[Callable[[Draw], Pose], float] = {
    stand: 0.30,
    walk: 0.17,
    run: 0.09,
    sit: 0.10,
    sit_on_ground: 0.04,
    squat: 0.06,
    kneel: 0.05,
    bend: 0.07,
    lunge: 0.05,
    stretch: 0.07,
}
