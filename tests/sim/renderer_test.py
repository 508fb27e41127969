import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh

from simpose_tf import geometry
from simpose_tf.sim.renderer import RenderConfig, Renderer, Rendering, turn_hue
from simpose_tf.sim.sampler import Stage, stage
from simpose_tf.sim.scene import Background, Camera, Light, PlacedPerson, Scene
from tests.sim.spheres import sphere_figure

HEIGHT, WIDTH = 120, 160
RADIUS = 0.5
FIGURES = {"sphere": sphere_figure(radius=RADIUS)}
LIGHT = Light(np.array([0.0, 1.0, 0.0]), np.ones(3), 0.5 * np.ones(3), 0.2 * np.ones(3))


def camera(eye=(0.0, 1.0, 3.0), target=(0.0, 1.0, 0.0), roll=0.0) -> Camera:
    intrinsics = geometry.intrinsics(HEIGHT, WIDTH, 60)
    return Camera(intrinsics, geometry.look_at(np.array(eye), np.array(target), roll), HEIGHT, WIDTH)


def place(x=0.0, z=0.0, yaw=0.0) -> PlacedPerson:
    matrix = np.eye(4)
    matrix[:3, :3] = geometry.rotation_about(np.array([0.0, 1.0, 0.0]), yaw)
    matrix[:3, 3] = [x, 0, z]
    return PlacedPerson("sphere", np.eye(3)[None], matrix, 0.0)


def scene(*people: PlacedPerson, view: Camera | None = None, background: Background | None = None) -> Stage:
    background = background or Background(np.array([0.2, 0.4, 0.6]))
    return stage(Scene(tuple(people), view or camera(), LIGHT, background), FIGURES.__getitem__)


def draw(staged: Stage, supersample: int = 2) -> Rendering:
    return Renderer(HEIGHT, WIDTH, RenderConfig(supersample, 512)).render(staged.scene, FIGURES, staged.posed)


