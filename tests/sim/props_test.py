import itertools

import numpy as np
import pytest
import trimesh

from simpose_tf.sim import props
from simpose_tf.sim.scene import Prop, Surface

SIZE = np.array([0.8, 1.1, 0.5])
SURFACE = Surface("planks", 0, np.ones(3), 1.0)


def prop(shape: str) -> Prop:
    return Prop(shape, SIZE, np.eye(4), SURFACE)


@pytest.mark.parametrize("shape", props.SHAPES)
def test_mesh_is_made_of_closed_blocks_that_face_outward(shape):
    vertices, faces = props.prop_mesh(prop(shape))
    pieces = trimesh.Trimesh(vertices, faces, process=False).split(only_watertight=False)
    assert len(pieces) == len(props.blocks(prop(shape)))
    assert all(piece.is_watertight and piece.volume > 0 for piece in pieces)


@pytest.mark.parametrize("shape", props.SHAPES)
def test_mesh_stands_on_the_ground_and_is_as_high_as_asked(shape):
    vertices, _ = props.prop_mesh(prop(shape))
    assert vertices[:, 1].max() == pytest.approx(SIZE[1], abs=0.02)
    assert 0 <= vertices[:, 1].min() < 0.07  # a sofa has feet


@pytest.mark.parametrize("shape", props.SHAPES)
def test_points_fill_the_solids(shape):
    """A random place inside a solid has a point within reach, and all points lie in or on a solid."""
    spacing = 0.06
    points = props.prop_points(prop(shape), spacing)
    rng = np.random.default_rng(0)
    for block in props.blocks(prop(shape)):
        inner = block.middle + 0.55 * block.half * rng.uniform(-1, 1, (20, 3))
        nearest = np.linalg.norm(inner[:, None] - points[None], axis=-1).min(1)
        assert nearest.max() <= spacing
    assert props.inside(prop(shape), points, -1e-6).all()


def test_inside_equals_the_winding_of_the_mesh():
    rng = np.random.default_rng(1)
    points = rng.uniform([-0.5, 0, -0.4], [0.5, 1.2, 0.4], (400, 3))
    for shape in ("table", "chair", "barrel"):
        vertices, faces = props.prop_mesh(prop(shape))
        pieces = trimesh.Trimesh(vertices, faces, process=False).split()
        expected = np.any([piece.contains(points) for piece in pieces], axis=0)
        assert np.mean(props.inside(prop(shape), points, 0.0) == expected) > 0.99  # a barrel's mesh has corners


def test_margin_shrinks_every_solid():
    points = np.array(list(itertools.product([0.0], [0.02, 0.5, 1.08], [0.0])))
    assert props.inside(prop("crate"), points, 0.05).tolist() == [False, True, False]


def test_unknown_shape_raises():
    with pytest.raises(ValueError, match="piano"):
        props.blocks(prop("piano"))
