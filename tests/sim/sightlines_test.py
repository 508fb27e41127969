import dataclasses

import numpy as np
import pytest

from simpose_tf import geometry
from simpose_tf.figures.figure import Material
from simpose_tf.sim.scene import Camera
from simpose_tf.sim.sightlines import Mesh, first_hits, solid
from tests.sim.spheres import sphere_figure


def camera(eye=(0.0, 1.0, 0.0), target=(0.0, 1.0, -1.0)) -> Camera:
    return Camera(geometry.intrinsics(120, 160, 60), geometry.look_at(np.array(eye), np.array(target), 0.1), 120, 160)


def slow_first_hit(view: Camera, meshes: list[Mesh], xy: np.ndarray) -> tuple[int, float]:
    """Try every triangle of every mesh: solve eye + depth * ray = a + s (b - a) + t (c - a)."""
    ray = np.linalg.inv(view.intrinsics) @ [*xy, 1.0]
    best, nearest = -1, np.inf
    for number, mesh in enumerate(meshes):
        corners = geometry.transform_points(view.camera_from_world, mesh.vertices.astype(float))[mesh.faces]
        for a, b, c in corners:
            system = np.column_stack([ray, a - b, a - c])
            if abs(np.linalg.det(system)) < 1e-14:
                continue
            depth, s, t = np.linalg.solve(system, a)
            if s >= 0 and t >= 0 and s + t <= 1 and 0.05 < depth < nearest:
                best, nearest = number, depth
    return best, nearest


@pytest.mark.parametrize("seed", range(5))
def test_first_hits_equal_a_loop_over_all_triangles(seed):
    rng = np.random.default_rng(seed)
    meshes = []
    for size, count in (
        (0.02, 200),
        (0.3, 40),
        (1.2, 5),
    ):  # smaller than a tile, of its size, across the camera's plane
        middles = rng.uniform([-2, 0, -5], [2, 2, 1], (count, 1, 3))
        triangles = middles + size * rng.standard_normal((count, 3, 3))
        meshes.append(Mesh(triangles.reshape(-1, 3).astype(np.float32), np.arange(3 * count).reshape(-1, 3)))
    points = rng.uniform(0, [160, 120], (40, 2))
    owner, depth = first_hits(camera(), meshes, points)
    assert len(set(owner)) > 1
    for k, xy in enumerate(points):
        expected = slow_first_hit(camera(), meshes, xy)
        assert owner[k] == expected[0]
        np.testing.assert_allclose(depth[k], expected[1], rtol=1e-6)


def test_nothing_is_met_where_nothing_is():
    owner, depth = first_hits(camera(), [], np.array([[80.0, 60.0]]))
    assert owner.tolist() == [-1] and np.isinf(depth).all()
    behind = Mesh(np.float32([[0, 0, 3], [1, 0, 3], [0, 2, 3]]), np.array([[0, 1, 2]]))
    assert first_hits(camera(), [behind], np.array([[80.0, 60.0]]))[0].tolist() == [-1]


def test_rays_pass_the_holes_of_a_texture():
    figure = sphere_figure(subdivisions=3)
    alpha = np.zeros((1, 8, 8, 4), np.uint8)
    alpha[0, :4, :, 3] = 255  # solid where v < 1/2
    look = Material("hair", (0.5, 0.5, 0.5), texture=0, cutout=True)
    card = dataclasses.replace(figure, textures=alpha, texture_uv=figure.uv, materials=(look,))
    wall = Mesh(np.float32([[-9, -9, -1], [9, -9, -1], [0, 9, -1]]), np.array([[0, 1, 2]]))
    view = camera((0, 1, 3.0), (0, 1, 0))
    points = np.array([[70.0, 60.0], [92.0, 60.0]])  # left and right of the sphere's middle
    solid_owner, _ = first_hits(view, [Mesh(figure.vertices, figure.faces, figure), wall], points)
    card_owner, _ = first_hits(view, [Mesh(card.vertices, card.faces, card), wall], points)
    assert solid_owner.tolist() == [0, 0] and sorted(card_owner.tolist()) == [0, 1]


def test_solid_reads_the_texture_between_its_texels():
    figure = sphere_figure(subdivisions=1)
    alpha = np.zeros((1, 2, 2, 4), np.uint8)
    alpha[0, :, 0, 3] = 255  # the first column
    look = Material("hair", (0.5, 0.5, 0.5), texture=0, cutout=True)
    corners = np.zeros((len(figure.faces), 3, 2), np.float32)
    corners[:, :, 0] = [0.25, 0.45, 0.75]  # texel middles lie at 0.25 and 0.75
    card = dataclasses.replace(figure, textures=alpha, texture_uv=corners, materials=(look,))
    assert solid(card, 0, np.array([1.0, 0, 0])) and solid(card, 0, np.array([0, 1.0, 0]))
    assert not solid(card, 0, np.array([0, 0, 1.0]))
