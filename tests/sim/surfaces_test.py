import numpy as np
import trimesh

from simpose_tf.sim.surfaces import creased_normals


def test_a_box_has_flat_sides():
    box = trimesh.creation.box(extents=(1, 2, 3))
    normals = creased_normals(np.asarray(box.vertices), np.asarray(box.faces))
    np.testing.assert_allclose(normals, np.repeat(box.face_normals, 3, axis=0), atol=1e-9)


def test_a_ball_is_smooth():
    ball = trimesh.creation.icosphere(subdivisions=3)
    normals = creased_normals(np.asarray(ball.vertices), np.asarray(ball.faces))
    corners = np.asarray(ball.vertices)[np.asarray(ball.faces).reshape(-1)]
    assert np.degrees(np.arccos((normals * corners).sum(1).clip(-1, 1))).max() < 1


def test_a_cylinder_is_smooth_around_and_sharp_at_its_rim():
    tube = trimesh.creation.cylinder(radius=1, height=2, sections=32)
    normals = creased_normals(np.asarray(tube.vertices), np.asarray(tube.faces))
    corners = np.asarray(tube.vertices)[np.asarray(tube.faces).reshape(-1)]
    cap = np.repeat(np.abs(tube.face_normals[:, 2]) > 0.9, 3)
    np.testing.assert_allclose(np.abs(normals[cap, 2]), 1, atol=1e-9)
    outward = corners[~cap] * [1, 1, 0]
    assert ((normals[~cap] * outward).sum(1) > 0.99).all()
