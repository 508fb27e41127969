"""Something to sit on under a sitting person, as high as the pose and the figure need it."""

from collections.abc import Sequence

import numpy as np

from simpose_tf import geometry
from simpose_tf.figures.figure import Figure
from simpose_tf.sim import surroundings, textures
from simpose_tf.sim.props import SEATS, inside
from simpose_tf.sim.scene import Prop

_BONES = ("Hips", "LeftUpLeg", "RightUpLeg")
_AROUND_HIPS = 0.17  # metres about the middle of the hips, seen from above, where the seat carries
_LOWEST, _HIGHEST = 0.3, 0.75  # metres of a seat that is worth drawing
_HIPS_ABOVE = 0.28  # metres from the seat to the hips' middle, at most; more is standing
_SINK = 0.012  # metres that the body sinks in
_GIVES_WAY, _MOST_INSIDE = 0.025, 0.002  # metres inside a seat that do not count; share of vertices that may be deeper
# Width and depth in metres, low and high ends.
_SIZES: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "stool": ((0.34, 0.42), (0.34, 0.36)),
    "crate": ((0.4, 0.6), (0.36, 0.44)),
    "bench": ((0.9, 1.6), (0.36, 0.42)),
    "chair": ((0.44, 0.5), (0.42, 0.46)),
    "sofa": ((1.2, 1.8), (0.7, 0.8)),
}
_BACK_ROOM = 0.24  # metres from the hips' middle back to where a chair's back may begin


def sample_seat(rng: np.random.Generator, figure: Figure, vertices: np.ndarray, variants: Sequence[int]) -> Prop | None:
    """Draw a seat for a posed figure, placed in the figure's frame; None on the ground, or if arms passed through it.

    Args:
      rng: randomness.
      figure: who sits.
      vertices: `[V, 3]` posed, the lowest at y = 0.
      variants: of painted tiles, to make it of.
    """
    carried = _carried(figure, vertices)
    if carried is None:
        return None
    middle, height = carried
    if not _LOWEST <= height <= _HIGHEST:
        return None
    drawn, facing = np.unique(figure.faces), _facing(figure, vertices)
    surface = surroundings.sample_surface(rng, textures.PROP_KINDS, (0.4, 1.2), variants)
    for shape in rng.permutation(list(_SIZES)):
        width, depth = (rng.uniform(*side) for side in _SIZES[shape])
        place = surroundings.upright(facing, 0.0, 0.0, 0.0)
        place[:3, 3] = [middle[0], 0, middle[1]] + place[:3, :3] @ [0, 0, depth / 2 - _room_behind(shape, depth)]
        seat = Prop(str(shape), np.array([width, height / SEATS[shape], depth]), place, surface)
        in_seat = geometry.transform_points(np.linalg.inv(place), vertices[drawn])
        if inside(seat, in_seat, _GIVES_WAY).mean() < _MOST_INSIDE:
            return seat
    return None


def _room_behind(shape: str, depth: float) -> float:
    """Return how far behind the hips' middle a seat ends: calves hang free, backs stand behind the trunk."""
    backs = {"chair": _BACK_ROOM + 0.03, "sofa": _BACK_ROOM + 0.2}
    return backs.get(shape, depth / 2 + 0.02)


def _carried(figure: Figure, vertices: np.ndarray) -> tuple[np.ndarray, float] | None:
    """Return x and z of the hips' middle and the height of the lowest surface about it; None if nobody sits."""
    if not set(_BONES) <= set(figure.skeleton.names):
        return None
    bones = [figure.skeleton.names.index(name) for name in _BONES]
    drawn = np.unique(figure.faces)
    own = drawn[np.isin(figure.skin_joints[drawn, 0], bones)]
    at_hips = own[figure.skin_joints[own, 0] == bones[0]]
    if not len(at_hips):
        return None
    middle = vertices[at_hips][:, [0, 2]].mean(0)
    near = np.linalg.norm(vertices[own][:, [0, 2]] - middle, axis=1) < _AROUND_HIPS
    if not near.any():
        return None
    height = float(vertices[own[near], 1].min()) + _SINK
    sits = vertices[at_hips, 1].mean() - height < _HIPS_ABOVE
    return (middle, height) if sits else None


def _facing(figure: Figure, vertices: np.ndarray) -> float:
    """Return the turn about the vertical, radians, from +z to where the thighs point."""
    names = figure.skeleton.names
    drawn = np.unique(figure.faces)

    def middle(bones: tuple[str, ...]) -> np.ndarray:
        chosen = drawn[np.isin(figure.skin_joints[drawn, 0], [names.index(bone) for bone in bones])]
        return vertices[chosen].mean(0)

    ahead = middle(_BONES[1:]) - middle(_BONES[:1])
    return float(np.arctan2(ahead[0], ahead[2]))
