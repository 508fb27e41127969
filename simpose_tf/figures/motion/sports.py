"""Postures of sports: throws, kicks, strokes with a racket, a bat or a club, jumps, boards and skis, boxing, yoga."""

import numpy as np

from simpose_tf.figures.motion.arms import arm, arms, hands_together, place_hand, set_arm
from simpose_tf.figures.motion.limbs import OUT, SIDES, Draw, Sketch, flat, leg, look, tiptoe, trunk


def _stance(sketch: Sketch, draw: Draw, crouch: float, apart: float, ahead: float = 0.0) -> None:
    """Stand on both feet with bent knees, `apart` degrees to each side, the left leg `ahead` of the right one."""
    lean = sketch.angles["Hips"][0]
    for side, sign in zip(SIDES, (1, -1), strict=True):
        hip = (lean + crouch + sign * ahead + draw(0, 2), apart + draw(0, 2), draw(-8, 4))
        leg(sketch, side, hip, 2 * crouch + abs(draw(3, 3)))
        flat(sketch, side)


def lunge(draw: Draw) -> Sketch:
    """Step far forward with the left leg."""
    depth = draw.between(0.3, 1)
    sketch = Sketch({"Hips": (draw(6, 5), draw(0, 2), draw(0, 6))}, balance=True)
    trunk(sketch, draw, draw(5, 7), draw(0, 5), draw(0, 14))
    leg(sketch, "Left", (32 + 46 * depth + draw(0, 4), draw(4, 4), draw(-4, 5)), 26 + 56 * depth + draw(0, 4))
    leg(sketch, "Right", (-14 + draw(0, 3), draw(4, 3), draw(-4, 4)), 12 + 44 * depth + draw(0, 4))
    flat(sketch, "Left")
    tiptoe(sketch, "Right", 42)
    choices = {"forward": 1.5, "up": 2, "side": 1.5, "hip": 2, "hold": 1, "knee": 1, "hang": 1, "guard": 1, "jog": 1.5}
    arms(sketch, draw, 0.4, choices)
    return sketch


def throw(draw: Draw) -> Sketch:
    """Throw with the right hand: from drawing back (0) to following through (1)."""
    t = draw.between(0, 1)
    sketch = Sketch({"Hips": (draw(4, 3) + 8 * t, -4 + 6 * t, -30 + 50 * t)})
    trunk(sketch, draw, -8 + 26 * t + draw(0, 4), -6 + 14 * t, -24 + 46 * t)
    leg(sketch, "Left", (34 + draw(0, 6), draw(8, 4), draw(-6, 5)), 18 + 18 * t + draw(0, 5))
    leg(sketch, "Right", (-4 - 10 * t + draw(0, 4), draw(12, 4), draw(-16, 5)), 16 + 20 * t + abs(draw(0, 5)))
    flat(sketch, "Left")
    tiptoe(sketch, "Right", 20 + 20 * t)
    upper = (20 + 70 * t + draw(0, 8), 86 - 16 * t + draw(0, 8), -72 + 80 * t + draw(0, 8))
    set_arm(sketch, draw, "Right", upper, (92 - 70 * np.sin(np.pi * t / 2) + draw(0, 10), draw(0, 10)), "grip")
    set_arm(sketch, draw, "Left", (70 - 50 * t + draw(0, 10), 30 + draw(0, 10), 10), (30 + 50 * t, 10), "relaxed")
    look(sketch, draw, draw(0, 6), draw(30 - 30 * t, 8))
    return sketch


def kick(draw: Draw) -> Sketch:
    """Kick a ball with the right foot, standing on the left one: from drawing back to following through."""
    t = draw.between(0, 1)
    sketch = Sketch({"Hips": (draw(2, 4) - 8 * t, -4 + draw(0, 3), -14 + 30 * t)})
    trunk(sketch, draw, 8 + 6 * t + draw(0, 6), draw(4, 4), 12 - 24 * t)
    leg(sketch, "Left", (14 + draw(0, 5), draw(4, 3), draw(-6, 4)), 20 + abs(draw(0, 6)))
    flat(sketch, "Left")
    hip = -22 + 96 * t + draw(0, 5)
    leg(sketch, "Right", (hip, draw(14, 5), draw(-14, 6)), max(78 - 74 * t + draw(0, 8), 2), draw(26, 8))
    arms(sketch, draw, 0.4, {"side": 3, "half_side": 3, "jog": 1, "back": 1.5, "low": 1})
    look(sketch, draw, draw(16, 6), draw(0, 8))
    return sketch


