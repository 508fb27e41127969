"""Records for the tests: random people made of shapes, and pictures that say where each pixel is."""

import cv2
import numpy as np
import tensorflow as tf

from simpose_tf.data import schema

# Limbs of a stick figure as pairs of keypoints with a chart each; the torso is a quadrilateral.
_LIMBS = {
    16: (6, 8), 15: (5, 7), 20: (8, 10), 19: (7, 9), 9: (12, 14), 10: (11, 13), 13: (14, 16), 14: (13, 15),
}  # fmt: skip
_POSE = np.array(
    [[0, -.8], [.05, -.85], [-.05, -.85], [.1, -.82], [-.1, -.82], [.2, -.55], [-.2, -.55], [.3, -.2],
     [-.3, -.2], [.35, .1], [-.35, .1], [.12, .05], [-.12, .05], [.15, .5], [-.15, .5], [.15, .9], [-.15, .9]]
)  # fmt: skip


def _canvas(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    coarse = rng.integers(0, 255, (8, 8, 3), np.uint8)
    return cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)


def person(rng: np.random.Generator, domain: int = schema.SIM, size: tuple[int, int] = (250, 250)) -> schema.Person:
    """Return a random stick figure; a simulated one has dense labels, a real one an ignored corner."""
    height, width = size
    unit = height * rng.uniform(0.22, 0.3)
    points = (_POSE + rng.normal(0, 0.05, _POSE.shape)) * unit + np.array([width, height]) / 2
    part = np.zeros(size, np.uint8)
    cv2.fillPoly(part, [np.int32(points[[5, 6, 12, 11]])], 2)
    for chart, (a, b) in _LIMBS.items():
        cv2.line(part, np.int32(points[a]), np.int32(points[b]), chart, int(unit * 0.13))
    cv2.circle(part, np.int32(points[0]), int(unit * 0.17), 23, -1)
    mask = part > 0
    image = _canvas(rng, size)
    image[mask] = (image[mask] * 0.3 + rng.integers(0, 180, 3) + part[mask, None] * np.array([3, 1, 2])).astype(
        np.uint8
    )
    ys, xs = np.nonzero(mask)
    common = {
        "domain": domain, "source": "shapes", "image_id": int(rng.integers(1 << 40)),
        "person_id": int(rng.integers(99)),
        "image_size": (2 * height, 2 * width), "window": np.array([10, 20, 0.5], np.float32), "image": image,
        "box_yxyx": np.array([ys.min(), xs.min(), ys.max() + 1, xs.max() + 1], np.float32),
        "keypoints_xy": points.astype(np.float32), "visibility": rng.integers(0, 3, 17), "mask": mask,
        "generator": "tests", "seed": 7,
    }  # fmt: skip
    if domain == schema.REAL:
        ignore = np.zeros(size, bool)
        ignore[: height // 4, : width // 4] = True
        return schema.Person(**common, ignore=ignore & ~mask)
    return schema.Person(**common, figure_id="stick", part=part, **_dense(part, points[0]))


def _dense(part: np.ndarray, middle: np.ndarray) -> dict[str, np.ndarray]:
    y, x = np.mgrid[: part.shape[0], : part.shape[1]] + 0.5
    normal = np.stack([x - middle[0], y - middle[1], np.full(part.shape, -60.0)], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    on = part > 0
    return {
        "u": np.where(on, x / part.shape[1], 0).astype(np.float32),
        "v": np.where(on, y / part.shape[0], 0).astype(np.float32),
        "normal": np.where(on[..., None], normal, 0).astype(np.float32),
    }


def coordinates_person(size: tuple[int, int], box_yxyx: tuple[float, ...], keypoints_xy: np.ndarray) -> schema.Person:
    """Return a record whose red and green are x and y of the pixel (cut to whole), as are u * 255, v * 255."""
    height, width = size
    y, x = np.mgrid[:height, :width] + 0.5
    full = np.ones(size, bool)
    return schema.Person(
        domain=schema.SIM, source="coordinates", image_id=1, person_id=1, image_size=size,
        window=np.array([0, 0, 1], np.float32), image=np.stack([x, y, 0 * x], -1).astype(np.uint8),
        box_yxyx=np.array(box_yxyx, np.float32), keypoints_xy=keypoints_xy.astype(np.float32),
        visibility=np.full(17, 2), mask=full, generator="tests", part=np.full(size, 2, np.uint8),
        u=(x / 255).astype(np.float32), v=(y / 255).astype(np.float32),
        normal=np.stack([0 * x + 0.6, 0 * x, 0 * x - 0.8], -1).astype(np.float32),
    )  # fmt: skip


def write(path: object, people: list[schema.Person]) -> str:
    """Write people as one TFRecord file and return its path."""
    with tf.io.TFRecordWriter(str(path)) as writer:
        for one in people:
            writer.write(schema.encode(one))
    return str(path)
