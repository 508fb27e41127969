import numpy as np
import trimesh

from simpose_tf.sim.collision import CELL, SPACING, Occupancy, surface_points


def box(center, size=0.4):
    return np.asarray(trimesh.creation.box((size,) * 3).subdivide().subdivide().subdivide().vertices) + center


def test_first_person_always_fits():
    assert Occupancy().add(box([0, 0, 0]))


def test_overlapping_people_do_not_fit():
    taken = Occupancy()
    assert taken.add(box([0, 0, 0]))
    assert not taken.add(box([0.3, 0, 0]))


def test_touching_people_do_not_fit_and_a_refused_one_takes_nothing():
    taken = Occupancy()
    assert taken.add(box([0, 0, 0]))
    assert not taken.add(box([0.4 + CELL / 2, 0, 0]))
    assert taken.add(box([0.4 + 3 * CELL, 0, 0]))


def test_far_people_fit():
    taken = Occupancy()
    assert all(taken.add(box([x, 0, z])) for x in (-3, 0, 3) for z in (-100, -3))


def test_coarse_triangles_that_cross_do_not_fit():
    """Two sheets of metre-long triangles that cross have no corners near each other."""
    sheet = np.array([[-1, 0, 0], [1, 0, 0], [0, 2, 0]], float)
    across = sheet[:, [2, 1, 0]] + [0, -0.7, 0.05]
    faces = np.array([[0, 1, 2]])
    taken = Occupancy()
    assert taken.add(surface_points(sheet, faces))
    assert not taken.add(surface_points(across, faces))


def test_surface_points_leave_no_gap():
    rng = np.random.default_rng(0)
    corners = rng.normal(0, 0.3, (3, 3))
    points = surface_points(corners, np.array([[0, 1, 2]]))
    weights = rng.dirichlet(np.ones(3), 200)
    nearest = np.linalg.norm((weights @ corners)[:, None] - points[None], axis=-1).min(1)
    assert nearest.max() <= SPACING / np.sqrt(3) + 1e-9


def test_fine_mesh_gives_its_corners_once():
    mesh = trimesh.creation.icosphere(subdivisions=4, radius=0.2)
    assert len(surface_points(np.asarray(mesh.vertices), np.asarray(mesh.faces))) == len(mesh.vertices)