def racket(draw: Draw) -> Sketch:
    """Play tennis or badminton with the right hand: ready, forehand, backhand, serve."""
    kind, t = draw.choose({"ready": 1.5, "forehand": 3, "backhand": 2, "serve": 2}), draw.between(0, 1)
    turn = {"ready": 0, "forehand": -42 + 70 * t, "backhand": 50 - 60 * t, "serve": -40 + 55 * t}[kind]
    sketch = Sketch({"Hips": (draw(12, 4), 0.0, 0.5 * turn)})
    trunk(sketch, draw, draw(10, 5) if kind != "serve" else -12 + 34 * t, draw(0, 5), 0.7 * turn)
    _stance(sketch, draw, draw(18, 6), draw(14, 5), draw(8, 6))
    if kind == "ready":
        hands_together(sketch, draw, ("Spine2", draw(-0.04, 0.03), -0.14, 0.4), (0.05, 0.1, 0.14))
    elif kind == "forehand":
        set_arm(sketch, draw, "Right", (-14 + 90 * t, 52 - 20 * t, -22 + 50 * t), (24 + 40 * t, draw(10, 10)), "grip")
        arm(sketch, draw, "Left", draw.choose({"side": 2, "offer": 1, "half_side": 1}))
    elif kind == "backhand" and draw.often(0.5):
        hands_together(sketch, draw, ("Spine2", 0.34 - 0.3 * t, -0.16, 0.26 + 0.14 * t), (0.03, -0.02, 0.09))
    elif kind == "backhand":
        set_arm(sketch, draw, "Right", (44 + 20 * t, -22 + 80 * t, 40 - 50 * t), (70 - 55 * t, draw(20, 8)), "grip")
        arm(sketch, draw, "Left", draw.choose({"half_side": 2, "back": 1}))
    else:
        set_arm(sketch, draw, "Right", (40 + 90 * t, 92 - 50 * t, -68 + 60 * t), (104 - 92 * t, draw(0, 8)), "grip")
        set_arm(sketch, draw, "Left", (140 - 110 * t, 20, 0), (10 + 40 * t, 0), "open")
        look(sketch, draw, -26 + 30 * t, draw(0, 8))
    return sketch


def bat(draw: Draw) -> Sketch:
    """Hold or swing a bat with both hands, sideways to the ball (baseball, cricket)."""
    t = draw.between(0, 1)
    sketch = Sketch({"Hips": (draw(14, 4), 0.0, -26 + 60 * t)}, balance=t < 0.3)
    trunk(sketch, draw, draw(14, 5), draw(0, 4), -30 + 62 * t)
    _stance(sketch, draw, draw(20, 6), draw(18, 4))
    if t > 0.6:
        sketch.ground = [name for name in sketch.ground if name.startswith("Left")]
        tiptoe(sketch, "Right", 34)
    x, y, z = -0.26 + 0.36 * t, 0.1 - 0.26 * np.sin(np.pi * t) + 0.04 * t, 0.2 + 0.24 * np.sin(np.pi * t)
    hands_together(sketch, draw, ("Spine2", x + draw(0, 0.03), y + draw(0, 0.04), z), (0.01, -0.085, 0.02))
    look(sketch, draw, draw(6, 5), 62 - 40 * t)
    return sketch


