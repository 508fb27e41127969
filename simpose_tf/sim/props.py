"""Things that stand among the people: their solid blocks, meshes, and the space they take.

A prop's frame: origin in the middle of its foot, x to its left, y up, z to its front; metres.

# not in the paper: SimPose (sec. 5.1) has people only; things before them teach what partly hidden people look like.
"""

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import trimesh

from simpose_tf import geometry
from simpose_tf.sim.scene import Prop

_SIDES = 20  # of a round block
_LEG = 0.045  # metres: thickness of legs, boards and posts


@dataclass(frozen=True)
class Block:
    """A solid: `box`, `cylinder` (upright) or `ball`, by its middle and its half size, both `[3]` metres."""

    kind: str
    middle: np.ndarray
    half: np.ndarray


def _block(kind: str, low: tuple[float, float, float], high: tuple[float, float, float]) -> Block:
    a, b = np.array(low, float), np.array(high, float)
    return Block(kind, (a + b) / 2, (b - a) / 2)


def _box(width: float, height: float, depth: float) -> list[Block]:
    return [_block("box", (-width / 2, 0, -depth / 2), (width / 2, height, depth / 2))]


def _column(width: float, height: float, depth: float) -> list[Block]:
    foot = _block("box", (-0.6 * width, 0, -0.6 * depth), (0.6 * width, 0.08 * height, 0.6 * depth))
    return [foot, _block("cylinder", (-width / 2, 0.08 * height, -depth / 2), (width / 2, height, depth / 2))]


def _barrel(width: float, height: float, depth: float) -> list[Block]:
    return [_block("cylinder", (-width / 2, 0, -depth / 2), (width / 2, height, depth / 2))]


def _ball(width: float, height: float, depth: float) -> list[Block]:
    return [_block("ball", (-width / 2, 0, -depth / 2), (width / 2, height, depth / 2))]


def _legs(width: float, height: float, depth: float) -> list[Block]:
    x, z = width / 2, depth / 2
    corners = itertools.product((-x, x - _LEG), (-z, z - _LEG))
    return [_block("box", (cx, 0, cz), (cx + _LEG, height, cz + _LEG)) for cx, cz in corners]


def _table(width: float, height: float, depth: float) -> list[Block]:
    top = _block("box", (-width / 2, height - _LEG, -depth / 2), (width / 2, height, depth / 2))
    return [top, *_legs(0.94 * width, height - _LEG, 0.94 * depth)]


def _stool(width: float, height: float, depth: float) -> list[Block]:
    top = _block("cylinder", (-width / 2, height - _LEG, -depth / 2), (width / 2, height, depth / 2))
    return [top, *_legs(0.66 * width, height - _LEG, 0.66 * depth)]


def _chair(width: float, height: float, depth: float) -> list[Block]:
    """A chair whose seat is at half its height."""
    seat = 0.5 * height
    back = _block("box", (-width / 2, 0.62 * height, -depth / 2), (width / 2, height, -depth / 2 + 0.03))
    posts = [
        _block("box", (x, seat, -depth / 2), (x + _LEG, height, -depth / 2 + _LEG))
        for x in (-width / 2, width / 2 - _LEG)
    ]
    return [*_table(width, seat, depth), back, *posts]


def _bench(width: float, height: float, depth: float) -> list[Block]:
    boards = [
        _block("box", (-width / 2, height - 0.04, z), (width / 2, height, z + depth / 3 - 0.02))
        for z in np.linspace(-depth / 2, depth / 2 - depth / 3, 3)
    ]
    feet = [
        _block("box", (x, 0, -depth / 2), (x + 0.07, height - 0.04, depth / 2 - 0.02))
        for x in (-0.42 * width, 0.42 * width - 0.07)
    ]
    return [*boards, *feet]


def _sofa(width: float, height: float, depth: float) -> list[Block]:
    """A sofa whose seat is at half its height, with arms and a back."""
    seat, arm = 0.5 * height, 0.14
    return [
        _block("box", (-width / 2, 0.06, -depth / 2), (width / 2, seat, depth / 2)),
        _block("box", (-width / 2, seat, -depth / 2), (width / 2, height, -depth / 2 + 0.2)),
        _block("box", (-width / 2, seat, -depth / 2), (-width / 2 + arm, 0.75 * height, depth / 2)),
        _block("box", (width / 2 - arm, seat, -depth / 2), (width / 2, 0.75 * height, depth / 2)),
    ]


def _fence(width: float, height: float, depth: float) -> list[Block]:
    count = max(int(width / 0.14), 2)
    edges = np.linspace(-width / 2, width / 2 - 0.05, count)
    posts = [_block("box", (x, 0, -depth / 2), (x + 0.05, height, depth / 2)) for x in edges]
    rails = [
        _block("box", (-width / 2, y * height, -depth / 2), (width / 2, y * height + 0.06, depth / 2))
        for y in (0.25, 0.8)
    ]
    return [*posts, *rails]


