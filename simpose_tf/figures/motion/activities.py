"""Everyday postures: how people stand, walk, sit, bend, reach, carry.

Every activity draws its latent quantities (stride, depth of a squat) once and lets several joints follow them, as a
body does; goals then bring feet to the ground and hands to where they belong (`figures.motion.goals`).

# not in the paper: SimPose (sec. 5.1) plays motion-capture clips; these poses need no files.
"""

import numpy as np

from simpose_tf.figures.motion.arms import ONE_ARM, TWO_HANDS, any_arms, arm, arms, both_hands, place_hand, swing_arms
from simpose_tf.figures.motion.limbs import OUT, SIDES, Draw, Sketch, flat, hand, leg, look, tiptoe, trunk


def stand(draw: Draw) -> Sketch:
    """Stand, often with the weight on one leg."""
    shift, stance, ahead = abs(draw(0, 3.5)), draw(1.5, 3), draw(0, 4)
    sketch = Sketch({"Hips": (draw(0, 3), shift, 0.0)}, balance=True)
    trunk(sketch, draw, draw(2, 5), -1.2 * shift + draw(0, 3), draw(0, 9))
    # The pelvis tilts towards its left: the left hip drops, and its knee bends.
    leg(sketch, "Left", (1.6 * shift + 2 + ahead, stance - shift, draw(-9, 7)), 3.2 * shift + abs(draw(2, 3)))
    leg(sketch, "Right", (2 - ahead, stance + shift, draw(-7, 6)), abs(draw(2, 2)))
    for side in SIDES:
        flat(sketch, side)
    any_arms(sketch, draw)
    return sketch


def walk(draw: Draw) -> Sketch:
    """Walk: one moment of the gait cycle (hip -15..30, knee to 60 in swing)."""
    phase, stride = draw.between(0, 2 * np.pi), draw(1.0, 0.2)
    sketch = Sketch({"Hips": (draw(3, 2), 0.0, stride * 5 * np.sin(phase))})
    trunk(sketch, draw, draw(2, 4), 0.0, -stride * 9 * np.sin(phase))
    for side, own in zip(SIDES, (phase, phase + np.pi), strict=True):
        lifted = max(np.cos(own), 0.0)  # the foot is off the ground while the leg swings forward
        hip = stride * (22 * np.sin(own) + 14 * lifted) + 4
        leg(sketch, side, (hip, draw(1, 1.5), draw(-5, 4)), 5 + stride * 50 * lifted**1.3)
        _gait_foot(sketch, side, own, lifted, stride)
    swing_arms(sketch, draw, phase, 22 * stride, 18)
    if draw.often(0.3):
        arm(sketch, draw, SIDES[draw.rng.integers(2)], draw.choose(ONE_ARM))
    elif draw.often(0.12):
        both_hands(sketch, draw, draw.choose(TWO_HANDS))
    return sketch


def _gait_foot(sketch: Sketch, side: str, own: float, lifted: float, stride: float) -> None:
    """Set the foot of a walker: heel first in front, flat below, on the toes behind, free while it swings."""
    if lifted > 0.35:
        level = sketch.angles[f"{side}Leg"][0] - sketch.angles[f"{side}UpLeg"][0]
        sketch.angles[f"{side}Foot"] = (float(np.clip(-0.5 * level, -10, 20)), 0.0, 0.0)
    elif np.sin(own) > 0.75:
        sketch.angles[f"{side}Foot"] = (-6.0, 0.0, 0.0)
        sketch.ground.append(f"{side}Heel")
    elif np.sin(own) < -0.35:
        tiptoe(sketch, side, 32 * stride * -np.sin(own))
    else:
        flat(sketch, side)


def run(draw: Draw) -> Sketch:
    """Run or jog: leaning forward, elbows bent; one foot at most is on the ground."""
    phase, stride = draw.between(0, 2 * np.pi), draw(1.0, 0.22)
    sketch = Sketch({"Hips": (draw(9, 3), 0.0, stride * 7 * np.sin(phase))})
    trunk(sketch, draw, draw(5, 4), 0.0, -stride * 16 * np.sin(phase))
    for side, own in zip(SIDES, (phase, phase + np.pi), strict=True):
        lifted = max(np.cos(own - 0.3), 0.0)
        hip = stride * (34 * np.sin(own) + 24 * lifted) + 12
        leg(sketch, side, (hip, draw(1, 2), draw(-4, 3)), 15 + stride * 82 * lifted, draw(10, 10))
        if np.sin(own) < -0.5 and lifted < 0.3:
            tiptoe(sketch, side, 38)
        elif lifted < 0.1:
            flat(sketch, side)
    swing_arms(sketch, draw, phase, 42 * stride, draw(85, 10))
    return sketch


