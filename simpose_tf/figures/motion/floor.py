"""Postures close to the ground: kneel, sit on it, crawl, lie."""

import numpy as np

from simpose_tf.figures.motion.arms import arm, arms, both_hands, place_hand, set_arm
from simpose_tf.figures.motion.limbs import OUT, SIDES, SOLE, Draw, Sketch, flat, leg, look, trunk


def kneel(draw: Draw) -> Sketch:
    """Kneel on the right knee, on both, or sit on the heels."""
    style = draw.choose({"one": 4, "both": 2, "heels": 2})
    sketch = Sketch({"Hips": (draw(2, 5), draw(0, 2), 0.0)}, balance=True)
    trunk(sketch, draw, draw(8, 9), draw(0, 4), draw(0, 8))
    for side in SIDES:
        if style == "one" and side == "Left":
            leg(sketch, "Left", (draw(88, 7), draw(8, 4), draw(-4, 4)), draw(90, 8))
            flat(sketch, "Left")
            continue
        hip, knee = (62 + draw(0, 4), 146 + draw(0, 2)) if style == "heels" else (draw(6, 6), draw(88, 6))
        leg(sketch, side, (hip, draw(6, 4), draw(0, 4)), knee)
        _kneeling_foot(sketch, side, on_toes=draw.often(0.4))
    if draw.often(0.25):
        both_hands(sketch, draw, draw.choose({"small_thing": 2, "camera": 1, "box": 1, "clasped": 0.7, "crossed": 0.5}))
    else:
        arms(sketch, draw, 0.4, {"hang": 2, "low": 2.5, "hold": 1.5, "forward": 1, "thigh": 3, "up": 0.5, "hip": 0.7})
    return sketch


def _kneeling_foot(sketch: Sketch, side: str, on_toes: bool) -> None:
    """Put a knee on the ground, and the toes under the foot or stretched out behind it."""
    ankle, toes = (-20.0, -45.0) if on_toes else (60.0, 16.0)
    sketch.angles |= {f"{side}Foot": (ankle, 0.0, 0.0), f"{side}ToeBase": (toes, 0.0, 0.0)}
    sketch.ground += [f"{side}Kneecap", f"{side}Toe" if on_toes else f"{side}ToeTop"]


def sit_on_ground(draw: Draw) -> Sketch:
    """Sit on the ground: legs out, drawn up, apart or crossed."""
    style = draw.choose({"drawn": 3, "out": 2, "crossed": 3, "side": 1})
    sketch = Sketch({"Hips": (draw(-12, 5), 0.0, 0.0)}, ["LeftSeat", "RightSeat"], balance=True)
    trunk(sketch, draw, draw(26, 8), draw(0, 4), draw(0, 9))
    drawn = draw.between(0.3, 1)
    for side in SIDES:
        own = float(np.clip(drawn + draw(0, 0.12), 0, 1))
        if style == "crossed":
            leg(sketch, side, (draw(88, 4), draw(40, 4), draw(-40, 5)), draw(112, 5), draw(10, 6))
            sketch.ground.append(f"{side}BallOut")
        elif style == "out":
            leg(sketch, side, (72 + draw(0, 4), abs(draw(8, 8)), draw(-8, 6)), abs(draw(8, 6)), draw(16, 8))
            sketch.ground.append(f"{side}Heel")
        else:
            leg(sketch, side, (76 + 36 * own, draw(8, 5), draw(-4, 5)), 14 + 108 * own)
            sketch.ground += [side + point for point in SOLE]
    _ground_arms(sketch, draw, style)
    return sketch


def _ground_arms(sketch: Sketch, draw: Draw, style: str) -> None:
    what = draw.choose({"knees": 3, "behind": 2, "busy": 2.5, "free": 2})
    if what == "behind":
        for side in SIDES:
            place_hand(sketch, draw, side, ("Ground", OUT[side] * draw(0.24, 0.05), 0.03, draw(-0.3, 0.04)), "flat", 15)
            sketch.angles[f"{side}Arm"] = (-38.0, 14.0, -10.0)
            sketch.angles[f"{side}Hand"] = (0.0, 45.0, 0.0)
    elif what == "busy":
        both_hands(sketch, draw, draw.choose({"small_thing": 3, "box": 1, "camera": 0.7}))
    elif what == "knees":
        arms(sketch, draw, 0.8, {"knee": 3, "thigh": 1.5} if style != "out" else {"thigh": 1})
    else:
        arms(
            sketch,
            draw,
            0.3,
            {"thigh": 2, "offer": 1.5, "forward": 0.5, "phone": 1, "chin": 0.7, "wave": 0.4, "hold": 1},
        )