def _sign(width: float, height: float, depth: float) -> list[Block]:
    post = _block("cylinder", (-0.03, 0, -0.03), (0.03, height, 0.03))
    return [post, _block("box", (-width / 2, 0.68 * height, 0.02), (width / 2, height, 0.02 + depth))]


def _plant(width: float, height: float, depth: float) -> list[Block]:
    """A pot with a round bush."""
    pot = _block("cylinder", (-0.3 * width, 0, -0.3 * depth), (0.3 * width, 0.35 * height, 0.3 * depth))
    middle = np.array([[0, 0.68, 0], [0.2, 0.58, 0.12], [-0.22, 0.6, -0.1], [0.05, 0.52, -0.22], [-0.05, 0.8, 0.1]])
    half = np.array([[0.3, 0.32, 0.3], [0.3, 0.24, 0.28], [0.28, 0.26, 0.3], [0.3, 0.2, 0.28], [0.24, 0.2, 0.26]])
    size = np.array([width, height, depth])
    return [pot, *(Block("ball", m * size, h * size) for m, h in zip(middle, half, strict=True))]


_MAKERS: dict[str, Callable[[float, float, float], list[Block]]] = {
    "crate": _box,
    "barrel": _barrel,
    "column": _column,
    "ball": _ball,
    "table": _table,
    "stool": _stool,
    "chair": _chair,
    "bench": _bench,
    "sofa": _sofa,
    "fence": _fence,
    "sign": _sign,
    "plant": _plant,
}
SHAPES = tuple(_MAKERS)
# What people sit on, and where its seat is as a share of its height.
SEATS = {"stool": 1.0, "crate": 1.0, "bench": 1.0, "chair": 0.5, "sofa": 0.5}


def blocks(prop: Prop) -> list[Block]:
    """Return the solids of a prop in its own frame. Raises ValueError for an unknown shape."""
    if prop.shape not in _MAKERS:
        raise ValueError(f"prop: no shape {prop.shape!r}; one of {', '.join(SHAPES)}")
    return _MAKERS[prop.shape](*(float(side) for side in prop.size))


def prop_mesh(prop: Prop) -> tuple[np.ndarray, np.ndarray]:
    """Return vertices `[N, 3]` float32 in the prop's frame and faces `[M, 3]` int32, counter-clockwise from outside."""
    vertices, faces, start = [], [], 0
    for block in blocks(prop):
        unit_vertices, unit_faces = _unit_mesh(block.kind)
        vertices.append(block.middle + block.half * unit_vertices)
        faces.append(unit_faces + start)
        start += len(unit_vertices)
    return np.concatenate(vertices).astype(np.float32), np.concatenate(faces).astype(np.int32)


@functools.cache
def _unit_mesh(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the mesh of a block of half size 1 about the origin."""
    if kind == "box":
        mesh = trimesh.creation.box(extents=(2, 2, 2))
    elif kind == "cylinder":
        mesh = trimesh.creation.cylinder(radius=1, height=2, sections=_SIDES)
        mesh.apply_transform(trimesh.transformations.rotation_matrix(-np.pi / 2, [1, 0, 0]))
    else:
        mesh = trimesh.creation.icosphere(subdivisions=3, radius=1)
    return np.asarray(mesh.vertices), np.asarray(mesh.faces)


def prop_points(prop: Prop, spacing: float) -> np.ndarray:
    """Return points `[N, 3]` in the prop's frame that fill its solids, neighbours at most `spacing` metres apart."""
    return np.concatenate([_fill(block, spacing) for block in blocks(prop)])


def _fill(block: Block, spacing: float) -> np.ndarray:
    axes = [np.linspace(-1, 1, max(int(np.ceil(2 * half / spacing)), 1) + 1) for half in block.half]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
    if block.kind == "cylinder":  # the rim is pulled in rather than left out
        grid[:, [0, 2]] /= np.maximum(np.linalg.norm(grid[:, [0, 2]], axis=1, keepdims=True), 1)
    elif block.kind == "ball":
        grid /= np.maximum(np.linalg.norm(grid, axis=1, keepdims=True), 1)
    return block.middle + block.half * grid


def in_world(prop: Prop, points: np.ndarray) -> np.ndarray:
    """Return points `[N, 3]` of the prop's frame in the world, float32."""
    return geometry.transform_points(prop.world_from_prop, points).astype(np.float32)


def inside(prop: Prop, points: np.ndarray, margin: float) -> np.ndarray:
    """Return which points `[N]` of the prop's frame lie deeper than `margin` metres inside one of its solids.

    In thinner boards: deeper than half way to the middle.
    """
    result = np.zeros(len(points), bool)
    for block in blocks(prop):
        half = np.maximum(block.half - margin, block.half / 2)
        offset = np.abs(points - block.middle)
        if block.kind == "box":
            result |= (offset < half).all(1)
        elif block.kind == "cylinder":
            radius = np.linalg.norm(offset[:, [0, 2]] / half[[0, 2]], axis=1)
            result |= (radius < 1) & (offset[:, 1] < half[1])
        else:
            result |= np.linalg.norm(offset / half, axis=1) < 1
    return result