def sit(draw: Draw) -> Sketch:
    """Sit as on a chair or a bench."""
    sketch, out = Sketch({"Hips": (draw(-8, 7), 0.0, 0.0)}), abs(draw(5, 6))
    slouch = draw(14, 11)
    trunk(sketch, draw, slouch, draw(0, 4), draw(0, 8))
    style = draw.choose({"square": 4, "apart": 2, "forward": 2, "crossed": 1.3, "tucked": 1.2})
    hips = {"square": 78, "apart": 76, "forward": 70, "crossed": 80, "tucked": 80}[style] + draw(0, 5)
    knees = {"square": 82, "apart": 84, "forward": 52, "crossed": 80, "tucked": 104}[style] + draw(0, 7)
    wide = {"apart": 20}.get(style, 3) + out
    for side in SIDES:
        leg(sketch, side, (hips + draw(0, 3), wide + draw(0, 3), draw(-4, 6)), knees + draw(0, 6))
        if style == "crossed" and side == "Left":
            leg(sketch, "Left", (hips + 22, -14 + draw(0, 2), draw(4, 4)), draw(66, 8), draw(18, 8))
        elif style == "tucked":
            tiptoe(sketch, side, 28)
        else:
            flat(sketch, side)
    _seated_arms(sketch, draw, lean=slouch > 22)
    return sketch


def _seated_arms(sketch: Sketch, draw: Draw, lean: bool) -> None:
    if draw.often(0.3):
        both_hands(sketch, draw, draw.choose({"crossed": 1.2, "box": 0.8, "small_thing": 2.5, "camera": 0.3}))
        return
    resting = {"thigh": 5, "knee": 4 if lean else 2.5, "belly": 1.0, "hold": 1.2, "phone": 1, "chin": 0.8}
    arms(sketch, draw, 0.5, resting | {"offer": 1, "forward": 0.7, "up": 0.3, "head": 0.4, "wave": 0.4, "low": 0.6})


def squat(draw: Draw) -> Sketch:
    """Squat: hips, knees and trunk go down together."""
    depth = draw.between(0.3, 1)
    sketch = Sketch({"Hips": (6 + 24 * depth + draw(0, 4), 0.0, 0.0)}, balance=True)
    trunk(sketch, draw, 8 + 16 * depth + draw(0, 5), 0.0, draw(0, 7))
    for side in SIDES:
        apart = 8 + 12 * depth + draw(0, 3)
        leg(sketch, side, (24 + 90 * depth + draw(0, 4), apart, draw(-16, 5)), 34 + 96 * depth)
        if depth > 0.75:
            tiptoe(sketch, side, 26)  # few ankles bend enough for a deep squat on the whole sole
        else:
            flat(sketch, side)
    if draw.often(0.25):
        both_hands(sketch, draw, draw.choose({"small_thing": 2, "box": 1, "camera": 0.7, "clasped": 0.5}))
    else:
        arms(sketch, draw, 0.6, {"forward": 2, "low": 2, "knee": 3, "hold": 1, "thigh": 1.5, "offer": 1, "chin": 0.4})
    return sketch


def bend(draw: Draw) -> Sketch:
    """Bend down, as to pick something up, to tie a shoe or to rest on the knees."""
    depth = draw.between(0.3, 1)
    pelvis = 12 + 46 * depth + draw(0, 4)
    sketch = Sketch({"Hips": (pelvis, 0.0, 0.0)}, balance=True)
    trunk(sketch, draw, 12 + 34 * depth + draw(0, 4), draw(0, 5), draw(0, 9))
    crouch, ahead = abs(draw(12, 12)), draw(0, 7)
    for side, sign in zip(SIDES, (1, -1), strict=True):
        hip = (pelvis + crouch + sign * ahead + draw(0, 3), draw(5, 3), draw(-7, 4))
        leg(sketch, side, hip, max(2 * crouch + draw(4, 4), 2))
        flat(sketch, side)
    if depth > 0.55 and draw.often(0.5):
        _pick_up(sketch, draw)
    elif draw.often(0.2):
        both_hands(sketch, draw, "box")
    else:
        arms(sketch, draw, 0.6, {"low": 3, "knee": 2.5, "thigh": 1.5, "hang": 1, "hip": 0.7, "forward": 0.7})
    return sketch


