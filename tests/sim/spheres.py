"""Figures with known answers: charted spheres on one bone."""

import numpy as np
import trimesh

from simpose_tf.figures.figure import Figure, Material, Skeleton


def sphere_figure(name: str = "sphere", radius: float = 0.5, subdivisions: int = 5) -> Figure:
    """Return a sphere about (0, 1, 0): part 2 on its front half (z > 0), part 1 behind, u down from the top.

    All 17 keypoints lie at its centre.
    """
    mesh = trimesh.creation.icosphere(subdivisions=subdivisions, radius=radius)
    vertices = np.asarray(mesh.vertices) + np.array([0, 1, 0])
    faces = np.asarray(mesh.faces, np.int32)
    height = (vertices[:, 1] - 1) / radius
    uv = np.stack([0.5 - 0.5 * height, 0.5 - 0.5 * vertices[:, 0] / radius], -1)[faces]
    count = len(vertices)
    top_and_bottom = np.array([np.argmax(height), np.argmin(height)])
    return Figure(
        name=name,
        vertices=vertices.astype(np.float32),
        faces=faces,
        part=np.where(vertices[faces].mean(1)[:, 2] > 0, 2, 1).astype(np.uint8),
        uv=uv.astype(np.float32),
        material=np.zeros(len(faces), np.uint8),
        materials=(Material("skin", (0.5, 0.5, 0.5)),),
        skin_joints=np.zeros((count, 4), np.int32),
        skin_weights=np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1)),
        skeleton=Skeleton(("Hips",), np.array([-1]), np.zeros((1, 3)), np.ones((1, 3))),
        keypoint_vertices=np.tile(top_and_bottom, (17, 1)).astype(np.int32),
        keypoint_weights=np.full((17, 2), 0.5, np.float32),
        shade=np.ones((count, 3), np.float32),
    )
