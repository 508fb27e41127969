"""The open body as a plain figure: two materials, a texture, its true keypoints; needs nothing of the catalogue."""

import functools

import numpy as np

from simpose_tf.figures import makehuman
from simpose_tf.figures.figure import Figure, Material
from simpose_tf.figures.own.glb_mesh import heaviest
from simpose_tf.surface.reference import open_reference


@functools.cache
def open_body(name: str = "plain") -> Figure:
    """The neutral body; its texture is a grid of numbered colours over (part, u, v), so that mirrors and flips show."""
    base, reference = makehuman.load_base(), open_reference()
    vertices = makehuman.shape_vertices(base, makehuman.Shape())
    joints, weights = heaviest(base.skin)
    keypoint_vertices, keypoint_weights = makehuman.regressor_on(base, np.arange(len(vertices)), 800)
    return Figure(
        name=name,
        vertices=vertices.astype(np.float32),
        faces=reference.faces,
        part=reference.part,
        uv=reference.uv,
        material=(reference.part >= 23).astype(np.uint8),
        materials=(
            Material("body", (1.0, 1.0, 1.0), 0.8, texture=0),
            Material("head", (0.8, 0.6, 0.5), 0.7, metallic=0.1, texture=1, cutout=True),
        ),
        skin_joints=joints,
        skin_weights=weights,
        skeleton=makehuman.skeleton_of(base, vertices),
        keypoint_vertices=keypoint_vertices,
        keypoint_weights=keypoint_weights,
        shade=(0.6 + 0.4 * np.sin(5 * vertices) ** 2).astype(np.float32),
        textures=np.stack([grid_texture(), grid_texture()[::-1]]),
        texture_uv=atlas_uv(reference.part, reference.uv),
    )


def atlas_uv(part: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Texture coordinates `[F, 3, 2]` that give each of the 24 charts a cell of a 5 x 5 atlas."""
    cell = np.stack([(part - 1) % 5, (part - 1) // 5], -1)[:, None]
    return ((cell + 0.02 + 0.96 * uv) / 5).astype(np.float32)


def grid_texture(side: int = 256) -> np.ndarray:
    """`[S, S, 4]` uint8: u in red, v in green, a dark first row and column in each cell."""
    x, y = np.meshgrid((np.arange(side) + 0.5) / side * 5 % 1, (np.arange(side) + 0.5) / side * 5 % 1)
    blue = np.where((x < 0.08) | (y < 0.08), 0, 128)
    return np.stack([255 * x, 255 * y, blue, np.full_like(x, 255)], -1).astype(np.uint8)