def _pick_up(sketch: Sketch, draw: Draw) -> None:
    """Bring one hand or both near the ground in front of the feet."""
    for side in SIDES:
        if side == "Left" or draw.often(0.5):
            height, ahead = draw.between(0.05, 0.4), draw(0.38, 0.06)
            place_hand(sketch, draw, side, ("Ground", OUT[side] * draw(0.14, 0.05), height, ahead), elbow=30)
        else:
            arm(sketch, draw, side, draw.choose({"low": 1, "knee": 1.5, "behind": 0.5, "hang": 1}))


def reach(draw: Draw) -> Sketch:
    """Reach up, forward or aside with one hand or both, the trunk following."""
    turn, aside = draw(0, 12), draw(0, 6)
    sketch = Sketch({"Hips": (draw(4, 4), 0.3 * aside, 0.4 * turn)}, balance=True)
    trunk(sketch, draw, draw(4, 7), -0.8 * aside, turn)
    for side, sign in zip(SIDES, (1, -1), strict=True):
        leg(sketch, side, (4 + sign * draw(8, 6), draw(4, 3), draw(-7, 5)), abs(draw(8, 6)))
        if draw.often(0.15):
            tiptoe(sketch, side, 22)
        else:
            flat(sketch, side)
    high = {"up": 3, "up_grip": 2, "forward": 2, "side": 1.5, "point": 1}
    arm(sketch, draw, "Left", draw.choose(high))
    other = {"hang": 3, "hang_bent": 1, "hip": 1, "half_side": 1.5, "low": 1, "up": 3, "forward": 1, "forearm": 0.5}
    arm(sketch, draw, "Right", draw.choose(other))
    look(sketch, draw, draw(-14, 8), draw(8, 12))
    return sketch


def carry(draw: Draw) -> Sketch:
    """Carry: a box before the belly, a bag on the shoulder or in the hand, something on the head; standing or going."""
    sketch = walk(draw) if draw.often(0.5) else stand(draw)
    sketch.reach.clear()
    sketch.loose.clear()
    what = draw.choose({"box": 3, "shoulder": 2, "bag": 3, "head": 1, "tray": 1.2, "backpack": 1})
    if what == "box":
        both_hands(sketch, draw, "box")
    elif what == "head":
        for side in SIDES[: 1 + draw.rng.integers(2)]:
            arm(sketch, draw, side, "crown")
    elif what == "tray":
        place_hand(sketch, draw, "Left", ("Spine2", draw(0.2, 0.03), draw(0.0, 0.04), draw(0.3, 0.03)), "flat", 100)
    elif what == "backpack":
        for side in SIDES:
            place_hand(sketch, draw, side, ("Spine2", OUT[side] * 0.13, draw(0.07, 0.02), 0.15), "grip", 120)
    else:
        arm(sketch, draw, "Left", "carry")
        arm(sketch, draw, "Right", {"shoulder": "shoulder", "bag": "carry"}[what] if draw.often(0.6) else "hang")
    return sketch


