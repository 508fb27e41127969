"""Random batches of the contract between pipeline, network and losses."""

import numpy as np
import tensorflow as tf

from simpose_tf.data import schema
from simpose_tf.data.crops import CropConfig

CROP = CropConfig(height=65, width=33, label_stride=4, disk_radius=25.0)


def random_batch(
    rng: np.random.Generator, size: int, crop: CropConfig = CROP, gaps: bool = True
) -> dict[str, tf.Tensor]:
    """Return a batch of `size` crops; with `gaps` domains, labels and ignored regions are mixed at random."""
    grid = (size, crop.grid_height, crop.grid_width)
    share = 0.5 if gaps else 1.0
    part = rng.integers(0, 25, grid)
    heatmap = rng.random((*grid, 17)) < 0.2
    arrays = {
        "image": rng.uniform(0, 255, (size, crop.height, crop.width, 3)),
        "heatmap": heatmap,
        "offset": rng.normal(0, 3, (*grid, 17, 2)) * heatmap[..., None],
        "keypoint_weight": rng.random((size, 17)) < share,
        "mask": part > 0,
        "valid": rng.random(grid) < (0.8 if gaps else 1.0),
        "has_dense": rng.random(size) < share,
        "uv": rng.random((*grid, 2)),
        "normal": unit(rng.normal(size=(*grid, 3))) * (part > 0)[..., None],
    }
    domain = rng.integers(0, 2, size) if gaps else np.full(size, schema.SIM)
    of_points = rng.spawn(1)[0]
    arrays |= {
        "point_xy": of_points.uniform(-1, [grid[2], grid[1]], (size, 6, 2)),
        "point_uv": of_points.random((size, 6, 2)),
    }
    points = of_points.integers(1, 25, (size, 6)) * (of_points.random((size, 6)) < share)
    batch = {name: tf.constant(array, tf.float32) for name, array in arrays.items()}
    return {
        **batch,
        "domain": tf.constant(domain, tf.int32),
        "part": tf.constant(part, tf.int32),
        "point_part": tf.constant(points, tf.int32),
    }


def random_maps(rng: np.random.Generator, size: int, crop: CropConfig = CROP) -> dict[str, tf.Tensor]:
    """Return maps as the network gives them, of random numbers."""
    grid = (size, crop.grid_height, crop.grid_width)
    shapes = {"heatmap": (17,), "offset": (17, 2), "mask": (), "part": (24,), "uv": (24, 2), "normal": (3,)}
    return {name: tf.constant(rng.normal(0, 2, (*grid, *shape)), tf.float32) for name, shape in shapes.items()}


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors `[..., 3]` scaled to unit length."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
