"""What activities are made of: a sketch of a posture that functions for trunk, legs, feet, arms and hands fill in.

Notation: angles are (flexion, abduction, twist) in degrees (`figures.joints`); `draw(mean, sd)` is one normal draw.
Arms are drawn relative to the trunk; how much of their lift the shoulder blade takes follows from that (`rhythm`).
"""

from dataclasses import dataclass, field

import numpy as np

from simpose_tf.figures import joints
from simpose_tf.figures.goals import Angles, Pose, Posture, Reach
from simpose_tf.figures.kinematics import joint_rotations
from simpose_tf.figures.reference_body import SIDES

FINGERS = ("Index", "Middle", "Ring", "Pinky")
OTHER = {"Left": "Right", "Right": "Left"}
OUT = {"Left": 1.0, "Right": -1.0}  # x of the side
SOLE = ("Heel", "BallIn", "BallOut")
TIPTOE = ("BallIn", "BallOut", "Toe")


class Draw:
    """Normal draws from one generator: `draw(mean, sd)`, cut off at two standard deviations."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng

    def __call__(self, mean: float, sd: float) -> float:
        """Draw from the normal distribution, cut off at two standard deviations."""
        return float(mean + sd * np.clip(self.rng.standard_normal(), -2, 2))

    def between(self, low: float, high: float) -> float:
        """Draw uniformly."""
        return float(self.rng.uniform(low, high))

    def often(self, share: float) -> bool:
        """Return True in a share of the draws."""
        return bool(self.rng.random() < share)

    def choose(self, weights: dict[str, float]) -> str:
        """Draw a key in proportion to its weight."""
        shares = np.array(list(weights.values()), float)
        return list(weights)[int(self.rng.choice(len(shares), p=shares / shares.sum()))]


@dataclass
class Sketch:
    """A posture in the making; see `goals.Posture`."""

    angles: Pose = field(default_factory=dict)
    ground: list[str] = field(default_factory=list)
    balance: bool = False
    reach: list[Reach] = field(default_factory=list)
    loose: set[str] = field(default_factory=set)

    def posture(self) -> Posture:
        """Return the finished posture."""
        for side in SIDES:
            rhythm(self.angles, side)
        return Posture(self.angles, tuple(self.ground), self.balance, tuple(self.reach), tuple(sorted(self.loose)))


def rhythm(pose: Pose, side: str) -> None:
    """Let the shoulder blade take its share of the arm's lift (Inman 1944: one degree in three, from 30 degrees on)."""
    names = (f"{side}Shoulder", f"{side}Arm")
    drawn = np.array([pose.get(name, (0.0, 0.0, 0.0)) for name in names])
    blade, arm = joint_rotations(joints.axis_signs(names), drawn)
    lift = np.clip((np.hypot(*drawn[1, :2]) - 30) / 4, 0, 28)
    forward = np.clip((drawn[1, 0] - 60) / 8, 0, 8)
    moved = np.array([drawn[0] + [forward, lift, 0], drawn[1]])
    taken = joint_rotations(joints.axis_signs(names), moved)[0]
    rest = joints.angles_of_joints(names, np.stack([blade, taken.T @ blade @ arm]))[1]
    pose[names[0]], pose[names[1]] = _triple(moved[0]), _triple(rest)


def _triple(values: np.ndarray) -> Angles:
    return float(values[0]), float(values[1]), float(values[2])


def trunk(sketch: Sketch, draw: Draw, lean: float, bend: float = 0.0, turn: float = 0.0) -> None:
    """Bend the spine forward by `lean`, sideways by `bend`, turn it by `turn` (degrees); move the head."""
    for bone, share in (("Spine", 0.4), ("Spine1", 0.35), ("Spine2", 0.25)):
        sketch.angles[bone] = (share * lean + draw(0, 2), bend / 3 + draw(0, 1.5), turn / 3 + draw(0, 1.5))
    look(sketch, draw, draw(-0.3 * lean, 10), draw(-0.5 * turn, 18))


