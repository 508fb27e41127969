"""A scene as plain data: everything that the renderer needs, and nothing that it decides.

World: y up, metres, the ground is y = 0; the camera stands above the origin and looks along -z.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PlacedPerson:
    """One person of a scene.

    Attributes:
      figure: name of the figure.
      pose: name of the pose (`walk-0017`), with `mirrored` if left and right were exchanged.
      mirrored: see `pose`.
      rotations: `[J, 3, 3]` bone rotations of the pose, in the figure's rest frame (`figures.pose`).
      world_from_figure: `[4, 4]` rigid placement: turned about the vertical, feet on the ground y = 0.
      hue_shift: turn of the clothes' hue in [0, 1) of the circle (SimPose sec. 5.1).
    """

    figure: str
    rotations: np.ndarray
    world_from_figure: np.ndarray
    hue_shift: float
    pose: str = ""
    mirrored: bool = False


@dataclass(frozen=True)
class Camera:
    """A pinhole camera: `intrinsics` `[3, 3]` in pixels, `camera_from_world` `[4, 4]`, picture size in pixels."""

    intrinsics: np.ndarray
    camera_from_world: np.ndarray
    height: int
    width: int


@dataclass(frozen=True)
class Light:
    """Sun and environment. Colours are linear RGB.

    Attributes:
      to_sun: `[3]` unit direction towards the sun in the world.
      sun_color: `[3]` what the sun alone adds to a white surface that faces it.
      irradiance: `[9, 3]` spherical harmonics (order y00, y1-1, y10, y11, y2-2 .. y22 over the world's (x, y, z)) of
        what the environment adds to a white surface, by its normal (`sim.environment`).
    """

    to_sun: np.ndarray
    sun_color: np.ndarray
    irradiance: np.ndarray


@dataclass(frozen=True)
class Surface:
    """What a ground, a wall or a prop is made of: a tile that repeats (`sim.textures`).

    Attributes:
      kind: one of `textures.KINDS`.
      seed: which variant of the kind.
      tint: `[3]` sRGB factor on the tile.
      metres: side of one tile.
      roughness, metallic: PBR, in [0, 1].
    """

    kind: str
    seed: int
    tint: np.ndarray
    metres: float
    roughness: float = 0.9
    metallic: float = 0.0


@dataclass(frozen=True)
class Wall:
    """An upright rectangle that stands on the ground behind all people, seen from both sides.

    `start` and `end` `[3]` are its lower corners (y = 0), `height` in metres.
    """

    start: np.ndarray
    end: np.ndarray
    height: float
    surface: Surface


@dataclass(frozen=True)
class Prop:
    """A thing that stands on the ground among the people, hides them in part and casts a shadow.

    Attributes:
      shape: one of `props.SHAPES`.
      size: `[3]` metres: width (x), height (y), depth (z) of its box.
      world_from_prop: `[4, 4]`; the prop's origin is the middle of its foot, its front looks to +z.
      surface: what it is made of.
    """

    shape: str
    size: np.ndarray
    world_from_prop: np.ndarray
    surface: Surface


@dataclass(frozen=True)
class Background:
    """What is behind people and props: a photo, or else ground and walls before a panorama.

    Attributes:
      panorama: `[h, w, 3]` float32 linear RGB of the environment, equirectangular: columns go once around from +z over
        -x, -z (the middle column) and +x to +z; the first row is straight up. Drawn where there is nothing else.
      photo: uint8 sRGB `[height, width, 3]` of the picture's size, or None.
      ground: the ground plane, drawn with shadows; None leaves it out. Never with a photo.
      walls: never with a photo.
    """

    panorama: np.ndarray
    photo: np.ndarray | None = None
    ground: Surface | None = None
    walls: tuple[Wall, ...] = ()


@dataclass(frozen=True)
class Scene:
    """People and props on a ground plane, a camera, light and what is behind."""

    people: tuple[PlacedPerson, ...]
    camera: Camera
    light: Light
    background: Background
    props: tuple[Prop, ...] = ()
