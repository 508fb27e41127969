"""Draw what is around people at random: light, background, walls, props."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from simpose_tf import geometry
from simpose_tf.errors import InputError
from simpose_tf.sim import environment, textures
from simpose_tf.sim.environment import Environment
from simpose_tf.sim.scene import Background, Camera, Prop, Surface, Wall

Range = tuple[float, float]
_WALL_CLEARANCE = 1.3  # metres that a wall stays behind the farthest person's middle
_WALL_HALF_LENGTH = 45.0

# What stands around: low and high ends of width, height, depth in metres. Not in the paper.
_PROP_SIZES: dict[str, tuple[Range, Range, Range]] = {
    "crate": ((0.3, 0.9), (0.25, 0.9), (0.3, 0.8)),
    "barrel": ((0.4, 0.6), (0.7, 1.0), (0.4, 0.6)),
    "column": ((0.25, 0.5), (2.5, 4.0), (0.25, 0.5)),
    "ball": ((0.2, 0.7), (0.2, 0.7), (0.2, 0.7)),
    "table": ((0.7, 1.8), (0.6, 0.8), (0.6, 0.9)),
    "stool": ((0.32, 0.42), (0.42, 0.7), (0.32, 0.42)),
    "chair": ((0.42, 0.5), (0.84, 0.96), (0.42, 0.5)),
    "bench": ((1.0, 1.8), (0.42, 0.48), (0.36, 0.46)),
    "sofa": ((1.3, 2.2), (0.75, 0.9), (0.75, 0.9)),
    "fence": ((1.0, 2.6), (0.7, 1.2), (0.04, 0.06)),
    "sign": ((0.4, 0.8), (1.4, 2.2), (0.02, 0.03)),
    "plant": ((0.4, 1.0), (0.6, 1.6), (0.4, 1.0)),
}
_ROUND = ("barrel", "ball", "column", "stool")  # as deep as wide
_NEAREST_PROP = 1.6  # metres from the camera

# Variants of painted tiles that a split's grounds, walls and props are made of: validation's are unseen in training.
VARIANTS = {"train": (0, 1, 2, 3), "val": (4, 5)}


def require_rising(config: object, *names: str) -> None:
    """Raise ValueError for a range of `config` whose low end is above its high end; those that are none pass."""
    for name in names:
        ends = getattr(config, name)
        is_range = isinstance(ends, tuple) and len(ends) == 2 and all(isinstance(end, int | float) for end in ends)
        if is_range and ends[0] > ends[1]:
            raise ValueError(f"{name} is {ends}: the low end comes first")


@dataclass(frozen=True)
class SurroundingsConfig:
    """What may be around people. Ranges are (low, high) of uniform distributions.

    Attributes:
      photo_share: share of scenes with a photograph behind, where photographs are given.
      environment_share: share of scenes lit by a file, where environments are given; else by a procedural sky.
      wall_share: share of scenes without a photograph that have walls.
      max_props: props a scene asks for at most; fewer if no free place is found.
      seat_share: share of sitting people who get something to sit on.
      sun_elevation_deg: above the horizon, of procedural skies.
      sun_strength, sky_strength: linear light of the sun and the sky.
    """

    photo_share: float
    environment_share: float
    wall_share: float
    max_props: int
    seat_share: float
    sun_elevation_deg: Range
    sun_strength: Range
    sky_strength: Range

    def __post_init__(self) -> None:
        """Raise ValueError for shares that are none."""
        shares = (self.photo_share, self.environment_share, self.wall_share, self.seat_share)
        if not all(0 <= share <= 1 for share in shares) or self.max_props < 0:
            raise ValueError("shares are in [0, 1] and max_props is not negative")
        require_rising(self, "sun_elevation_deg", "sun_strength", "sky_strength")


def sample_environment(rng: np.random.Generator, config: SurroundingsConfig, paths: Sequence[str]) -> Environment:
    """Draw the light from all around: one of the files, turned, or a procedural sky."""
    if paths and rng.random() < config.environment_share:
        chosen = environment.read_environment(paths[int(rng.integers(len(paths)))])
        return environment.turned(chosen, float(rng.uniform(0, 2 * np.pi)))
    return environment.procedural_sky(rng, config.sun_elevation_deg, config.sun_strength, config.sky_strength)


def sample_background(
    rng: np.random.Generator,
    config: SurroundingsConfig,
    around: Environment,
    photos: Sequence[str],
    variants: Sequence[int],
    camera: Camera,
    reach: float,
) -> Background:
    """Draw a photograph, or ground and walls, behind people who stand within `reach` metres of the camera's foot."""
    if photos and rng.random() < config.photo_share:
        photo = read_photo(photos[int(rng.integers(len(photos)))])
        return Background(around.panorama, photo=_fill(rng, photo, camera.height, camera.width))
    walls: tuple[Wall, ...] = ()
    if rng.random() < config.wall_share:
        walls = _sample_walls(rng, reach + _WALL_CLEARANCE + rng.exponential(1.5), variants)
    ground = sample_surface(rng, textures.GROUND_KINDS, (0.8, 3.0), variants)
    return Background(around.panorama, ground=ground, walls=walls)