def look(sketch: Sketch, draw: Draw, down: float, aside: float) -> None:
    """Turn the head (degrees, relative to the chest)."""
    tilt = draw(0, 5)
    sketch.angles["Neck"] = (0.5 * down + 3, 0.5 * tilt, 0.4 * aside)
    sketch.angles["Head"] = (0.5 * down, 0.5 * tilt, 0.6 * aside)


def leg(sketch: Sketch, side: str, hip: Angles, knee: float, ankle: float = 0.0) -> None:
    """Set one leg: hip angles, knee flexion, ankle (pointing down is positive)."""
    sketch.angles |= {f"{side}UpLeg": hip, f"{side}Leg": (knee, 0, 0), f"{side}Foot": (ankle, 0, 0)}


def flat(sketch: Sketch, side: str) -> None:
    """Put a whole sole on the ground."""
    _level(sketch, side, 0)
    sketch.ground += [side + point for point in SOLE]


def tiptoe(sketch: Sketch, side: str, lift: float = 35) -> None:
    """Put ball and toes on the ground, the heel lifted by about `lift` degrees."""
    _level(sketch, side, lift)
    sketch.angles[f"{side}ToeBase"] = (-float(lift), 0, 0)
    sketch.ground += [side + point for point in TIPTOE]


def _level(sketch: Sketch, side: str, lift: float) -> None:
    """Turn an ankle so that the sole rises to the heel by `lift` degrees."""
    hips, thigh, shin = (sketch.angles.get(b, (0, 0, 0))[0] for b in ("Hips", f"{side}UpLeg", f"{side}Leg"))
    sketch.angles[f"{side}Foot"] = (float(lift - hips + thigh - shin), 0, 0)


# How far fingers are bent, in degrees at the knuckle: mean and standard deviation.
_CURLS = {"relaxed": (22, 10), "open": (7, 5), "flat": (2, 3), "grip": (62, 6), "fist": (78, 4), "spread": (3, 4)}


def hand(sketch: Sketch, draw: Draw, side: str, shape: str = "relaxed") -> None:
    """Shape one hand: wrist near straight, fingers curled together, more towards the little finger.

    `shape` is one of `relaxed`, `open`, `flat`, `grip`, `fist`, `spread` and `point`.
    """
    pose = sketch.angles
    curl = abs(draw(*_CURLS["fist" if shape == "point" else shape]))
    pose[f"{side}Hand"] = (draw(3, 5), draw(-4, 9), draw(0, 8))
    for k, finger in enumerate(FINGERS):
        bend = curl * (1 + (0.15 * k if shape == "relaxed" else 0)) + draw(0, 3)
        bend = abs(draw(6, 3)) if shape == "point" and finger == "Index" else bend
        fan = (-9, -2, 4, 10)[k] if shape == "spread" else draw(0, 1.5)
        for joint, share in enumerate((0.85, 1.15, 0.75), start=1):
            pose[f"{side}Hand{finger}{joint}"] = (fan if joint == 1 else 0.0, -share * bend, 0.0)
    opposed = min(curl, 60) / 60  # the thumb comes before the palm, then across the fingers
    for joint, across in ((1, 14), (2, 24), (3, 26)):
        pose[f"{side}HandThumb{joint}"] = (
            6 + across * opposed + draw(0, 2),
            -24 * opposed if joint == 1 else 0.0,
            0.0,
        )


