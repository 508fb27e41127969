"""Draw scenes at random: people on the ground who do not intersect, seats under those who sit, and what is around them.

World: y up, metres, the ground is y = 0; the camera stands above the origin and looks along -z.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simpose_tf import geometry
from simpose_tf.errors import InputError
from simpose_tf.figures.figure import Figure
from simpose_tf.figures.motion.bank import PoseBank, pose_rotations
from simpose_tf.figures.pose import arm_clearance, pose_vertices
from simpose_tf.sim import environment, seats, surroundings
from simpose_tf.sim.collision import CELL, Occupancy, surface_points
from simpose_tf.sim.props import in_world, prop_points
from simpose_tf.sim.scene import Camera, Light, PlacedPerson, Prop, Scene
from simpose_tf.sim.surroundings import Range, SurroundingsConfig, require_rising


@dataclass(frozen=True)
class SceneConfig:
    """What scenes may be. Ranges are (low, high) of uniform distributions.

    Attributes:
      height, width: the picture in pixels (SimPose sec. 5.1: 800 x 800).
      field_of_view_deg: vertical (sec. 5.1: 60).
      min_people, max_people: people a scene asks for (sec. 5.1: up to 12); fewer if no free place is found.
      distance: metres from the camera to a person, drawn log-uniformly up to the scene's own reach.
      reach: metres to the farthest people of a scene, drawn log-uniformly; walls stand behind it.
      camera_height: metres above the ground.
      camera_aim: height in metres, at 4 m distance, that the camera looks at.
      camera_roll_deg: turn about the viewing direction.
      outside: how far beyond the picture's edge a person may stand, as a share of the visible half-width.
      hue_jitter: largest turn of the clothes' hue to either side, in circles (sec. 5.1).
    """

    height: int
    width: int
    field_of_view_deg: float
    min_people: int
    max_people: int
    distance: Range
    reach: Range
    camera_height: Range
    camera_aim: Range
    camera_roll_deg: Range
    outside: float
    hue_jitter: float

    def __post_init__(self) -> None:
        """Raise ValueError for settings that make no scene."""
        if min(self.height, self.width) < 16 or not 1 <= self.min_people <= self.max_people:
            raise ValueError("pictures have at least 16 pixels a side and 1 <= min_people <= max_people")
        if not 5 <= self.field_of_view_deg <= 120 or self.distance[0] <= 0.3:
            raise ValueError("field_of_view_deg must be in 5..120 and people farther than 0.3 m")
        require_rising(self, "distance", "reach", "camera_height", "camera_aim", "camera_roll_deg")
        if min(self.outside, self.hue_jitter) < 0:
            raise ValueError("outside and hue_jitter are not negative")
        if not self.distance[0] < self.reach[0] <= self.reach[1]:
            raise ValueError("reach must lie beyond the nearest distance")

    @property
    def half_width(self) -> float:
        """Tangent of half the horizontal field of view."""
        return float(np.tan(np.radians(self.field_of_view_deg) / 2) * self.width / self.height)


@dataclass(frozen=True)
class Assets:
    """What scenes are made of.

    Attributes:
      names: who may appear; nobody twice while there are enough.
      load: gives the figure of a name.
      poses: the poses.
      photos: files of photographs without people, for backgrounds.
      environments: files of panoramas, for light.
      variants: of painted tiles, for grounds, walls and props (`surroundings.VARIANTS`).
    """

    names: Sequence[str]
    load: Callable[[str], Figure]
    poses: PoseBank
    photos: Sequence[str] = ()
    environments: Sequence[str] = ()
    variants: Sequence[int] = surroundings.VARIANTS["train"]


@dataclass(frozen=True)
class Stage:
    """A scene with its people posed: `posed[k]` `[V, 3]` float32 world vertices of `scene.people[k]`."""

    scene: Scene
    posed: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class _Posed:
    """A person who has a pose but no place: `vertices` `[V, 3]` in the figure's frame, the lowest drawn at `lowest`."""

    figure: Figure
    person: PlacedPerson
    vertices: np.ndarray
    lowest: float
    seat: Prop | None


_PLACES_TRIED = 12  # places tried for a person or a prop before the scene goes without
_POSES_TRIED = 60  # poses tried until one suits a figure
_AIM_DISTANCE = 4.0
_SITTING = "sit"


def sample_stage(rng: np.random.Generator, config: SceneConfig, around: SurroundingsConfig, assets: Assets) -> Stage:
    """Draw a scene; the same state of `rng`, the only source of randomness, gives the same scene.

    Raises:
      InputError: a photograph or an environment can't be read, or a figure can take no pose.
    """
    camera = _sample_camera(rng, config)
    light_around = surroundings.sample_environment(rng, around, assets.environments)
    reach = float(np.exp(rng.uniform(*np.log(config.reach))))
    background = surroundings.sample_background(
        rng, around, light_around, assets.photos, assets.variants, camera, reach
    )
    taken, props = Occupancy(), []
    people: list[PlacedPerson] = []
    posed: list[np.ndarray] = []
    for name in _draw_cast(rng, config, assets.names):
        someone = _sample_person(rng, config, around, assets, name)
        place = _find_place(rng, config, reach, someone, taken)
        if place is not None:
            standing = place @ surroundings.upright(0.0, 0.0, -someone.lowest, 0.0)
            people.append(replace(someone.person, world_from_figure=standing))
            posed.append(geometry.transform_points(standing, someone.vertices).astype(np.float32))
            if someone.seat is not None:
                props.append(replace(someone.seat, world_from_prop=place @ someone.seat.world_from_prop))
    props += _sample_props(rng, config, around, reach, assets.variants, taken)
    if background.photo is not None:
        light_around = environment.like_photo(light_around, background.photo)
    light = Light(light_around.to_sun, light_around.sun_color, light_around.irradiance)
    return Stage(Scene(tuple(people), camera, light, background, tuple(props)), tuple(posed))