def golf(draw: Draw) -> Sketch:
    """Swing a golf club: address, backswing, follow-through."""
    t = draw.choose({"address": 2, "back": 1.5, "through": 1.5})
    turn = {"address": 0, "back": -48, "through": 56}[t] + draw(0, 8)
    sketch = Sketch({"Hips": (22 if t != "through" else 4, 0.0, 0.45 * turn)}, balance=True)
    trunk(sketch, draw, draw(16, 4) if t != "through" else draw(-6, 4), draw(0, 3), 0.75 * turn)
    _stance(sketch, draw, draw(10, 4), draw(9, 3))
    if t == "through":
        sketch.ground = [name for name in sketch.ground if name.startswith("Left")]
        tiptoe(sketch, "Right", 44)
    place = {
        "address": ("Hips", 0.0, draw(-0.06, 0.04), draw(0.38, 0.03)),
        "back": ("Spine2", -0.32, draw(0.14, 0.06), 0.2),
        "through": ("Spine2", 0.26, draw(0.12, 0.05), 0.2),
    }[t]
    apart = {"address": (0.01, 0.085, -0.02), "back": (0.04, 0.05, 0.05), "through": (-0.04, 0.04, -0.06)}[t]
    hands_together(sketch, draw, place, apart)
    look(sketch, draw, draw(14, 5), -0.6 * turn)
    return sketch


def jump(draw: Draw) -> Sketch:
    """Jump: legs tucked, spread or stretched, arms up or out."""
    tuck = draw.between(0, 1)
    sketch = Sketch({"Hips": (draw(6, 6), draw(0, 4), draw(0, 8))})
    trunk(sketch, draw, draw(6, 8), draw(0, 7), draw(0, 10))
    alike = draw.often(0.5)
    for side in SIDES:
        own = float(np.clip(tuck if alike else draw.between(0, 1), 0, 1))
        hip = (8 + 60 * own + draw(0, 5), draw(8, 6), draw(-6, 6))
        leg(sketch, side, hip, 14 + 84 * own + draw(0, 8), draw(34, 6))
        sketch.angles[f"{side}ToeBase"] = (draw(4, 4), 0, 0)
    arms(sketch, draw, 0.6, {"up": 3, "side": 2, "half_side": 2, "jog": 1, "back": 0.7, "forward": 1, "up_grip": 1})
    return sketch


def ski(draw: Draw) -> Sketch:
    """Ski: knees and ankles bent, hands with the sticks before the body."""
    deep = draw.between(0.2, 1)
    sketch = Sketch({"Hips": (14 + 24 * deep + draw(0, 3), draw(0, 5), draw(0, 5))}, balance=True)
    trunk(sketch, draw, 10 + 20 * deep + draw(0, 4), draw(0, 6), draw(0, 7))
    look(sketch, draw, -8 - 12 * deep, draw(0, 8))
    for side, sign in zip(SIDES, (1, -1), strict=True):
        hip = (26 + 46 * deep + sign * draw(3, 4), draw(5, 3), draw(-3, 3))
        leg(sketch, side, hip, 30 + 46 * deep)
        flat(sketch, side)
        if draw.often(0.85):
            height, ahead = draw(-0.16, 0.06), draw(0.34, 0.06)
            place_hand(sketch, draw, side, ("Spine2", OUT[side] * draw(0.3, 0.06), height, ahead), "fist", 70)
        else:
            arm(sketch, draw, side, draw.choose({"back": 2, "side": 1, "low": 1}))
    return sketch


def board(draw: Draw) -> Sketch:
    """Ride a surfboard, a snowboard or a skateboard: feet far apart, knees bent, arms for the balance."""
    deep = draw.between(0.15, 1)
    sketch = Sketch({"Hips": (10 + 18 * deep + draw(0, 4), draw(0, 4), draw(0, 10))}, balance=True)
    trunk(sketch, draw, 8 + 14 * deep + draw(0, 5), draw(0, 8), draw(26, 10))
    _stance(sketch, draw, 16 + 24 * deep, 18 + 10 * deep)
    look(sketch, draw, draw(2, 6), draw(34, 8))
    arms(
        sketch,
        draw,
        0.35,
        {"side": 4, "half_side": 4, "low": 1.5, "forward": 1, "up": 0.4, "hang_bent": 1, "knee": 0.7},
    )
    return sketch


