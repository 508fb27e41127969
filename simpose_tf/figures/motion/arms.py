"""Arms and hands: hanging, swinging, touching the body, holding things, alone or together."""

import numpy as np

from simpose_tf.figures.motion.goals import Angles, Reach
from simpose_tf.figures.motion.limbs import OTHER, OUT, SIDES, Draw, Sketch, hand, look

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

_HAND_THICKNESS = 0.03  # metres
# Arms whose hand touches something: what to draw first, reached point, target (on the same side, or `Other...`), gap
# in metres, how far it may be off (sd along each axis), the hand's shape.
_TOUCHES: dict[str, tuple] = {
    "hip": (((-12, 5), (42, 6), (55, 8), (96, 8), (0, 10)), "Palm", "Side", 0.012, 0.02, "open"),
    "pocket": (((-12, 5), (20, 4), (18, 8), (46, 8), (10, 8)), "Palm", "Pocket", 0.02, 0.02, "open"),
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
    "shoulder": (((72, 8), (-24, 6), (30, 9), (112, 8), (0, 10)), "Palm", "OtherShoulderTop", 0.02, 0.03, "open"),
    "forearm": (((22, 8), (12, 6), (55, 9), (78, 8), (0, 10)), "Palm", "OtherForeArmMid", 0.05, 0.03, "open"),
}


def arm(sketch: Sketch, draw: Draw, side: str, what: str) -> None:
    """Pose one arm with its forearm and hand as one of the tables says."""
    if what in _ARMS:
        (*means, shape), target = _ARMS[what], None
    else:
        means, point, target, gap, sd, shape = _TOUCHES[what]
        name = OTHER[side] + target.removeprefix("Other") if target.startswith("Other") else target
        name = name if name in _MIDDLE or name.startswith(SIDES) else side + name
        touch(sketch, side, point, name, (gap, sd))
    flexion, abduction, twist, elbow, turn = (draw(*pair) for pair in means)
    set_arm(sketch, draw, side, (flexion, abduction, twist), (elbow, turn), shape)


def touch(sketch: Sketch, side: str, point: str, target: str, gap_and_sd: tuple[float, float]) -> None:
    """Ask that a point of the hand touches a landmark, a palm lying flat on it; the arm may follow."""
    gap, sd = gap_and_sd
    sketch.reach.append(Reach(f"{side}{point}", target, gap, sd))
    if point == "Palm":
        sketch.reach.append(Reach(f"{side}Knuckles", target, gap + _HAND_THICKNESS, 2 * sd, wish=True))
    sketch.loose |= {f"{side}Arm", f"{side}ForeArm", f"{side}Hand"}


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


ONE_ARM: dict[str, float] = {
    "hang": 6, "hang_bent": 3, "behind": 0.7, "belly": 1.2, "hip": 2, "pocket": 1.5, "hold": 2, "phone": 1.2,
    "forward": 1, "low": 1.5, "half_side": 1, "wave": 1, "up": 0.8, "head": 0.6, "carry": 1.5, "offer": 1.5,
    "point": 0.8, "chin": 0.6, "brow": 0.5, "shoulder": 0.5, "forearm": 0.8, "side": 0.4,
}  # fmt: skip


def both_hands(sketch: Sketch, draw: Draw, what: str) -> None:
    """Pose both arms for what takes two hands."""
    y, z = draw(-0.02, 0.05), draw(0.36, 0.04)
    if what == "crossed":
        for side, point, target in (("Left", "Fingers", "RightArmOut"), ("Right", "Palm", "LeftElbow")):
            set_arm(sketch, draw, side, (draw(34, 4), draw(4, 4), draw(62, 6)), (draw(104, 5), draw(10, 6)), "flat")
            touch(sketch, side, point, target, (0.012, 0.02))
    elif what == "box":
        hands_together(sketch, draw, ("Spine2", 0.0, y - 0.1, z), (draw(0.34, 0.05), 0.0, 0.0), "open")
    elif what == "small_thing":  # a telephone, a cup, a camera held lower
        hands_together(sketch, draw, ("Spine2", 0.0, y + draw(-0.02, 0.08), z - 0.02), (0.085, draw(0, 0.02), 0.0))
        look(sketch, draw, draw(20, 6), draw(0, 5))
    elif what == "camera":
        hands_together(sketch, draw, ("Head", 0.0, draw(0.02, 0.02), draw(0.24, 0.03)), (0.13, 0.0, 0.0))
    elif what == "clasped":
        hands_together(sketch, draw, ("Hips", 0.0, draw(0.1, 0.04), draw(0.22, 0.01)), (0.06, 0.03, 0.0), "relaxed")
    else:  # "push"
        for side in SIDES:
            place_hand(sketch, draw, side, ("Spine2", OUT[side] * draw(0.17, 0.03), y + 0.02, z + 0.14), "flat", 40)
            sketch.angles[f"{side}Hand"] = (0.0, draw(45, 6), 0.0)


TWO_HANDS = {"crossed": 2.0, "box": 1.5, "small_thing": 2.0, "camera": 0.7, "clasped": 1.2, "push": 0.4}


def any_arms(sketch: Sketch, draw: Draw) -> None:
    """Pose the arms of somebody upright: hanging, with one or two hands busy."""
    if draw.often(0.28):
        arms(sketch, draw, 1.0, {"hang": 3, "hang_bent": 1})
    elif draw.often(0.3):
        both_hands(sketch, draw, draw.choose(TWO_HANDS))
    else:
        arms(sketch, draw, 0.2, ONE_ARM)