# Arms by angles alone: (mean, sd) of the upper arm's flexion, abduction and internal twist, of the elbow's flexion
# and of the forearm's pronation; last the hand's shape.
_ARMS: dict[str, tuple] = {
    "hang": ((2, 7), (8, 4), (12, 12), (16, 9), (8, 14), "relaxed"),
    "hang_bent": ((-6, 8), (14, 5), (14, 12), (38, 14), (10, 14), "relaxed"),
    "carry": ((0, 5), (9, 3), (8, 8), (8, 5), (5, 8), "fist"),
    "hold": ((26, 12), (12, 7), (18, 12), (92, 14), (5, 20), "grip"),
    "offer": ((52, 12), (12, 8), (-5, 14), (48, 18), (-25, 18), "open"),
    "forward": ((80, 14), (8, 12), (5, 16), (14, 10), (12, 18), "open"),
    "point": ((78, 14), (22, 18), (10, 14), (10, 8), (20, 12), "point"),
    "low": ((45, 14), (12, 9), (8, 14), (28, 16), (8, 16), "relaxed"),
    "side": ((8, 14), (84, 16), (0, 16), (16, 12), (5, 20), "open"),
    "half_side": ((8, 12), (44, 12), (5, 16), (26, 16), (10, 18), "open"),
    "wave": ((24, 10), (74, 12), (-62, 9), (78, 18), (0, 15), "spread"),
    "up": ((142, 12), (14, 10), (0, 18), (20, 14), (5, 20), "open"),
    "up_grip": ((138, 12), (10, 10), (0, 18), (40, 20), (5, 20), "grip"),
    "back": ((-34, 8), (14, 6), (10, 12), (24, 14), (5, 14), "relaxed"),
    "guard": ((38, 8), (14, 6), (10, 10), (122, 9), (15, 12), "fist"),
    "jog": ((0, 10), (12, 5), (18, 10), (86, 10), (8, 10), "relaxed"),
}

# Arms whose hand touches something: what to draw first, reached point, target (on the same side, or `Other...`), gap
# in metres, how far it may be off (sd along each axis), the hand's shape.
_TOUCHES: dict[str, tuple] = {
    "hip": (((-12, 5), (42, 6), (55, 8), (96, 8), (0, 10)), "Palm", "Side", 0.012, 0.02, "open"),
    "pocket": (((-12, 5), (20, 4), (18, 8), (46, 8), (10, 8)), "Palm", "ThighSide", 0.02, 0.03, "open"),
    "belly": (((18, 8), (14, 6), (46, 9), (88, 9), (0, 10)), "Palm", "Belly", 0.025, 0.05, "open"),
    "chest": (((30, 8), (20, 6), (60, 9), (118, 8), (0, 10)), "Palm", "Chest", 0.025, 0.05, "open"),
    "behind": (((-32, 5), (16, 4), (45, 8), (62, 8), (-20, 10)), "Knuckles", "LowerBack", 0.02, 0.04, "open"),
    "phone": (((38, 8), (28, 8), (2, 10), (136, 6), (0, 10)), "Palm", "Ear", 0.03, 0.015, "grip"),
    "chin": (((46, 8), (6, 6), (22, 8), (132, 6), (0, 10)), "Fingers", "Chin", 0.008, 0.02, "open"),
    "brow": (((58, 8), (42, 8), (20, 10), (128, 6), (10, 10)), "Fingers", "Brow", 0.015, 0.02, "flat"),
    "head": (((72, 10), (70, 10), (-40, 12), (128, 8), (0, 10)), "Palm", "HeadBack", 0.02, 0.03, "open"),
    "crown": (((90, 10), (60, 10), (-30, 12), (120, 8), (0, 10)), "Palm", "Crown", 0.02, 0.03, "open"),
    "thigh": (((26, 8), (10, 5), (14, 9), (46, 10), (25, 10)), "Palm", "ThighTop", 0.012, 0.04, "open"),
    "knee": (((36, 8), (8, 5), (14, 9), (28, 10), (25, 10)), "Palm", "KneeTop", 0.012, 0.025, "open"),
    "shoulder": (((55, 8), (0, 8), (35, 9), (118, 8), (0, 10)), "Palm", "OtherShoulderTop", 0.02, 0.03, "open"),
    "elbow": (((24, 8), (12, 6), (50, 9), (84, 8), (0, 10)), "Palm", "OtherElbow", 0.015, 0.03, "open"),
}


