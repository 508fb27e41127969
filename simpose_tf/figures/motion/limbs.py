"""What activities are made of: a sketch of a posture that functions for trunk, legs, feet, arms and hands fill in.

Notation: angles are (flexion, abduction, twist) in degrees (`figures.joints`); `draw(mean, sd)` is one normal draw.
Arms are drawn relative to the trunk; how much of their lift the shoulder blade takes follows from that (`rhythm`).
"""

from dataclasses import dataclass, field

import numpy as np

from simpose_tf.figures import joints
from simpose_tf.figures.kinematics import joint_rotations
from simpose_tf.figures.motion.goals import Angles, Pose, Posture, Reach
from simpose_tf.figures.motion.reference_body import SIDES

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
            (20.0 if shape == "flat" else -24 * opposed) if joint == 1 else 0.0,
            0.0,
        )