def box(draw: Draw) -> Sketch:
    """Box: guard or punch, the left foot ahead."""
    sketch = Sketch({"Hips": (draw(8, 4), 0.0, draw(-20, 8))})
    punch = draw.choose({"guard": 2, "left": 2, "right": 2, "hook": 1})
    turn = {"guard": -8, "left": -26, "right": 30, "hook": 18}[punch]
    trunk(sketch, draw, draw(12, 5), draw(0, 5), turn + draw(0, 5))
    _stance(sketch, draw, draw(14, 4), draw(9, 3), draw(12, 4))
    for side in SIDES:
        if punch == side.lower():
            set_arm(sketch, draw, side, (draw(86, 6), draw(2, 5), draw(10, 8)), (abs(draw(12, 8)), 40), "fist")
        elif punch == "hook" and side == "Right":
            set_arm(sketch, draw, side, (draw(50, 6), draw(66, 6), draw(35, 8)), (draw(86, 8), 20), "fist")
        else:
            arm(sketch, draw, side, "guard")
    look(sketch, draw, draw(6, 4), draw(0.2 * -turn + 16, 6))
    return sketch


def yoga(draw: Draw) -> Sketch:
    """Hold a yoga or gymnastics figure on one leg or two: tree, warrior, triangle, aeroplane, hand to the foot."""
    kind = draw.choose({"tree": 2, "warrior": 3, "triangle": 1.5, "aeroplane": 1.5, "knee": 2})
    sketch = Sketch({"Hips": (draw(2, 3), draw(0, 2), draw(0, 4))}, balance=True)
    trunk(sketch, draw, draw(0, 4), draw(0, 4), draw(0, 5))
    if kind == "warrior":
        leg(sketch, "Left", (draw(54, 5), draw(30, 4), draw(-26, 5)), draw(70, 8))
        leg(sketch, "Right", (draw(-4, 3), draw(34, 4), draw(-14, 5)), abs(draw(5, 4)))
        flat(sketch, "Left")
        flat(sketch, "Right")
        arms(sketch, draw, 0.9, {"side": 4, "up": 2})
        look(sketch, draw, draw(0, 4), draw(40, 10))
    elif kind == "triangle":
        sketch.angles["Hips"] = (draw(8, 4), -32.0, 0.0)
        trunk(sketch, draw, draw(8, 4), -24.0, draw(0, 8))
        for side, more in zip(SIDES, (28, -28), strict=True):
            leg(sketch, side, (draw(6, 3), 30 + 0.6 * more, draw(-14, 5)), abs(draw(4, 3)))
            flat(sketch, side)
        arms(sketch, draw, 1.0, {"side": 1})
    else:
        _one_leg(sketch, draw, kind)
    return sketch


def _one_leg(sketch: Sketch, draw: Draw, kind: str) -> None:
    """Stand on the right leg, the left one against the knee, behind or before the body."""
    lean = draw(66, 10) if kind == "aeroplane" else draw(2, 3)
    sketch.angles["Hips"] = (lean, 0.0, 0.0)
    leg(sketch, "Right", (lean + draw(3, 3), draw(1, 2), draw(-3, 3)), abs(draw(6, 4)))
    flat(sketch, "Right")
    if kind == "tree":
        leg(sketch, "Left", (draw(64, 5), draw(44, 4), draw(-44, 4)), draw(118, 6), draw(20, 6))
        arms(sketch, draw, 1.0, {"up": 3, "side": 1, "hip": 1})
    elif kind == "aeroplane":
        leg(sketch, "Left", (draw(-6, 5), draw(2, 3), draw(0, 4)), abs(draw(10, 8)), draw(24, 8))
        arms(sketch, draw, 1.0, {"side": 3, "forward": 1, "up": 1, "back": 1})
        look(sketch, draw, draw(-26, 8), 0.0)
    else:
        leg(sketch, "Left", (draw(92, 8), draw(4, 4), draw(0, 5)), draw(96, 10), draw(10, 8))
        arms(sketch, draw, 0.5, {"knee": 3, "side": 1, "hip": 1, "jog": 2})
