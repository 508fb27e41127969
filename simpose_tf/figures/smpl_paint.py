"""Skin, hair and clothes painted on a charted body: looks for bodies that come without textures."""

import colorsys
from dataclasses import dataclass

import numpy as np

from simpose_tf import keypoints
from simpose_tf.figures.figure import PATTERNS, Material

TEXTURED = Material("texture", (1.0, 1.0, 1.0), 0.85, texture=0)

_SKINS = ((0.91, 0.75, 0.67), (0.85, 0.68, 0.57), (0.74, 0.55, 0.43), (0.6, 0.43, 0.32), (0.4, 0.27, 0.2))
_HAIRS = ((0.08, 0.07, 0.07), (0.27, 0.17, 0.1), (0.62, 0.47, 0.28), (0.5, 0.49, 0.47))
_SKIN, _HAIR, _TOP, _BOTTOM, _SHOES = range(5)
_TORSO, _UPPER_ARMS, _LOWER_ARMS = (1, 2), (15, 16, 17, 18), (19, 20, 21, 22)
_UPPER_LEGS, _LOWER_LEGS, _FEET, _HEADS = (7, 8, 9, 10), (11, 12, 13, 14), (5, 6), (23, 24)


@dataclass(frozen=True)
class Body:
    """What painting needs to know of a body at rest.

    Attributes:
      part: `[F]` 1..24.
      middles: `[F, 3]` middles of the faces, metres, figure frame.
      keypoints: `[17, 3]` COCO keypoints.
    """

    part: np.ndarray
    middles: np.ndarray
    keypoints: np.ndarray

    def at(self, name: str) -> np.ndarray:
        """Return the place between the left and the right keypoint of a name, `[3]`."""
        return (self.keypoints[_LEFT[name]] + self.keypoints[_LEFT[name] + 1]) / 2


_LEFT = {name.removeprefix("left_"): k for k, name in enumerate(keypoints.NAMES) if name.startswith("left_")}


def painted(body: Body, rng: np.random.Generator) -> tuple[np.ndarray, tuple[Material, ...]]:
    """Draw looks: material `[F]` uint8 of the faces, and the materials."""
    part = body.part
    material = np.full(len(part), _SKIN, np.uint8)
    top = _TORSO + ((), _UPPER_ARMS, _UPPER_ARMS + _LOWER_ARMS)[rng.choice(3, p=(0.15, 0.5, 0.35))]
    bottom = _UPPER_LEGS + (_LOWER_LEGS if rng.random() < 0.65 else ())
    material[np.isin(part, top)] = _TOP
    waist = body.at("hip")[1] + rng.uniform(0.1, 0.25) * (body.at("shoulder")[1] - body.at("hip")[1])
    material[np.isin(part, bottom) | (np.isin(part, _TORSO) & (body.middles[:, 1] < waist))] = _BOTTOM
    if rng.random() < 0.8:
        material[np.isin(part, _FEET)] = _SHOES
    if rng.random() < 0.9:
        material[_scalp(body)] = _HAIR
    skin, hair = _SKINS[rng.integers(len(_SKINS))], _HAIRS[rng.integers(len(_HAIRS))]
    clothes = (_cloth(name, rng) for name in ("top", "bottom", "shoes"))
    return material, (Material("skin", skin, 0.6), Material("hair", hair, 0.8), *clothes)


def _scalp(body: Body) -> np.ndarray:
    """Return which faces `[F]` are scalp: above a plane from the hairline over the ears to the nape."""
    eyes, ears = body.at("eye"), body.at("ear")
    size = np.linalg.norm(eyes - ears)
    hairline, nape = eyes + size * np.array([0, 0.75, 0]), ears - size * np.array([0, 0.45, 0.5])
    up = np.cross(hairline - nape, [1.0, 0, 0])
    return np.isin(body.part, _HEADS) & ((body.middles - nape) @ up > 0)


def _cloth(name: str, rng: np.random.Generator) -> Material:
    """Draw a cloth; shoes are plain."""
    first, second = _color(rng), _color(rng)
    pattern = "plain" if name == "shoes" or rng.random() < 0.4 else str(rng.choice(PATTERNS))
    scale = float(rng.uniform(0.03, 0.12))
    return Material(name, first, 0.9, pattern, second, scale, jitter_hue=True)


def _color(rng: np.random.Generator) -> tuple[float, float, float]:
    """Draw an sRGB colour as cloth has it: seldom pure."""
    return colorsys.hsv_to_rgb(float(rng.random()), float(rng.uniform(0, 0.65)), float(rng.uniform(0.12, 0.9)))