def sample_surface(rng: np.random.Generator, kinds: Sequence[str], metres: Range, variants: Sequence[int]) -> Surface:
    """Draw a material of some kinds; its tile's side lies in `metres`."""
    kind = kinds[int(rng.integers(len(kinds)))]
    tint = rng.uniform(0.75, 1.0) * rng.uniform(0.85, 1.0, 3)
    seed, side = int(rng.choice(variants)), float(rng.uniform(*metres))
    return Surface(kind, seed, tint, side, roughness=float(rng.uniform(0.6, 1.0)), metallic=0.0)


def _sample_walls(rng: np.random.Generator, distance: float, variants: Sequence[int]) -> tuple[Wall, ...]:
    """Return one to three upright planes at `distance` metres from the origin: a back wall, and walls at its sides."""
    yaw, height = np.radians(rng.uniform(-30, 30)), rng.uniform(2.6, 7.0)
    surface = sample_surface(rng, textures.WALL_KINDS, (1.2, 3.5), variants)
    sides = [s for s in (-1, 1) if rng.random() < 0.35]
    return tuple(_wall(yaw + s * np.pi / 2, distance, height, surface) for s in (0, *sides))


def _wall(yaw: float, distance: float, height: float, surface: Surface) -> Wall:
    """Return a wall whose nearest point to the origin lies at `distance` in direction `yaw` (0: straight ahead)."""
    ahead, across = np.array([np.sin(yaw), 0, -np.cos(yaw)]), np.array([np.cos(yaw), 0, np.sin(yaw)])
    middle = distance * ahead
    return Wall(middle - _WALL_HALF_LENGTH * across, middle + _WALL_HALF_LENGTH * across, float(height), surface)


def sample_prop(rng: np.random.Generator, reach: float, half_width: float, variants: Sequence[int]) -> Prop:
    """Draw a prop somewhere in view, at most `reach` metres away; `half_width` is the tangent of half the view."""
    shape = list(_PROP_SIZES)[int(rng.integers(len(_PROP_SIZES)))]
    size = np.array([rng.uniform(*side) for side in _PROP_SIZES[shape]])
    size[2] = size[0] if shape in _ROUND else size[2]
    distance = rng.uniform(_NEAREST_PROP, max(reach, _NEAREST_PROP + 0.5))
    bearing = np.arctan(rng.uniform(-1, 1) * half_width)
    place = upright(rng.uniform(0, 2 * np.pi), distance * np.sin(bearing), 0.0, -distance * np.cos(bearing))
    kinds = ("foliage",) if shape == "plant" else textures.PROP_KINDS
    return Prop(shape, size, place, sample_surface(rng, kinds, (0.4, 1.2), variants))


def upright(yaw: float, x: float, y: float, z: float) -> np.ndarray:
    """Return the `[4, 4]` placement that turns about the vertical by `yaw` radians and then moves to (x, y, z)."""
    matrix = np.eye(4)
    matrix[:3, :3] = geometry.rotation_about(np.array([0.0, 1.0, 0.0]), yaw)
    matrix[:3, 3] = [x, y, z]
    return matrix


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