def arm(sketch: Sketch, draw: Draw, side: str, what: str) -> None:
    """Pose one arm with its forearm and hand as one of the tables says."""
    if what in _ARMS:
        (*means, shape), target = _ARMS[what], None
    else:
        means, point, target, gap, sd, shape = _TOUCHES[what]
        name = OTHER[side] + target.removeprefix("Other") if target.startswith("Other") else target
        name = name if name in _MIDDLE or name.startswith(SIDES) else side + name
        sketch.reach.append(Reach(f"{side}{point}", name, gap, sd))
        sketch.loose |= {f"{side}Arm", f"{side}ForeArm", f"{side}Hand"}
    flexion, abduction, twist, elbow, turn = (draw(*pair) for pair in means)
    set_arm(sketch, draw, side, (flexion, abduction, twist), (elbow, turn), shape)


_MIDDLE = ("Belly", "Chest", "LowerBack", "Chin", "Brow", "HeadBack", "Crown")


def set_arm(sketch: Sketch, draw: Draw, side: str, upper: Angles, lower: tuple[float, float], shape: str) -> None:
    """Set the upper arm's angles, the elbow's flexion, the forearm's pronation and the hand."""
    hand(sketch, draw, side, shape)
    pose, (elbow, turn) = sketch.angles, lower
    pose[f"{side}Shoulder"], pose[f"{side}Arm"] = (draw(0, 2), draw(0, 2), 0.0), upper
    pose[f"{side}ForeArm"] = (elbow, 0.0, 0.65 * turn)  # the forearm's bones turn more than the wrist
    wrist = pose[f"{side}Hand"]
    pose[f"{side}Hand"] = (wrist[0], wrist[1], 0.35 * turn)


def arms(sketch: Sketch, draw: Draw, both_alike: float, choices: dict[str, float]) -> None:
    """Pose both arms: alike with probability `both_alike`, else each by its own draw."""
    first = draw.choose(choices)
    second = first if draw.often(both_alike) else draw.choose(choices)
    for side, what in zip(SIDES, (first, second), strict=True):
        arm(sketch, draw, side, what)


Place = tuple[str, float, float, float]


def place_hand(sketch: Sketch, draw: Draw, side: str, place: Place, shape: str = "grip", elbow: float = 80) -> None:
    """Bring the grip of a hand to a place fixed to a bone (`goals.Reach`); the arm is drawn low and bent first."""
    lift = float(np.clip(elbow, 20, 120))
    set_arm(
        sketch, draw, side, (draw(110 - 0.7 * lift, 8), draw(14, 6), draw(15, 8)), (draw(elbow, 8), draw(10, 8)), shape
    )
    sketch.reach.append(Reach(f"{side}Grip", place, sd=0.012))
    sketch.loose |= {f"{side}Arm", f"{side}ForeArm", f"{side}Hand"}


def hands_together(
    sketch: Sketch, draw: Draw, place: Place, apart: tuple[float, float, float], shape: str = "grip"
) -> None:
    """Bring both grips to a place, `apart` metres from each other (x, y, z from the right to the left one)."""
    bone, *middle = place
    for side, sign in (("Left", 0.5), ("Right", -0.5)):
        x, y, z = (m + sign * a for m, a in zip(middle, apart, strict=True))
        place_hand(sketch, draw, side, (bone, x, y, z), shape)


def swing_arms(sketch: Sketch, draw: Draw, phase: float, swing: float, elbow: float) -> None:
    """Swing the arms against the legs; `phase` in radians is that of the left leg's forward swing."""
    for side, sign in zip(SIDES, (-1, 1), strict=True):
        forward = sign * np.sin(phase)
        upper = (swing * forward + draw(0, 4), draw(9, 3), draw(14, 8))
        bent = elbow + 0.5 * swing * max(forward, 0) + draw(0, 5)
        set_arm(sketch, draw, side, upper, (bent, draw(10, 8)), "fist" if elbow > 60 and draw.often(0.4) else "relaxed")
