import dataclasses

import numpy as np

from simpose_tf.figures.pose import vertex_normals
from simpose_tf.sim.people_buffers import PeopleBuffers, corner_normals, turn_hue, value_noise
from tests.sim.spheres import sphere_figure

SPHERE = sphere_figure(subdivisions=3)


def test_hue_turns_and_keeps_lightness():
    assert np.allclose(turn_hue((1.0, 0.0, 0.0), 1 / 3), (0, 1, 0), atol=1e-9)
    assert np.allclose(turn_hue((0.2, 0.5, 0.7), 1.0), (0.2, 0.5, 0.7))


def test_corner_normals_equal_vertex_normals():
    stretched = SPHERE.vertices * np.float32([1.0, 2.0, 0.5])
    shared = PeopleBuffers().upload(SPHERE, SPHERE.vertices, 0.0).topology
    expected = vertex_normals(stretched, SPHERE.faces)[shared.vertex]
    np.testing.assert_allclose(corner_normals(stretched, shared), expected, atol=1e-5)


def test_vertices_are_split_at_seams_only():
    shared = PeopleBuffers().upload(SPHERE, SPHERE.vertices, 0.0).topology
    between_charts = np.unique(SPHERE.faces[SPHERE.part == 1])
    twice = np.intersect1d(between_charts, np.unique(SPHERE.faces[SPHERE.part == 2]))
    assert len(shared.vertex) == len(SPHERE.vertices) + len(twice)


def test_faces_are_sorted_by_material_and_none_is_lost():
    material = (np.arange(len(SPHERE.faces)) % 3).astype(np.uint8)
    figure = dataclasses.replace(SPHERE, material=material, materials=3 * SPHERE.materials)
    shared = PeopleBuffers().upload(figure, figure.vertices, 0.0).topology
    index = np.frombuffer(shared.index.read(), np.int32)
    for number, first, count in shared.ranges:
        drawn = shared.vertex[index[first : first + count]].reshape(-1, 3)
        assert set(map(tuple, drawn)) == set(map(tuple, figure.faces[material == number]))
    assert sum(count for _, _, count in shared.ranges) == 3 * len(figure.faces)


def test_bodies_of_other_shape_share_their_topology_and_others_do_not():
    buffers = PeopleBuffers()
    first = buffers.upload(SPHERE, SPHERE.vertices, 0.0)
    copies = {name: getattr(SPHERE, name).copy() for name in ("faces", "uv", "part", "material")}
    body = dataclasses.replace(SPHERE, name="other", vertices=2 * SPHERE.vertices, **copies)
    assert buffers.upload(body, body.vertices, 0.0).topology is first.topology
    moved = dataclasses.replace(SPHERE, uv=1 - SPHERE.uv)
    assert buffers.upload(moved, moved.vertices, 0.0).topology is not first.topology


def test_figures_of_one_name_but_other_vertices_look_their_own():
    buffers = PeopleBuffers()
    first = np.frombuffer(buffers.upload(SPHERE, SPHERE.vertices, 0.0).looks.read(), np.float32)
    larger = dataclasses.replace(SPHERE, vertices=2 * SPHERE.vertices)
    second = np.frombuffer(buffers.upload(larger, larger.vertices, 0.0).looks.read(), np.float32)
    np.testing.assert_allclose(second.reshape(-1, 8)[:, :3], 2 * first.reshape(-1, 8)[:, :3])


def test_value_noise_is_smooth_and_spread():
    points = np.random.default_rng(0).uniform(-20, 20, (4000, 3))
    values = value_noise(points)
    assert 0 <= values.min() < 0.2 and 0.8 < values.max() <= 1
    assert np.abs(value_noise(points + 1e-3) - values).max() < 0.01
