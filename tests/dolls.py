"""Paper dolls: people made of cylinders whose labels are known in closed form, for tests and drawings."""

import numpy as np

from simpose_tf import keypoints
from simpose_tf.data import schema

# The doll faces us: its left is at the picture's right. Units of the doll's height, x from its middle.
JOINTS = {
    "nose": (0.0, 0.085), "left_eye": (0.02, 0.07), "right_eye": (-0.02, 0.07), "left_ear": (0.05, 0.08),
    "right_ear": (-0.05, 0.08), "left_shoulder": (0.1, 0.2), "right_shoulder": (-0.1, 0.2),
    "left_elbow": (0.19, 0.33), "right_elbow": (-0.17, 0.34), "left_wrist": (0.26, 0.44),
    "right_wrist": (-0.13, 0.46), "left_hip": (0.06, 0.5), "right_hip": (-0.06, 0.5),
    "left_knee": (0.09, 0.71), "right_knee": (-0.08, 0.72), "left_ankle": (0.11, 0.92),
    "right_ankle": (-0.09, 0.93),
}  # fmt: skip

# Part, end a, end b, radius; later ones are drawn over earlier ones. u grows from a to b, v across.
LIMBS = (
    (10, "left_hip", "left_knee", 0.055), (9, "right_hip", "right_knee", 0.055),
    (14, "left_knee", "left_ankle", 0.042), (13, "right_knee", "right_ankle", 0.042),
    (5, "left_ankle", (0.13, 0.97), 0.03), (6, "right_ankle", (-0.11, 0.97), 0.03),
    (2, (0.0, 0.19), (0.0, 0.5), 0.11), (15, "left_shoulder", "left_elbow", 0.035),
    (16, "right_shoulder", "right_elbow", 0.035), (21, "left_elbow", "left_wrist", 0.028),
    (22, "right_elbow", "right_wrist", 0.028), (4, "left_wrist", (0.29, 0.5), 0.022),
    (3, "right_wrist", (-0.11, 0.52), 0.022), (24, (0.027, 0.03), (0.027, 0.13), 0.033),
    (23, (-0.027, 0.03), (-0.027, 0.13), 0.033),
)  # fmt: skip


def _limb(a: np.ndarray, b: np.ndarray, radius: float, height: int, width: int) -> tuple[np.ndarray, ...]:
    """Return where a cylinder with round ends lies, its u, v, and its normals, on every pixel."""
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    axis = (b - a) / np.linalg.norm(b - a)
    along = (x - a[0]) * axis[0] + (y - a[1]) * axis[1]
    u = np.clip(along / np.linalg.norm(b - a), 0, 1)
    nearest = a + u[..., None] * (b - a)
    off = np.stack([x, y], -1) - nearest
    distance = np.linalg.norm(off, axis=-1) / radius
    v = np.clip((off @ np.array([-axis[1], axis[0]])) / radius * 0.5 + 0.5, 0, 1)
    normal = np.concatenate([off / radius, -np.sqrt(np.clip(1 - distance**2, 0, 1))[..., None]], -1)
    return distance < 1, u, v, normal


def doll(height: int = 240, width: int = 200, tall: float = 180.0, shift: float = 0.0) -> schema.Person:
    """Return a simulated record of a doll `tall` pixels high, `shift` right of its picture's middle."""
    part = np.zeros((height, width), np.uint8)
    u, v = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    normal = np.zeros((height, width, 3), np.float32)
    origin = np.array([width / 2 + shift, (height - tall) / 2])

    def place(joint: str | tuple[float, float]) -> np.ndarray:
        return origin + tall * np.array(JOINTS[joint] if isinstance(joint, str) else joint)

    for p, a, b, radius in LIMBS:
        inside, lu, lv, ln = _limb(place(a), place(b), radius * tall, height, width)
        part[inside], u[inside], v[inside], normal[inside] = p, lu[inside], lv[inside], ln[inside]
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-6)
    rows, columns = np.nonzero(part)
    visibility = np.full(17, 2)
    visibility[keypoints.NAMES.index("right_ear")] = 1
    visibility[keypoints.NAMES.index("left_ear")] = 0
    return schema.Person(
        domain=schema.SIM,
        source="doll",
        image_id=7,
        person_id=1,
        figure_id="doll",
        image_size=(height, width),
        window=np.array([0, 0, 1.0]),
        image=_shade(part, normal),
        box_yxyx=np.array([rows.min(), columns.min(), rows.max() + 1, columns.max() + 1], np.float32),
        keypoints_xy=np.array([place(name) for name in keypoints.NAMES], np.float32),
        visibility=visibility,
        mask=part > 0,
        generator="dolls 1",
        part=part,
        u=u,
        v=v,
        normal=normal,
    )


def _shade(part: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Return a picture: the doll in skin and cloth colours, lit from the upper left, on a chequered wall."""
    rows, columns = np.indices(part.shape)
    wall = np.where((rows // 20 + columns // 20) % 2, 120, 150)[..., None] * np.array([0.8, 0.95, 1.0])
    cloth = np.where(np.isin(part, [2, 15, 16])[..., None], [200, 60, 60], [60, 80, 140])
    color = np.where(np.isin(part, [3, 4, 21, 22, 23, 24])[..., None], [225, 180, 150], cloth)
    light = np.clip(normal @ np.array([-0.5, -0.5, -0.7]), 0.2, 1)[..., None]
    return np.where(part[..., None] > 0, color * light, wall).astype(np.uint8)


def photographed(person: schema.Person) -> schema.Person:
    """Return the doll as a photograph would be labelled: keypoints and mask, nothing dense."""
    kept = {name: getattr(person, name) for name in (
        "source", "image_id", "person_id", "image_size", "window", "image", "box_yxyx", "keypoints_xy",
        "visibility", "mask", "generator",
    )}  # fmt: skip
    return schema.Person(domain=schema.REAL, **kept)
