import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh

from simpose_tf import geometry
from simpose_tf.figures.figure import Figure, Material
from simpose_tf.sim import people_buffers
from simpose_tf.sim.renderer import RenderConfig, Renderer, Rendering
from simpose_tf.sim.sampler import Stage, stage
from simpose_tf.sim.scene import Background, Camera, Light, PlacedPerson, Prop, Scene, Surface, Wall
from tests.sim.spheres import sphere_figure

HEIGHT, WIDTH = 120, 160
RADIUS = 0.5
FIGURES = {"sphere": sphere_figure(radius=RADIUS)}
EVEN = np.zeros((9, 3))
EVEN[0] = 0.4 / 0.282095  # the same light from all around
LIGHT = Light(np.array([0.0, 1.0, 0.0]), np.ones(3), EVEN)
GREY = Surface("plaster", 0, np.full(3, 0.7), 1.0)
SKY = np.tile(np.float32([0.1, 0.2, 0.4]), (8, 16, 1))


def camera(eye=(0.0, 1.0, 3.0), target=(0.0, 1.0, 0.0), roll=0.0) -> Camera:
    intrinsics = geometry.intrinsics(HEIGHT, WIDTH, 60)
    return Camera(intrinsics, geometry.look_at(np.array(eye), np.array(target), roll), HEIGHT, WIDTH)


def place(x=0.0, z=0.0, yaw=0.0) -> PlacedPerson:
    matrix = np.eye(4)
    matrix[:3, :3] = geometry.rotation_about(np.array([0.0, 1.0, 0.0]), yaw)
    matrix[:3, 3] = [x, 0, z]
    return PlacedPerson("sphere", np.eye(3)[None], matrix, 0.0)


def scene(
    *people: PlacedPerson,
    view: Camera | None = None,
    background: Background | None = None,
    props: tuple[Prop, ...] = (),
    light: Light = LIGHT,
) -> Stage:
    background = background or Background(SKY)
    return stage(Scene(tuple(people), view or camera(), light, background, props), FIGURES.__getitem__)


def draw(staged: Stage, supersample: int = 2, cascades: int = 4, size: int = 256) -> Rendering:
    config = RenderConfig(supersample, size, cascades)
    return Renderer(HEIGHT, WIDTH, config).render(staged.scene, FIGURES, staged.posed)


def crate(x: float, z: float, side: float = 1.0) -> Prop:
    matrix = np.eye(4)
    matrix[:3, 3] = [x, 0, z]
    return Prop("crate", np.full(3, side), matrix, GREY)