def rays(view: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Return the eye and unit ray directions `[H, W, 3]` through pixel centres, camera frame."""
    x, y = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    directions = np.stack([x, y, np.ones_like(x)], -1) @ np.linalg.inv(view.intrinsics).T
    return np.zeros(3), directions / np.linalg.norm(directions, axis=-1, keepdims=True)


def sphere_hit(view: Camera) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return hit mask, unit normals and depth of the sphere about (0, 1, 0), worked out by hand."""
    centre = geometry.transform_points(view.camera_from_world, np.array([0.0, 1.0, 0.0]))
    _, direction = rays(view)
    along = direction @ centre
    gap = along**2 - centre @ centre + RADIUS**2
    points = (along - np.sqrt(np.maximum(gap, 0)))[..., None] * direction
    return gap > 0, (points - centre) / RADIUS, points[..., 2]


@pytest.mark.parametrize("view", [camera(), camera((2.0, 2.5, 2.0), (0.2, 0.9, 0.1), 0.3)])
def test_sphere_has_analytic_normals_and_depth(view):
    rendering = draw(scene(place(), view=view))
    hit, normal, depth = sphere_hit(view)
    both = hit & (rendering.person == 1)
    assert np.count_nonzero(hit ^ (rendering.person == 1)) <= 0.02 * hit.sum()  # chords lie inside the arc
    facing = both & (-normal[..., 2] > 0.2)
    angle = np.degrees(np.arccos(np.clip(np.sum(normal * rendering.normal, -1), -1, 1)))
    assert angle[facing].max() < 0.5
    np.testing.assert_allclose(rendering.depth[facing], depth[facing], atol=2e-3)
    assert rendering.normal[both][:, 2].max() < 0.2  # towards the camera is negative z


def test_surface_above_the_centre_has_upward_normals():
    rendering = draw(scene(place()))
    rows = np.flatnonzero((rendering.person > 0).any(1))
    assert rendering.normal[rows[2], WIDTH // 2, 1] < -0.8  # y down


def test_labels_equal_embree_rays_at_pixel_centres():
    view = camera((0.7, 1.8, 3.2), (0.1, 1.0, 0.0), 0.1)
    staged = scene(place(), place(0.9, -0.8, 1.0), view=view)
    rendering = draw(staged)
    faces = FIGURES["sphere"].faces
    meshes = [trimesh.Trimesh(v, faces, process=False) for v in staged.posed]
    both = trimesh.util.concatenate(meshes)
    _, direction = rays(view)
    world_from_camera = np.linalg.inv(view.camera_from_world)
    directions = direction.reshape(-1, 3) @ world_from_camera[:3, :3].T
    origins = np.tile(world_from_camera[:3, 3], (len(directions), 1))
    points, ray, triangle = both.ray.intersects_location(origins, directions, multiple_hits=False)
    person, part, uv = np.zeros(HEIGHT * WIDTH, int), np.zeros(HEIGHT * WIDTH, int), np.zeros((HEIGHT * WIDTH, 2))
    person[ray], part[ray] = 1 + triangle // len(faces), FIGURES["sphere"].part[triangle % len(faces)]
    barycentric = trimesh.triangles.points_to_barycentric(both.triangles[triangle], points)
    uv[ray] = np.einsum("nk,nkc->nc", barycentric, FIGURES["sphere"].uv[triangle % len(faces)])
    same = (person == rendering.person.ravel()) & (part == rendering.part.ravel())
    assert np.count_nonzero(~same) <= 3
    seen = same & (person > 0)
    np.testing.assert_allclose(np.stack([rendering.u, rendering.v], -1).reshape(-1, 2)[seen], uv[seen], atol=1e-3)


def test_nearer_person_hides_the_farther():
    rendering = draw(scene(place(0, -2.0), place(0, 0.5)))
    assert rendering.person[HEIGHT // 2, WIDTH // 2] == 2


def test_pixels_off_people_carry_nothing():
    rendering = draw(scene(place()))
    nobody = rendering.person == 0
    assert nobody.any()
    for values in (rendering.part, rendering.u, rendering.v, rendering.normal):
        assert not np.any(values[nobody])
    assert np.all(np.isinf(rendering.depth[nobody]))


def test_background_photo_shows_unchanged_and_upright():
    photo = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    rendering = draw(scene(place(), background=Background(np.zeros(3), photo)))
    away = rendering.person == 0
    away[1:-1, 1:-1] &= ~(rendering.person[2:, 1:-1] + rendering.person[1:-1, 2:] > 0)
    away[1:-1, 1:-1] &= ~(rendering.person[:-2, 1:-1] + rendering.person[1:-1, :-2] > 0)
    difference = np.abs(rendering.color.astype(int) - photo)[away]
    assert difference.max() <= 1


def test_sun_from_above_lights_the_top_and_casts_a_shadow():
    ground = Background(np.full(3, 0.5), None, np.full(3, 0.6))
    view = camera((0.0, 2.2, 4.0), (0.0, 0.6, 0.0))
    rendering = draw(scene(place(), view=view, background=ground))
    rows = np.flatnonzero((rendering.person > 0).any(1))
    middle = rendering.color[:, WIDTH // 2].astype(int).sum(-1)
    assert middle[rows[3]] > middle[rows[-3]] + 60
    under = geometry.transform_points(view.camera_from_world, np.array([[0, 0, 0], [1.5, 0, 0.0]]))
    (x0, y0), (x1, y1) = geometry.project(view.intrinsics, under).astype(int)
    assert rendering.color[y0, x0].astype(int).sum() < rendering.color[y1, x1].astype(int).sum() - 60


def test_same_scene_same_bytes_in_two_processes():
    code = (
        "import hashlib; from tests.sim.renderer_test import draw, scene, place;"
        "r = draw(scene(place(0.3, 0.2, 1.0), place(-0.8)));"
        "print(hashlib.sha256(r.color.tobytes() + r.normal.tobytes() + r.u.tobytes()).hexdigest())"
    )
    outputs = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout}
    outputs.add(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert len(outputs) == 1 and len(outputs.pop()) == 65


def test_memory_stays_flat_over_many_scenes():
    renderer = Renderer(HEIGHT, WIDTH, RenderConfig(1, 64))
    staged = scene(*(place(x - 2.0, -2.0) for x in range(5)))

    def draw_many(times):
        for _ in range(times):
            renderer.render(staged.scene, FIGURES, staged.posed)
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    before = draw_many(20)
    after = draw_many(40)
    person = staged.posed[0].size * 8
    assert after - before < 40 * 5 * person / 4


def test_hue_turns_and_keeps_lightness():
    assert np.allclose(turn_hue((1.0, 0.0, 0.0), 1 / 3), (0, 1, 0), atol=1e-9)
    assert np.allclose(turn_hue((0.2, 0.5, 0.7), 1.0), (0.2, 0.5, 0.7))
