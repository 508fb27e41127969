"""Labels against Embree: rays through pixel centres and through keypoints, of whole scenes as they are sampled."""

from dataclasses import dataclass

import numpy as np
import pytest
import trimesh

from simpose_tf import keypoints
from simpose_tf.figures.cast import Cast, CastConfig
from simpose_tf.figures.motion.bank import pose_bank
from simpose_tf.figures.pose import keypoints_3d, vertex_normals
from simpose_tf.sim.annotate import annotate, keypoint_thickness
from simpose_tf.sim.props import in_world, prop_mesh
from simpose_tf.sim.renderer import RenderConfig, Renderer, Rendering
from simpose_tf.sim.sampler import Assets, SceneConfig, Stage, sample_stage
from simpose_tf.sim.surroundings import SurroundingsConfig

CAST = Cast(CastConfig("figures", 1), "val")
AROUND = SurroundingsConfig(
    photo_share=0.0,
    environment_share=0.0,
    wall_share=0.5,
    max_props=5,
    seat_share=0.8,
    sun_elevation_deg=(12, 80),
    sun_strength=(0.3, 2.5),
    sky_strength=(0.35, 0.8),
)


def sample(seed: int, size: int) -> Stage:
    """Draw a scene of 4 to 10 dressed people as `render_figures.gin` does."""
    config = SceneConfig(
        height=size,
        width=size,
        field_of_view_deg=60,
        min_people=4,
        max_people=10,
        distance=(1.0, 10.0),
        reach=(3.0, 10.0),
        camera_height=(0.4, 3.2),
        camera_aim=(0.4, 1.4),
        camera_roll_deg=(-8, 8),
        outside=0.1,
        hue_jitter=0.5,
    )
    assets = Assets(CAST.names(), CAST.load, pose_bank("val"))
    return sample_stage(np.random.default_rng(seed), config, AROUND, assets)


@dataclass(frozen=True)
class World:
    """All people and props of a scene as one mesh; for each face the person (0 a prop), part, uv and normals."""

    mesh: trimesh.Trimesh
    person: np.ndarray
    part: np.ndarray
    uv: np.ndarray
    normals: np.ndarray


def world_of(stage: Stage) -> World:
    vertices, faces, rows, start = [], [], [], 0
    pieces = []
    for number, (person, posed) in enumerate(zip(stage.scene.people, stage.posed, strict=True), start=1):
        figure = CAST.load(person.figure)
        assert not any(material.cutout for material in figure.materials)
        normals = vertex_normals(posed, figure.faces)[figure.faces]
        pieces.append((posed, figure.faces, number, figure.part, figure.uv, normals))
    for prop in stage.scene.props:
        own, sides = prop_mesh(prop)
        blank = np.zeros((len(sides), 3, 3))
        pieces.append((in_world(prop, own), sides, 0, np.zeros(len(sides)), blank[..., :2], blank))
    for points, sides, number, part, uv, normals in pieces:
        vertices.append(points)
        faces.append(sides + start)
        rows.append((np.full(len(sides), number), part, uv, normals))
        start += len(points)
    person, part, uv, normals = (np.concatenate(column) for column in zip(*rows, strict=True))
    mesh = trimesh.Trimesh(np.concatenate(vertices), np.concatenate(faces), process=False)
    return World(mesh, person, part, uv, normals)


def eye_of(stage: Stage) -> np.ndarray:
    matrix = stage.scene.camera.camera_from_world
    return -matrix[:3, :3].T @ matrix[:3, 3]


