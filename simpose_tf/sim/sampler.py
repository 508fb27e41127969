"""Draw scenes at random: people on the ground who do not intersect, a camera, light, a background.

World: y up, metres, the ground is y = 0; the camera stands above the origin and looks along -z.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from simpose_tf import geometry
from simpose_tf.errors import InputError
from simpose_tf.figures.figure import Figure
from simpose_tf.figures.pose import pose_vertices, sample_pose
from simpose_tf.sim.collision import Occupancy
from simpose_tf.sim.scene import Background, Camera, Light, PlacedPerson, Scene

Range = tuple[float, float]


@dataclass(frozen=True)
class SceneConfig:
    """What scenes may be. Ranges are (low, high) of uniform distributions.

    Attributes:
      height, width: the picture in pixels (SimPose sec. 5.1: 800 x 800).
      field_of_view_deg: vertical (sec. 5.1: 60).
      min_people, max_people: people a scene asks for (sec. 5.1: up to 12); fewer if no free place is found.
      distance: metres from the camera to a person, drawn log-uniformly.
      camera_height: metres above the ground.
      camera_aim: height in metres, at 4 m distance, that the camera looks at.
      camera_roll_deg: turn about the viewing direction.
      outside: how far beyond the picture's edge a person may stand, as a share of the visible half-width.
      hue_jitter: largest turn of the clothes' hue to either side, in circles (sec. 5.1).
      photo_share: share of scenes with a photograph behind, where photographs are given.
      sun_elevation_deg: above the horizon.
      sun_strength, sky_strength: linear light of the sun and the sky.
    """

    height: int
    width: int
    field_of_view_deg: float
    min_people: int
    max_people: int
    distance: Range
    camera_height: Range
    camera_aim: Range
    camera_roll_deg: Range
    outside: float
    hue_jitter: float
    photo_share: float
    sun_elevation_deg: Range
    sun_strength: Range
    sky_strength: Range

    def __post_init__(self) -> None:
        """Raise ValueError for settings that make no scene."""
        if min(self.height, self.width) < 16 or not 1 <= self.min_people <= self.max_people:
            raise ValueError("pictures have at least 16 pixels a side and 1 <= min_people <= max_people")
        if not 5 <= self.field_of_view_deg <= 120 or self.distance[0] <= 0.3:
            raise ValueError("field_of_view_deg must be in 5..120 and people farther than 0.3 m")


@dataclass(frozen=True)
class Stage:
    """A scene with its people posed: `posed[k]` `[V, 3]` float32 world vertices of `scene.people[k]`."""

    scene: Scene
    posed: tuple[np.ndarray, ...]


_PLACES_TRIED = 12  # places tried for a person before the scene goes without
_AIM_DISTANCE = 4.0


def sample_stage(
    rng: np.random.Generator,
    config: SceneConfig,
    figure_names: Sequence[str],
    load_figure: Callable[[str], Figure],
    photos: Sequence[str] = (),
) -> Stage:
    """Draw a scene.

    Args:
      rng: the only source of randomness; the same state gives the same scene.
      config: the distributions.
      figure_names: who may appear; nobody twice while there are enough.
      load_figure: gives the figure of a name.
      photos: files of photographs without people.

    Raises:
      InputError: a photograph can't be read.
    """
    camera = _sample_camera(rng, config)
    background = _sample_background(rng, config, photos)
    count = int(rng.integers(config.min_people, config.max_people + 1))
    cast = [figure_names[i] for i in _draw_cast(rng, len(figure_names), count)]
    people: list[PlacedPerson] = []
    posed: list[np.ndarray] = []
    taken = Occupancy()
    for name in cast:
        figure = load_figure(name)
        rotations = sample_pose(figure.skeleton, rng)
        vertices = pose_vertices(figure, rotations)
        lowest = float(vertices[figure.faces, 1].min())
        hue_shift = float(rng.uniform(-config.hue_jitter, config.hue_jitter))
        for _ in range(_PLACES_TRIED):
            world_from_figure = _sample_place(rng, config, lowest)
            placed = geometry.transform_points(world_from_figure, vertices).astype(np.float32)
            if taken.add(placed):
                people.append(PlacedPerson(name, rotations, world_from_figure, hue_shift))
                posed.append(placed)
                break
    return Stage(Scene(tuple(people), camera, _sample_light(rng, config), background), tuple(posed))


def stage(scene: Scene, load_figure: Callable[[str], Figure]) -> Stage:
    """Pose the people of a scene that was stored as plain data."""
    posed = []
    for person in scene.people:
        vertices = pose_vertices(load_figure(person.figure), person.rotations)
        posed.append(geometry.transform_points(person.world_from_figure, vertices).astype(np.float32))
    return Stage(scene, tuple(posed))


def _draw_cast(rng: np.random.Generator, available: int, count: int) -> np.ndarray:
    """Return `count` indices of figures; everyone appears once before anyone appears again."""
    rounds = [rng.permutation(available) for _ in range(-(-count // available))]
    return np.concatenate(rounds)[:count]


def _sample_camera(rng: np.random.Generator, config: SceneConfig) -> Camera:
    eye = np.array([0.0, rng.uniform(*config.camera_height), 0.0])
    target = np.array([0.0, rng.uniform(*config.camera_aim), -_AIM_DISTANCE])
    roll = np.radians(rng.uniform(*config.camera_roll_deg))
    intrinsics = geometry.intrinsics(config.height, config.width, config.field_of_view_deg)
    return Camera(intrinsics, geometry.look_at(eye, target, roll), config.height, config.width)


def _sample_place(rng: np.random.Generator, config: SceneConfig, lowest: float) -> np.ndarray:
    """Return `world_from_figure` `[4, 4]`: anywhere in view, turned about the vertical, lowest point on y = 0."""
    distance = np.exp(rng.uniform(*np.log(config.distance)))
    half_width = np.tan(np.radians(config.field_of_view_deg) / 2) * config.width / config.height
    bearing = np.arctan(rng.uniform(-1, 1) * half_width * (1 + config.outside))
    matrix = np.eye(4)
    matrix[:3, :3] = geometry.rotation_about(np.array([0.0, 1.0, 0.0]), rng.uniform(0, 2 * np.pi))
    matrix[:3, 3] = [distance * np.sin(bearing), -lowest, -distance * np.cos(bearing)]
    return matrix


def _sample_light(rng: np.random.Generator, config: SceneConfig) -> Light:
    elevation, azimuth = np.radians(rng.uniform(*config.sun_elevation_deg)), rng.uniform(0, 2 * np.pi)
    to_sun = np.array([np.cos(elevation) * np.cos(azimuth), np.sin(elevation), np.cos(elevation) * np.sin(azimuth)])
    warmth = rng.uniform(0.0, 0.25)  # low suns are yellow; not in the paper
    sun = rng.uniform(*config.sun_strength) * np.array([1.0, 1.0 - 0.4 * warmth, 1.0 - warmth])
    sky = rng.uniform(*config.sky_strength) * np.array([1.0 - rng.uniform(0, 0.2), 1.0 - rng.uniform(0, 0.1), 1.0])
    return Light(to_sun, sun, sky, 0.55 * sky)


def _sample_background(rng: np.random.Generator, config: SceneConfig, photos: Sequence[str]) -> Background:
    color, ground = rng.uniform(0.05, 0.95, 3), rng.uniform(0.15, 0.8) * rng.uniform(0.75, 1.0, 3)
    if photos and rng.random() < config.photo_share:
        photo = read_photo(photos[int(rng.integers(len(photos)))])
        return Background(color, _fill(rng, photo, config.height, config.width))
    return Background(color, None, ground)


@functools.lru_cache(maxsize=32)
def read_photo(path: str) -> np.ndarray:
    """Return a photograph as uint8 RGB `[H, W, 3]`. Raises InputError if the file is none, or cut off."""
    try:
        with Image.open(path) as photo:
            return np.asarray(photo.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"--backgrounds: no picture, or a broken one: {path}") from error


def _fill(rng: np.random.Generator, photo: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return a random part of a photograph, mirrored or not, resized to fill `[height, width, 3]`."""
    if rng.random() < 0.5:
        photo = photo[:, ::-1]
    rows, columns = photo.shape[:2]
    scale = rng.uniform(0.6, 1.0) * min(rows / height, columns / width)
    h, w = max(1, int(scale * height)), max(1, int(scale * width))
    y, x = int(rng.integers(rows - h + 1)), int(rng.integers(columns - w + 1))
    region = np.ascontiguousarray(photo[y : y + h, x : x + w])
    return cv2.resize(region, (width, height), interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR)
