"""Skin, hair and clothes painted on a charted body by chart: looks for bodies that come without textures."""

import numpy as np

from simpose_tf.figures.figure import PATTERNS, Material

TEXTURED = Material("texture", (1.0, 1.0, 1.0), 0.85, texture=0)

_SKINS = ((0.91, 0.75, 0.67), (0.85, 0.68, 0.57), (0.74, 0.55, 0.43), (0.6, 0.43, 0.32), (0.4, 0.27, 0.2))
_HAIRS = ((0.08, 0.07, 0.07), (0.27, 0.17, 0.1), (0.62, 0.47, 0.28), (0.5, 0.49, 0.47))
_SKIN, _HAIR, _TOP, _BOTTOM, _SHOES = range(5)
_TORSO, _UPPER_ARMS, _LOWER_ARMS = (1, 2), (15, 16, 17, 18), (19, 20, 21, 22)
_UPPER_LEGS, _LOWER_LEGS, _FEET, _HEADS = (7, 8, 9, 10), (11, 12, 13, 14), (5, 6), (23, 24)
_WAIST = 0.8  # u of the torso charts, which grows downward, where trousers begin


def painted(part: np.ndarray, uv: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, tuple[Material, ...]]:
    """Draw looks: material `[F]` uint8 of the faces, and the materials.

    Args:
      part: `[F]` 1..24.
      uv: `[F, 3, 2]`.
      rng: source of randomness.
    """
    middle = uv.mean(1)
    material = np.full(len(part), _SKIN, np.uint8)
    top = _TORSO + (_UPPER_ARMS if rng.random() < 0.85 else ()) + (_LOWER_ARMS if rng.random() < 0.4 else ())
    bottom = _UPPER_LEGS + (_LOWER_LEGS if rng.random() < 0.65 else ())
    material[np.isin(part, top)] = _TOP
    material[np.isin(part, bottom) | np.isin(part, _TORSO) & (middle[:, 0] > _WAIST)] = _BOTTOM
    if rng.random() < 0.8:
        material[np.isin(part, _FEET)] = _SHOES
    material[_scalp(part, middle)] = _HAIR
    skin, hair = _SKINS[rng.integers(len(_SKINS))], _HAIRS[rng.integers(len(_HAIRS))]
    clothes = (_cloth(name, rng) for name in ("top", "bottom", "shoes"))
    return material, (Material("skin", skin, 0.6), Material("hair", hair, 0.8), *clothes)


def _scalp(part: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """Return which faces `[F]` are scalp: the crown and the back of the head (u runs forward on 23, backward on 24)."""
    back = np.where(part == 24, middle[:, 0], 1 - middle[:, 0])
    return np.isin(part, _HEADS) & ((middle[:, 1] > 0.84) | (back > 0.6) & (middle[:, 1] > 0.35))


def _cloth(name: str, rng: np.random.Generator) -> Material:
    """Draw a cloth; shoes are plain."""
    (r, g, b), second = rng.uniform(0.1, 0.9, 3).tolist(), rng.uniform(0.1, 0.9, 3).tolist()
    pattern = "plain" if name == "shoes" or rng.random() < 0.4 else str(rng.choice(PATTERNS))
    scale = float(rng.uniform(0.03, 0.12))
    return Material(name, (r, g, b), 0.9, pattern, (second[0], second[1], second[2]), scale, jitter_hue=True)
