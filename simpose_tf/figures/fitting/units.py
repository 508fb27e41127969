"""Which unit a file is in and which way is up, judged by the fitted body."""

import itertools
from dataclasses import dataclass

import numpy as np

from simpose_tf.figures.fitting.posed import State
from simpose_tf.figures.fitting.space import BodySpace

_HEIGHTS = (0.4, 2.6)  # metres that people are, standing
# Metres per unit, its name, and how much likelier (in logs of size) a unit before it is taken.
_UNITS = (
    (1.0, "", 0.0),
    (0.01, "centimetres", 0.1),
    (0.001, "millimetres", 0.1),
    (0.1, "decimetres", 0.1),
    (0.0254, "inches", 0.3),
    (0.3048, "feet", 0.3),
    (100.0, "metres made 100 times too small", 0.3),
    (1000.0, "metres made 1000 times too small", 0.3),
    (10.0, "metres made 10 times too small", 0.3),
    (0.0001, "metres made 10000 times too large", 0.4),
)
_AXES = "xyz"
_ALIGNED_DEG = 40.0


@dataclass(frozen=True)
class Frame:
    """figure = scale * turn @ file + shift, without the shift; `notes` say what was assumed."""

    scale: float
    turn: np.ndarray
    notes: tuple[str, ...]


def frame_of(space: BodySpace, state: State, size: float) -> Frame:
    """Return the figure's frame for a fit.

    Args:
      space: the body.
      state: fitted to the file's vertices less their middle, over `size`.
      size: file units per unit of the fit.
    """
    rest = space.vertices + np.tensordot(state.shape.astype(np.float32), space.directions, 1)
    length = float(np.ptp(rest[:, 1]))
    height = state.scale * size * length  # in file units, if the person stood upright
    expected = float(length * np.exp(state.shape @ space.log_size))
    scale, note = unit_of(height, expected)
    turn, turned = upright(state.turn)
    return Frame(scale, turn, (*note, *turned))


def unit_of(height: float, expected: float) -> tuple[float, tuple[str, ...]]:
    """Return metres per unit of the file, and what to say about it.

    Args:
      height: of the standing person in units of the file.
      expected: height in metres that goes with the person's shape.
    """
    fitting = [row for row in _UNITS if _HEIGHTS[0] <= height * row[0] <= _HEIGHTS[1]]
    if fitting:
        scale, name, _ = min(fitting, key=lambda row: abs(np.log(height * row[0] / expected)) + row[2])
        return scale, (f"a person {height:.4g} units high: read as {name}",) if name else ()
    note = f"a person {height:.4g} units high fits no unit: scaled to {expected:.2f} m"
    return expected / height, (note,)


def upright(turn: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the rotation from the file's axes to the figure's, and what to say about it.

    Files stand along their axes, people need not: the turn by right angles is taken that is nearest to the hips',
    unless none is near.
    """
    own = turn.T
    near = max(_quarter_turns(), key=lambda quarter: float((quarter * own).sum()))
    angle = np.degrees(np.arccos(np.clip(((near * own).sum() - 1) / 2, -1, 1)))
    if angle > _ALIGNED_DEG:
        return own, (f"the person leans {angle:.0f} degrees off the file's axes: turned upright",)
    if np.allclose(near, np.eye(3)):
        return near, ()
    up, front = (_axis_name(near[row]) for row in (1, 2))
    return near, (f"{up} is up and {front} is front: turned",)


def _axis_name(row: np.ndarray) -> str:
    axis = int(np.abs(row).argmax())
    return ("-" if row[axis] < 0 else "") + _AXES[axis]


def _quarter_turns() -> list[np.ndarray]:
    """Return the 24 rotations by right angles, the identity first."""
    found = []
    for order, signs in itertools.product(itertools.permutations(range(3)), itertools.product((1.0, -1.0), repeat=3)):
        matrix = np.eye(3)[list(order)] * np.array(signs)[:, None]
        if np.linalg.det(matrix) > 0:
            found.append(matrix)
    return found