def linear(color: np.ndarray) -> np.ndarray:
    srgb = color.astype(float) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def rays(view: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Return the eye and unit ray directions `[H, W, 3]` through pixel centres, camera frame."""
    x, y = np.meshgrid(np.arange(view.width) + 0.5, np.arange(view.height) + 0.5)
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
    rendering = draw(scene(place(), background=Background(SKY, photo)))
    away = rendering.person == 0
    away[1:-1, 1:-1] &= ~(rendering.person[2:, 1:-1] + rendering.person[1:-1, 2:] > 0)
    away[1:-1, 1:-1] &= ~(rendering.person[:-2, 1:-1] + rendering.person[1:-1, :-2] > 0)
    difference = np.abs(rendering.color.astype(int) - photo)[away]
    assert difference.max() <= 1


def test_panorama_shows_its_middle_column_ahead_and_turns_with_the_camera():
    panorama = np.full((32, 64, 3), 0.02, np.float32)
    panorama[:, 46:50] = [0.5, 0.0, 0.0]  # at +x
    panorama[:, 30:34] = [0.0, 0.5, 0.0]  # at -z
    panorama[:8] = [0.0, 0.0, 0.5]  # above
    ahead = draw(scene(background=Background(panorama))).color
    right = draw(scene(view=camera((0, 1.0, 0), (1.0, 1.0, 0)), background=Background(panorama))).color
    up = draw(scene(view=camera((0, 1.0, 0), (0, 1.9, -0.3)), background=Background(panorama))).color
    assert ahead[HEIGHT // 2, WIDTH // 2].argmax() == 1 and right[HEIGHT // 2, WIDTH // 2].argmax() == 0
    assert up[HEIGHT // 2, WIDTH // 2].argmax() == 2 and linear(ahead[5, 20])[2] < 0.1


def test_even_light_gives_a_rough_sphere_its_own_color():
    light = Light(np.array([0.0, 1.0, 0.0]), np.zeros(3), EVEN)
    rendering = draw(scene(place(), light=light))
    middle = linear(rendering.color[HEIGHT // 2, WIDTH // 2])
    albedo = linear(np.full(3, 127.5))
    # 0.4 of white light, the 4 % that a dielectric mirrors on top; a few percent of clouds are painted.
    np.testing.assert_allclose(middle, 0.4 * albedo, rtol=0.2)


def ground_points(view: Camera, *points) -> list[tuple[int, int]]:
    in_camera = geometry.transform_points(view.camera_from_world, np.array(points, float))
    return [(int(y), int(x)) for x, y in geometry.project(view.intrinsics, in_camera)]


@pytest.mark.parametrize("cascades", [1, 4])
def test_sun_from_above_lights_the_top_and_casts_a_shadow(cascades):
    view = camera((0.0, 2.2, 4.0), (0.0, 0.6, 0.0))
    rendering = draw(scene(place(), view=view, background=Background(SKY, ground=GREY)), cascades=cascades)
    rows = np.flatnonzero((rendering.person > 0).any(1))
    middle = linear(rendering.color[:, WIDTH // 2]).sum(-1)
    assert middle[rows[3]] > 1.5 * middle[rows[-3]]
    under, beside = ground_points(view, [0, 0, 0], [1.5, 0, 0])
    assert linear(rendering.color[under]).sum() < 0.5 * linear(rendering.color[beside]).sum()


def test_shadows_lie_where_the_sun_throws_them_in_all_cascades():
    to_sun = np.array([1.0, 1.0, 0.0]) / np.sqrt(2)
    light = Light(to_sun, np.ones(3), EVEN)
    view = camera((0.0, 3.0, 3.0), (0.0, 0.0, -4.0))
    people = [place(0.5, z) for z in (0.0, -2.0, -6.0, -12.0)]
    rendering = draw(scene(*people, view=view, background=Background(SKY, ground=GREY), light=light), size=512)
    for z in (0.0, -2.0, -6.0, -12.0):  # a sphere's middle at a height of 1 shades the ground 1 m away from the sun
        shaded, lit = ground_points(view, [-0.5, 0, z], [-1.3, 0, z])
        assert linear(rendering.color[shaded]).sum() < 0.6 * linear(rendering.color[lit]).sum(), z


def test_a_wall_and_a_prop_cast_shadows_on_people():
    to_sun = np.array([0.0, 0.6, -0.8])  # from behind
    light = Light(to_sun, np.ones(3), EVEN)
    wall = Wall(np.array([-9.0, 0, -2]), np.array([9.0, 0, -2]), 6.0, GREY)
    view = camera((0.0, 3.0, 2.0), (0.0, 1.0, 0.0))
    free = draw(scene(place(), view=view, light=light))
    behind_wall = draw(scene(place(), view=view, light=light, background=Background(SKY, walls=(wall,))))
    behind_crate = draw(scene(place(), view=view, light=light, props=(crate(0, -2.5, 3.5),)))
    seen = free.person == 1
    for shaded in (behind_wall, behind_crate):
        assert linear(shaded.color[seen]).sum() < 0.75 * linear(free.color[seen]).sum()


def test_ground_darkens_under_what_stands_close_above_it_without_a_sun():
    light = Light(np.array([0.0, 1.0, 0.0]), np.zeros(3), EVEN)
    view = camera((0.0, 2.2, 4.0), (0.0, 0.6, 0.0))
    rendering = draw(scene(view=view, light=light, background=Background(SKY, ground=GREY), props=(crate(0, 0),)))
    near, far = ground_points(view, [0, 0, 0.56], [0, 0, 1.6])
    assert linear(rendering.color[near]).sum() < 0.8 * linear(rendering.color[far]).sum()


def test_props_hide_people_in_the_labels():
    free = draw(scene(place()))
    hidden = draw(scene(place(), props=(crate(0.0, 1.0),)))
    gone = (free.person == 1) & (hidden.person == 0)
    assert 0.2 * (free.person == 1).sum() < gone.sum() < (free.person == 1).sum()
    assert not hidden.part[gone].any() and not hidden.normal[gone].any()
    kept = hidden.person == 1
    np.testing.assert_array_equal(hidden.normal[kept], free.normal[kept])


def card(alpha: np.ndarray) -> Figure:
    """Return a sphere whose texture has holes."""
    figure = FIGURES["sphere"]
    texture = np.full((1, *alpha.shape, 4), 255, np.uint8)
    texture[0, :, :, 3] = alpha
    look = Material("hair", (0.5, 0.5, 0.5), texture=0, cutout=True)
    return dataclasses.replace(figure, textures=texture, texture_uv=figure.uv, materials=(look,))


def test_holes_of_a_texture_are_holes_in_colours_labels_and_shadows():
    alpha = np.zeros((16, 16), np.uint8)
    alpha[:8] = 255  # v < 1/2: one side of the sphere
    figures = {"sphere": card(alpha)}
    view = camera((0.0, 2.2, 4.0), (0.0, 0.6, 0.0))
    staged = scene(place(), view=view, background=Background(SKY, ground=GREY))
    renderer = Renderer(HEIGHT, WIDTH, RenderConfig(2, 256, 4))
    whole = renderer.render(staged.scene, FIGURES, staged.posed)
    half = renderer.render(staged.scene, figures, staged.posed)
    gone = (whole.person == 1) & (half.person == 0)
    assert 0.3 * (whole.person == 1).sum() < gone.sum() < 0.6 * (whole.person == 1).sum()
    assert np.all(half.v[half.person == 1] < 0.5 + 1e-3)
    (left, right) = ground_points(view, [-0.3, 0, 0], [0.3, 0, 0])
    dark = [linear(half.color[at]).sum() / linear(whole.color[at]).sum() for at in (left, right)]
    assert max(dark) > 1.5 and min(dark) < 1.2  # light falls through the missing half
    assert np.abs(half.color.astype(int) - whole.color)[gone].mean() > 5


def test_textures_multiply_colours_and_lie_as_told():
    texture = np.zeros((1, 4, 4, 4), np.uint8)
    texture[..., 3] = 255
    texture[0, :, :2, 0], texture[0, :, 2:, 1] = 255, 255  # red where u < 1/2 (the upper half), green below
    figure = dataclasses.replace(
        FIGURES["sphere"],
        textures=texture,
        texture_uv=FIGURES["sphere"].uv,
        materials=(Material("skin", (1.0, 1.0, 1.0), texture=0),),
    )
    light = Light(np.array([0.0, 1.0, 0.0]), np.zeros(3), EVEN)
    staged = scene(place(), light=light)
    rendering = Renderer(HEIGHT, WIDTH, RenderConfig(2, 256, 4)).render(staged.scene, {"sphere": figure}, staged.posed)
    inside = (rendering.person == 1) & (np.abs(rendering.v - 0.5) < 0.3)
    upper, lower = inside & (np.abs(rendering.u - 0.3) < 0.15), inside & (np.abs(rendering.u - 0.7) < 0.15)
    assert upper.sum() > 100 and lower.sum() > 100
    assert np.all(rendering.color[upper].argmax(-1) == 0) and np.all(rendering.color[lower].argmax(-1) == 1)


@pytest.mark.parametrize("shift", [0.0, 0.2, -0.37, 0.5])
@pytest.mark.parametrize("srgb", [(200, 60, 40), (40, 90, 160), (90, 160, 70), (120, 120, 120)])
def test_hue_of_a_textured_cloth_turns_as_that_of_a_plain_one(shift, srgb):
    texture = np.full((1, 4, 4, 4), 255, np.uint8)
    texture[..., :3] = srgb
    sphere = FIGURES["sphere"]
    cloth = Material("top", (1.0, 1.0, 1.0), texture=0, jitter_hue=True)
    textured = dataclasses.replace(sphere, name="textured", textures=texture, texture_uv=sphere.uv, materials=(cloth,))
    plain_look = Material("top", tuple(c / 255 for c in srgb), jitter_hue=True)
    plain = dataclasses.replace(sphere, name="plain", materials=(plain_look,))
    renderer, colors = Renderer(HEIGHT, WIDTH, RenderConfig(2, 256, 4)), []
    for figure in (textured, plain):
        person = dataclasses.replace(place(), figure=figure.name, hue_shift=shift)
        drawn = Scene((person,), camera(), LIGHT, Background(SKY))
        staged = stage(drawn, {figure.name: figure}.__getitem__)
        colors.append(renderer.render(drawn, {figure.name: figure}, staged.posed).color.astype(int))
    assert np.abs(colors[0] - colors[1]).max() <= 2
    assert np.ptp(colors[0].reshape(-1, 3), axis=0).max() > 20


@pytest.mark.parametrize("pattern", ["stripes", "checks", "mottled", "print", "denim"])
def test_patterns_show_both_colours_and_stay_with_the_cloth(pattern):
    look = Material("top", (0.8, 0.1, 0.1), pattern=pattern, pattern_color=(0.1, 0.1, 0.8), pattern_scale=0.2)
    figures = {"sphere": dataclasses.replace(FIGURES["sphere"], materials=(look,))}
    light = Light(np.array([0.0, 1.0, 0.0]), np.zeros(3), EVEN)
    renderer = Renderer(HEIGHT, WIDTH, RenderConfig(2, 256, 4))
    ways = [
        scene(place(0.0, 0.0), light=light),
        scene(place(0.1, 0.0), light=light, view=camera((0.1, 1, 3), (0.1, 1, 0))),
    ]
    first, second = (renderer.render(way.scene, figures, way.posed).color.astype(float) for way in ways)
    inside = draw(ways[0]).person == 1
    share = first[inside][:, 0] / (first[inside][:, 0] + first[inside][:, 2])
    assert np.percentile(share, 95) > 1.2 * np.percentile(share, 5)
    assert np.abs(first - second)[inside].mean() < 3


def test_edges_are_smooth_and_labels_are_not_blurred():
    rendering = draw(scene(place()))
    assert set(np.unique(rendering.part)) == {0, 2} and set(np.unique(rendering.person)) == {0, 1}
    row = rendering.color[HEIGHT // 2].astype(int)
    steps = np.abs(np.diff(row, axis=0)).max(1)
    rough = np.abs(np.diff(draw(scene(place()), supersample=1).color[HEIGHT // 2].astype(int), axis=0)).max(1)
    assert steps.max() <= rough.max()


def test_small_pictures_have_labels_at_their_pixel_centres():
    view = camera((0.3, 1.4, 2.6), (0.0, 1.0, 0.0), 0.2)
    half = Camera(np.diag([0.5, 0.5, 1]) @ view.intrinsics, view.camera_from_world, HEIGHT // 2, WIDTH // 2)
    small = Renderer(HEIGHT // 2, WIDTH // 2, RenderConfig(1, 64, 1)).render(
        scene(place(), view=half).scene, FIGURES, scene(place()).posed
    )
    hit, normal, _ = sphere_hit(half)
    both = hit & (small.person == 1)
    assert np.count_nonzero(hit ^ (small.person == 1)) <= 0.03 * hit.sum()
    angle = np.degrees(np.arccos(np.clip(np.sum(normal * small.normal, -1), -1, 1)))
    assert np.median(angle[both]) < 0.1


def test_same_scene_same_bytes_in_two_processes():
    code = (
        "import hashlib; from tests.sim.renderer_test import draw, scene, place;"
        "r = draw(scene(place(0.3, 0.2, 1.0), place(-0.8)));"
        "print(hashlib.sha256(r.color.tobytes() + r.normal.tobytes() + r.u.tobytes()).hexdigest())"
    )
    outputs = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout}
    outputs.add(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert len(outputs) == 1 and len(outputs.pop()) == 65


def test_a_picture_does_not_depend_on_those_before():
    renderer = Renderer(HEIGHT, WIDTH, RenderConfig(2, 256, 4))
    one, other = scene(place(0.3)), scene(place(-0.8), place(0.5), background=Background(SKY, ground=GREY))
    first = renderer.render(one.scene, FIGURES, one.posed)
    renderer.render(other.scene, FIGURES, other.posed)
    again = renderer.render(one.scene, FIGURES, one.posed)
    np.testing.assert_array_equal(first.color, again.color)
    np.testing.assert_array_equal(first.normal, again.normal)


def test_memory_stays_flat_over_many_scenes_and_figures(monkeypatch):
    monkeypatch.setattr(people_buffers, "_FIGURES", 6)
    renderer = Renderer(HEIGHT, WIDTH, RenderConfig(1, 64, 4))
    staged = scene(*(place(x - 2.0, -2.0) for x in range(5)), props=(crate(0, 0),))

    def draw_many(first, times):
        for number in range(first, first + times):  # a new body each time, as the continuous shape space gives them
            figure = FIGURES["sphere"]
            body = dataclasses.replace(figure, name=f"sphere-{number}", vertices=figure.vertices.copy())
            renderer.render(staged.scene, {"sphere": body}, staged.posed)
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    before = draw_many(0, 15)
    after = draw_many(15, 30)
    person = staged.posed[0].size * 8
    assert after - before < 30 * 5 * person / 4


def test_stages_are_told_in_order():
    stages = []
    staged = scene(place())
    Renderer(HEIGHT, WIDTH, RenderConfig(1, 64, 1)).render(staged.scene, FIGURES, staged.posed, stages.append)
    assert stages == ["upload", "shadow", "colour", "labels"]


@pytest.mark.parametrize("values", [(0, 64, 4), (2, 8, 4), (2, 64, 5), (2, 64, 0)])
def test_settings_that_no_driver_draws_are_refused(values):
    with pytest.raises(ValueError):
        RenderConfig(*values)