def stage(scene: Scene, load_figure: Callable[[str], Figure]) -> Stage:
    """Pose the people of a scene that was stored as plain data."""
    posed = []
    for person in scene.people:
        vertices = pose_vertices(load_figure(person.figure), person.rotations)
        posed.append(geometry.transform_points(person.world_from_figure, vertices).astype(np.float32))
    return Stage(scene, tuple(posed))


def _draw_cast(rng: np.random.Generator, config: SceneConfig, names: Sequence[str]) -> list[str]:
    """Draw how many and who; everyone appears once before anyone appears again."""
    count = int(rng.integers(config.min_people, config.max_people + 1))
    rounds = [rng.permutation(len(names)) for _ in range(-(-count // len(names)))]
    return [names[i] for i in np.concatenate(rounds)[:count]]


def _sample_camera(rng: np.random.Generator, config: SceneConfig) -> Camera:
    eye = np.array([0.0, rng.uniform(*config.camera_height), 0.0])
    target = np.array([0.0, rng.uniform(*config.camera_aim), -_AIM_DISTANCE])
    roll = np.radians(rng.uniform(*config.camera_roll_deg))
    intrinsics = geometry.intrinsics(config.height, config.width, config.field_of_view_deg)
    return Camera(intrinsics, geometry.look_at(eye, target, roll), config.height, config.width)


def _sample_person(
    rng: np.random.Generator, config: SceneConfig, around: SurroundingsConfig, assets: Assets, name: str
) -> _Posed:
    """Draw a pose that suits the figure, and something to sit on where the pose asks for it."""
    hue_shift = float(rng.uniform(-config.hue_jitter, config.hue_jitter))
    on_seat = bool(rng.random() < around.seat_share)
    for _ in range(_POSES_TRIED):
        someone = _pose(rng, assets, name, hue_shift, on_seat)
        if someone is not None:
            return someone
    raise InputError(f"figures: {name!r} can take none of {_POSES_TRIED} poses")


def _pose(rng: np.random.Generator, assets: Assets, name: str, hue_shift: float, on_seat: bool) -> _Posed | None:
    """Draw one pose; None if an arm would be inside the body, or a sitting figure found no seat that fits."""
    figure, bank = assets.load(name), assets.poses
    index, mirrored = int(rng.integers(len(bank.names))), bool(rng.random() < 0.5)
    rotations = pose_rotations(bank, index, figure.skeleton, mirrored)
    if arm_clearance(figure.skeleton, rotations) <= 0:
        return None
    vertices = pose_vertices(figure, rotations)
    lowest, seat = float(vertices[figure.faces, 1].min()), None
    if bank.families[index] == _SITTING and on_seat:
        seat = seats.sample_seat(rng, figure, _lifted(vertices, lowest), assets.variants)
        if seat is None:
            return None
    person = PlacedPerson(name, rotations, np.eye(4), hue_shift, bank.names[index], mirrored)
    return _Posed(figure, person, vertices, lowest, seat)


def _lifted(vertices: np.ndarray, lowest: float) -> np.ndarray:
    return vertices - np.array([0, lowest, 0], vertices.dtype)


def _find_place(
    rng: np.random.Generator, config: SceneConfig, reach: float, someone: _Posed, taken: Occupancy
) -> np.ndarray | None:
    """Return a free place `[4, 4]` in view for a person who stands on y = 0, with the seat, and take it; or None."""
    body = surface_points(_lifted(someone.vertices, someone.lowest), someone.figure.faces)
    if someone.seat is not None:
        body = np.concatenate([body, in_world(someone.seat, prop_points(someone.seat, CELL))])
    for _ in range(_PLACES_TRIED):
        distance = np.exp(rng.uniform(np.log(config.distance[0]), np.log(min(reach, config.distance[1]))))
        bearing = np.arctan(rng.uniform(-1, 1) * config.half_width * (1 + config.outside))
        place = surroundings.upright(
            rng.uniform(0, 2 * np.pi), distance * np.sin(bearing), 0.0, -distance * np.cos(bearing)
        )
        if taken.add(geometry.transform_points(place, body).astype(np.float32)):
            return place
    return None


def _sample_props(
    rng: np.random.Generator,
    config: SceneConfig,
    around: SurroundingsConfig,
    reach: float,
    variants: Sequence[int],
    taken: Occupancy,
) -> list[Prop]:
    """Draw things that stand free; one that finds no place is left out."""
    props = []
    for _ in range(int(rng.integers(around.max_props + 1))):
        for _ in range(_PLACES_TRIED):
            prop = surroundings.sample_prop(rng, reach, config.half_width, variants)
            if taken.add(in_world(prop, prop_points(prop, CELL))):
                props.append(prop)
                break
    return props