def cast(stage: Stage, world: World, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the first face `[N]` (-1 none), depth along the ray in units of `directions`, barycentric weights."""
    eye = eye_of(stage)
    face = world.mesh.ray.intersects_first(np.tile(eye, (len(directions), 1)), directions)
    corners = world.mesh.triangles[face]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    reach = ((corners[:, 0] - eye) * normal).sum(1) / (directions * normal).sum(1)
    weights = trimesh.triangles.points_to_barycentric(corners, eye + reach[:, None] * directions)
    return face, reach, weights


@dataclass
class Tally:
    """Counts over scenes: people's pixels, those of another person or part, wrong uv, wrong normals."""

    people: int = 0
    differ: int = 0
    compared: int = 0
    wrong_uv: int = 0
    wrong_normal: int = 0
    keypoints: int = 0
    hidden: int = 0
    wrong_visibility: int = 0
    farthest: float = 0.0

    def add_pixels(self, stage: Stage, world: World, rendering: Rendering) -> None:
        camera = stage.scene.camera
        rotation = camera.camera_from_world[:3, :3]
        x, y = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
        pixels = np.stack([x, y, np.ones_like(x)], -1).reshape(-1, 3)
        directions = pixels @ np.linalg.inv(camera.intrinsics).T @ rotation
        face, _, weights = cast(stage, world, directions)
        person = np.where(face >= 0, world.person[face], 0)
        part = np.where(person > 0, world.part[face], 0)
        differ = (person != rendering.person.ravel()) | (part != rendering.part.ravel())
        self.people += np.count_nonzero(person)
        self.differ += np.count_nonzero(differ)
        same = np.flatnonzero(~differ & (person > 0))
        self.compared += len(same)
        face, weights = face[same], weights[same]
        uv = np.einsum("nk,nkc->nc", weights, world.uv[face])
        drawn = np.stack([rendering.u.ravel()[same], rendering.v.ravel()[same]], 1)
        self.wrong_uv += np.count_nonzero(np.abs(uv - drawn).max(1) > 1e-3)
        normal = np.einsum("nk,nkc->nc", weights, world.normals[face])
        corners = world.mesh.triangles[face]
        flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normal[(flat * directions[same]).sum(1) > 0] *= -1  # the inside of a hem faces us
        normal = (normal / np.linalg.norm(normal, axis=1, keepdims=True)) @ rotation.T
        cosine = (normal * rendering.normal.reshape(-1, 3)[same]).sum(1).clip(-1, 1)
        self.wrong_normal += np.count_nonzero(np.degrees(np.arccos(cosine)) > 0.5)

    def add_keypoints(self, stage: Stage, world: World, rendering: Rendering) -> None:
        figures = {person.figure: CAST.load(person.figure) for person in stage.scene.people}
        camera, eye = stage.scene.camera, eye_of(stage)
        for label in annotate(stage, figures, rendering):
            figure = figures[stage.scene.people[label.index].figure]
            points = keypoints_3d(figure, stage.posed[label.index])
            face, reach, _ = cast(stage, world, points - eye)
            in_camera = points @ camera.camera_from_world[:3, :3].T + camera.camera_from_world[:3, 3]
            xy = in_camera[:, :2] / in_camera[:, 2:] @ camera.intrinsics[:2, :2].T + camera.intrinsics[:2, 2]
            for k in np.flatnonzero(label.visibility > 0):
                before = in_camera[k, 2] * (1 - reach[k])  # metres along the axis that the hit lies in front
                own = face[k] >= 0 and world.person[face[k]] == label.index + 1
                allowed = keypoint_thickness(figure)[k] if own else 0.0
                hidden = face[k] >= 0 and before > allowed
                self.keypoints += 1
                self.hidden += int(hidden)
                self.wrong_visibility += label.visibility[k] != (keypoints.HIDDEN if hidden else keypoints.VISIBLE)
                self.farthest = max(self.farthest, float(np.abs(xy[k] - label.keypoints_xy[k]).max()))

    def check(self) -> None:
        assert self.differ <= 2e-4 * self.people
        assert self.wrong_uv <= 1e-3 * self.compared and self.wrong_normal <= 1e-3 * self.compared
        assert self.wrong_visibility == 0 and self.farthest < 0.5
        assert 0.05 * self.keypoints < self.hidden < 0.95 * self.keypoints


def compare(seeds: range, size: int) -> Tally:
    tally, renderer = Tally(), Renderer(size, size, RenderConfig(1, 64, 1))
    for seed in seeds:
        stage = sample(seed, size)
        figures = {person.figure: CAST.load(person.figure) for person in stage.scene.people}
        rendering = renderer.render(stage.scene, figures, stage.posed)
        world = world_of(stage)
        tally.add_pixels(stage, world, rendering)
        tally.add_keypoints(stage, world, rendering)
    return tally


def test_labels_and_keypoints_of_three_scenes_equal_embree():
    tally = compare(range(100, 103), 320)
    assert tally.people > 10_000 and tally.keypoints > 50
    tally.check()


@pytest.mark.slow
def test_labels_and_keypoints_of_twenty_scenes_equal_embree():
    tally = compare(range(20), 800)
    print(tally)
    assert tally.people > 1_000_000 and tally.keypoints > 800
    tally.check()
