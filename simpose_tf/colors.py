"""sRGB and linear light (IEC 61966-2-1)."""

import numpy as np


def linear_from_srgb(srgb: np.ndarray) -> np.ndarray:
    """Return linear values of sRGB ones in [0, 1], in their floating type."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def srgb_from_linear(linear: np.ndarray) -> np.ndarray:
    """Return sRGB values of linear ones, which are clipped to [0, 1]."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
