import dataclasses
import itertools

import numpy as np
import pytest
import trimesh

from simpose_tf import geometry
from simpose_tf.errors import InputError
from simpose_tf.figures.motion.bank import PoseBank
from simpose_tf.sim import sampler
from simpose_tf.sim.props import in_world, prop_mesh
from simpose_tf.sim.sampler import Assets, SceneConfig, sample_stage
from simpose_tf.sim.surroundings import SurroundingsConfig
from tests.sim.spheres import sphere_figure

CONFIG = SceneConfig(
    height=240,
    width=320,
    field_of_view_deg=60,
    min_people=1,
    max_people=12,
    distance=(2.0, 8.0),
    reach=(8.0, 8.0),
    camera_height=(0.5, 2.5),
    camera_aim=(0.5, 1.5),
    camera_roll_deg=(-8, 8),
    outside=0.1,
    hue_jitter=0.5,
)
AROUND = SurroundingsConfig(
    photo_share=1.0,
    environment_share=1.0,
    wall_share=0.7,
    max_props=6,
    seat_share=1.0,
    sun_elevation_deg=(15, 80),
    sun_strength=(0.3, 1.0),
    sky_strength=(0.3, 0.8),
)
NAMES = ("sphere", "ball")
FIGURES = {name: sphere_figure(name, radius=0.4, subdivisions=3) for name in NAMES}
POSES = PoseBank(("still-0000",), ("still",), ("Hips",), np.zeros((1, 1, 3), np.float32))


def draw(seed, config=CONFIG, around=AROUND, photos=()):
    assets = Assets(NAMES, FIGURES.__getitem__, POSES, photos)
    return sample_stage(np.random.default_rng(seed), config, around, assets)


def test_same_seed_same_scene():
    a, b = draw(3), draw(3)
    assert len(a.posed) == len(b.posed)
    assert all(np.array_equal(p, q) for p, q in zip(a.posed, b.posed, strict=True))
    assert np.array_equal(a.scene.camera.camera_from_world, b.scene.camera.camera_from_world)


def test_other_seed_other_scene_and_zero_is_a_seed():
    assert not np.array_equal(draw(0).posed[0], draw(1).posed[0])


def test_no_two_people_intersect():
    pairs = 0
    for seed in range(6):
        meshes = [trimesh.Trimesh(p, FIGURES["ball"].faces, process=False) for p in draw(seed).posed]
        for a, b in itertools.combinations(meshes, 2):
            assert not a.contains(b.vertices).any() and not b.contains(a.vertices).any()
            pairs += 1
    assert pairs > 50


def test_props_intersect_neither_people_nor_each_other():
    pairs = 0
    for seed in range(12):
        stage = draw(seed)
        things = []
        for prop in stage.scene.props:
            vertices, faces = prop_mesh(prop)
            things.append(trimesh.Trimesh(in_world(prop, vertices), faces, process=False).split())
        people = [trimesh.Trimesh(p, FIGURES["ball"].faces, process=False) for p in stage.posed]
        for k, blocks in enumerate(things):
            for block, other in itertools.product(blocks, [*people, *itertools.chain(*things[:k])]):
                assert not block.contains(other.vertices).any() and not other.contains(block.vertices).any()
                pairs += 1
    assert pairs > 100


def test_walls_stand_behind_everybody():
    walls = 0
    for seed in range(30):
        stage = draw(seed, dataclasses.replace(CONFIG, reach=(3.0, 8.0)))
        for wall in stage.scene.background.walls:
            along = (wall.end - wall.start) / np.linalg.norm(wall.end - wall.start)
            normal = np.cross(along, [0, 1, 0])
            side = np.sign(-normal @ wall.start)  # that of the camera's foot
            assert all((side * (posed - wall.start) @ normal).min() > 0 for posed in stage.posed)
            walls += 1
    assert walls > 15


def test_people_stand_on_the_ground_in_view_within_the_distance():
    for seed in range(8):
        stage = draw(seed)
        for person, posed in zip(stage.scene.people, stage.posed, strict=True):
            assert abs(posed[:, 1].min()) < 1e-5
            place = person.world_from_figure[:3, 3]
            assert 2.0 <= np.hypot(place[0], place[2]) <= 8.0
            half_width = np.tan(np.radians(30)) * 320 / 240 * 1.1
            assert abs(place[0]) <= half_width * -place[2] + 1e-6


def test_numbers_of_people_reach_from_one_to_the_maximum():
    counts = {len(draw(seed).posed) for seed in range(60)}
    assert min(counts) == 1 and max(counts) >= 11


def test_camera_has_the_field_of_view():
    camera = draw(0).scene.camera
    top, bottom = (
        geometry.project(camera.intrinsics, np.array([0, s * np.tan(np.radians(30)), 1.0]))[1] for s in (-1, 1)
    )
    assert (top, bottom) == (pytest.approx(0), pytest.approx(240))


def test_posing_a_stored_scene_gives_the_same_people():
    stage = draw(5)
    again = sampler.stage(stage.scene, FIGURES.__getitem__)
    assert all(np.array_equal(p, q) for p, q in zip(stage.posed, again.posed, strict=True))


def test_photo_that_is_none_raises_naming_it(tmp_path):
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"broken\.jpg"):
        draw(0, photos=(str(path),))


@pytest.mark.parametrize(
    "change",
    [
        {"min_people": 0},
        {"max_people": 0},
        {"height": 3},
        {"field_of_view_deg": 179},
        {"camera_height": (3.0, 1.0)},
        {"hue_jitter": -0.1},
    ],
)
def test_impossible_settings_raise(change):
    with pytest.raises(ValueError):
        dataclasses.replace(CONFIG, **change)