def lean(draw: Draw) -> Sketch:
    """Lean on a rail, a table or a wall with one hand or both, or push something heavy."""
    push = draw.between(0, 1)
    sketch = Sketch({"Hips": (8 + 22 * push + draw(0, 3), 0.0, draw(0, 4))})
    trunk(sketch, draw, 6 + 12 * push + draw(0, 4), 0.0, draw(0, 6))
    leg(sketch, "Left", (30 + 26 * push + draw(0, 4), draw(4, 3), draw(-4, 4)), 24 + 30 * push + draw(0, 4))
    flat(sketch, "Left")
    leg(sketch, "Right", (4 - 8 * push + draw(0, 4), draw(4, 3), draw(-6, 4)), 8 + 8 * push + abs(draw(0, 5)))
    if push > 0.4:
        tiptoe(sketch, "Right", 30)
    else:
        flat(sketch, "Right")
    height = draw.between(0.7, 1.35)
    for side in SIDES[: 1 if draw.often(0.2) else 2]:
        place = ("Ground", OUT[side] * draw(0.18, 0.04), height, draw(0.5, 0.04) + 0.12 * push)
        place_hand(sketch, draw, side, place, "flat", 45)
        sketch.angles[f"{side}Hand"] = (0.0, draw(40, 8), 0.0)
    if "RightArm" not in sketch.angles:
        arm(sketch, draw, "Right", draw.choose({"hip": 1, "hang": 1, "phone": 1, "hold": 1}))
    return sketch


def climb(draw: Draw) -> Sketch:
    """Go up stairs or a ladder: one foot on a higher step."""
    high = draw.between(0.35, 1)
    sketch = Sketch({"Hips": (draw(6, 4), draw(0, 2), draw(0, 4))})
    trunk(sketch, draw, 6 + draw(0, 6), 0.0, draw(0, 7))
    leg(sketch, "Left", (32 + 52 * high + draw(0, 4), draw(3, 4), draw(-4, 5)), 40 + 52 * high + draw(0, 4), -6)
    leg(sketch, "Right", (4 + draw(0, 5), draw(3, 3), draw(-5, 4)), abs(draw(8, 6)))
    (tiptoe if draw.often(0.5) else flat)(sketch, "Right")
    if draw.often(0.5):
        arms(sketch, draw, 0.0, {"up_grip": 3, "forward": 1.5, "hold": 1.5, "up": 1})
        look(sketch, draw, draw(-12, 8), draw(0, 10))
    else:
        arms(sketch, draw, 0.2, {"hang": 3, "knee": 0.6, "low": 2, "hold": 2, "forward": 1, "hang_bent": 2})
    return sketch


def stretch(draw: Draw) -> Sketch:
    """Stretch or cheer: legs apart, arms wide or high, the trunk to the side."""
    apart = abs(draw(12, 9))
    sketch = Sketch({"Hips": (draw(2, 4), draw(0, 4), 0.0)}, balance=True)
    trunk(sketch, draw, draw(0, 6), draw(0, 14), draw(0, 12))
    for side in SIDES:
        bent = abs(draw(0, 8))
        leg(sketch, side, (bent + draw(2, 3), apart + draw(0, 3), draw(-10, 6)), 2 * bent + 3)
        flat(sketch, side)
    arms(sketch, draw, 0.6, {"up": 4, "side": 4, "wave": 2, "head": 2, "forward": 1, "crown": 1, "hip": 1.5})
    return sketch


def dance(draw: Draw) -> Sketch:
    """Dance: the hips to the side, a knee lifted or bent, arms anywhere."""
    sway = draw(0, 8)
    sketch = Sketch({"Hips": (draw(4, 4), sway, draw(0, 8))}, balance=True)
    trunk(sketch, draw, draw(0, 7), -1.3 * sway + draw(0, 5), draw(0, 14))
    bent = abs(draw(16, 10))
    leg(sketch, "Right", (bent + 4, draw(6, 5), draw(-12, 8)), 1.7 * bent)
    flat(sketch, "Right")
    style = draw.choose({"both": 3, "kneeup": 1.5, "toes": 2})
    if style == "kneeup":
        leg(sketch, "Left", (draw(58, 14), draw(8, 6), draw(-10, 10)), draw(78, 18), draw(25, 10))
    else:
        leg(sketch, "Left", (draw(14, 12), draw(12, 7), draw(-14, 10)), draw(30, 14))
        (flat if style == "both" else tiptoe)(sketch, "Left")
    arms(
        sketch, draw, 0.3, {"up": 2, "side": 3, "half_side": 3, "hip": 1.5, "head": 1, "wave": 1, "jog": 2, "guard": 1}
    )
    for side in SIDES:
        if draw.often(0.3):
            wrist = sketch.angles[f"{side}Hand"]
            hand(sketch, draw, side, draw.choose({"open": 1, "spread": 1, "fist": 0.7}))
            sketch.angles[f"{side}Hand"] = wrist
    return sketch
