"""A scene as plain data: everything that the renderer needs, and nothing that it decides."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PlacedPerson:
    """One person of a scene.

    Attributes:
      figure: name of the figure.
      rotations: `[J, 3, 3]` bone rotations of the pose, in the figure's rest frame (`figures.pose`).
      world_from_figure: `[4, 4]` rigid placement: turned about the vertical, feet on the ground y = 0.
      hue_shift: turn of the clothes' hue in [0, 1) of the circle (SimPose sec. 5.1).
    """

    figure: str
    rotations: np.ndarray
    world_from_figure: np.ndarray
    hue_shift: float


@dataclass(frozen=True)
class Camera:
    """A pinhole camera: `intrinsics` `[3, 3]` in pixels, `camera_from_world` `[4, 4]`, picture size in pixels."""

    intrinsics: np.ndarray
    camera_from_world: np.ndarray
    height: int
    width: int


@dataclass(frozen=True)
class Light:
    """Sun and sky. Colours are linear RGB; `to_sun` `[3]` is the unit direction towards the sun in the world."""

    to_sun: np.ndarray
    sun_color: np.ndarray
    sky_color: np.ndarray
    ground_color: np.ndarray


@dataclass(frozen=True)
class Background:
    """What is behind the people: a plain sRGB `color` `[3]` in [0, 1], or a `photo` uint8 `[height, width, 3]`.

    `ground` sRGB `[3]` paints the ground plane (with shadows) over a plain colour; None leaves it out.
    """

    color: np.ndarray
    photo: np.ndarray | None = None
    ground: np.ndarray | None = None


@dataclass(frozen=True)
class Scene:
    """People on a ground plane, a camera, light and what is behind."""

    people: tuple[PlacedPerson, ...]
    camera: Camera
    light: Light
    background: Background