def crawl(draw: Draw) -> Sketch:
    """Go on all fours: hands and knees on the ground, or hands and feet (a plank, a push-up, a bear's walk)."""
    style = draw.choose({"knees": 4, "plank": 2, "dog": 1.5})
    pelvis, hip, knee = {"knees": (84, 84, 88), "plank": (72, 4, 3), "dog": (116, 88, 8)}[style]
    sketch = Sketch({"Hips": (pelvis + draw(0, 4), 0.0, draw(0, 3))}, balance=True)
    trunk(sketch, draw, draw(4, 5), draw(0, 3), draw(0, 4))
    look(sketch, draw, draw(-26, 8) if style == "knees" else draw(-10, 6), draw(0, 12))
    for side, sign in zip(SIDES, (1, -1), strict=True):
        step = sign * draw(7, 7) if style == "knees" else 0.0
        leg(sketch, side, (hip + step + draw(0, 3), draw(4, 3), 0.0), knee + draw(0, 4))
        if style == "knees":
            _kneeling_foot(sketch, side, on_toes=draw.often(0.3))
        else:
            sketch.angles[f"{side}Foot"], sketch.angles[f"{side}ToeBase"] = (-10.0, 0.0, 0.0), (-40.0, 0.0, 0.0)
            sketch.ground += [f"{side}BallIn", f"{side}BallOut"]
        arm_lift = {"knees": 86, "plank": 84, "dog": 150}[style] - 0.6 * step
        set_arm(sketch, draw, side, (arm_lift, draw(8, 4), draw(5, 5)), (abs(draw(8, 8)), draw(30, 8)), "flat")
        sketch.angles[f"{side}Hand"] = (0.0, 74.0, 0.0)
        sketch.ground.append(f"{side}Palm")
        sketch.loose |= {f"{side}Hand"}
    return sketch


def lie(draw: Draw) -> Sketch:
    """Lie on the back, the side or the belly."""
    style = draw.choose({"back": 4, "belly": 2, "side": 2})
    if style == "side":
        return _lie_on_side(draw)
    face_up = style == "back"
    sketch = Sketch({"Hips": ((-86 if face_up else 86) + draw(0, 3), 0.0, draw(0, 4))})
    sketch.ground += (
        ["LeftBlade", "RightBlade", "LeftButtock", "RightButtock"] if face_up else ["LeftBreast", "RightBreast"]
    )
    trunk(sketch, draw, draw(2, 3) if face_up else draw(-10, 6), draw(0, 4), draw(0, 4))
    look(sketch, draw, draw(6, 5) if face_up else draw(-30, 6), draw(0, 14))
    for side in SIDES:
        up = draw.choose({"out": 2, "drawn": 1.2}) if face_up else "out"
        if up == "drawn":
            leg(sketch, side, (draw(58, 8), draw(5, 4), draw(-3, 4)), draw(88, 8))
            flat(sketch, side)
        else:
            leg(
                sketch,
                side,
                (draw(6, 4) if face_up else draw(-4, 3), abs(draw(9, 6)), draw(-14, 8)),
                abs(draw(5, 4)),
                24,
            )
            sketch.ground.append(f"{side}Heel" if face_up else f"{side}Toe")
    resting = {"half_side": 3, "belly": 2, "head": 2, "side": 1, "chest": 1, "hang": 2, "up": 0.5, "phone": 0.5}
    arms(sketch, draw, 0.5, resting if face_up else {"forward": 0.5, "up": 2, "guard": 2, "head": 0.7})
    return sketch


def _lie_on_side(draw: Draw) -> Sketch:
    """Lie on the left side, legs drawn up a little, the head on the arm or on the hand."""
    sketch = Sketch({"Hips": (draw(0, 3), -84 + draw(0, 4), draw(0, 6))}, ["LeftThighSide", "LeftShoulderTop"])
    trunk(sketch, draw, draw(10, 8), draw(-4, 3), draw(0, 5))
    for side, more in zip(SIDES, (0, 16), strict=True):
        leg(sketch, side, (draw(28, 10) + more, draw(0, 3), draw(0, 5)), draw(42, 12) + more, draw(20, 8))
    arm(sketch, draw, "Left", draw.choose({"head": 2, "up": 2, "forward": 1.5}))
    arm(sketch, draw, "Right", draw.choose({"thigh": 2, "hang": 1.5, "low": 2, "belly": 1.5, "hip": 1}))
    return sketch
