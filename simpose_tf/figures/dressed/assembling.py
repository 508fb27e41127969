"""Join charted pieces to a figure: one mesh, four bones a vertex, keypoints that hang on the body's vertices."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simpose_tf.figures import makehuman
from simpose_tf.figures.dressed.patches import Patch
from simpose_tf.figures.figure import Figure, Material, Skeleton
from simpose_tf.figures.makehuman import BaseMesh


@dataclass(frozen=True)
class Piece:
    """A patch that is ready to be drawn: its material (an index) per face, and shading `[N, 3]`."""

    patch: Patch
    material: np.ndarray
    shade: np.ndarray


def piece_of(patch: Patch, material: int, shade: np.ndarray) -> Piece:
    """Return a patch in one material; `shade` is `[N]` or `[N, 3]`, or shorter: the rest (turned-in hems) is dark."""
    shade = np.tile(shade[:, None], 3) if shade.ndim == 1 else shade
    shade = np.concatenate([shade, np.full((len(patch.points) - len(shade), 3), 0.75)])
    return Piece(patch, np.full(len(patch.faces), material), shade)


def assemble(
    name: str, pieces: Sequence[Piece], materials: tuple[Material, ...], skeleton: Skeleton, base: BaseMesh, body: int
) -> Figure:
    """Join the pieces and put the lowest drawn point on y = 0.

    Args:
      name: of the figure.
      pieces: the skin first (its first `body` vertices are the body's), then the left and the right eye, then others.
      materials: what the pieces' indices mean.
      skeleton: of the rest pose.
      base: the base mesh, for its keypoints.
      body: how many vertices the body has.
    """
    starts = np.cumsum([0] + [len(p.patch.points) for p in pieces])
    vertices = np.concatenate([p.patch.points for p in pieces])
    faces = np.concatenate([p.patch.faces + start for p, start in zip(pieces, starts, strict=False)])
    lift = np.array([0, -vertices[faces.ravel(), 1].min(), 0])
    joints, weights = makehuman.heaviest_bones(np.concatenate([p.patch.skin for p in pieces]))
    keypoint_vertices, keypoint_weights = _keypoints(base, body, int(starts[1]))
    return Figure(
        name=name,
        vertices=(vertices + lift).astype(np.float32),
        faces=faces.astype(np.int32),
        part=np.concatenate([p.patch.part for p in pieces]).astype(np.uint8),
        uv=np.clip(np.concatenate([p.patch.uv for p in pieces]), 0, 1).astype(np.float32),
        material=np.concatenate([p.material for p in pieces]).astype(np.uint8),
        materials=materials,
        skin_joints=joints,
        skin_weights=weights,
        skeleton=replace(skeleton, heads=skeleton.heads + lift, tails=skeleton.tails + lift),
        keypoint_vertices=keypoint_vertices,
        keypoint_weights=keypoint_weights,
        shade=np.concatenate([p.shade for p in pieces]).astype(np.float32),
    )


def _keypoints(base: BaseMesh, num_body: int, first_eye: int) -> tuple[np.ndarray, np.ndarray]:
    """Return vertices and weights `[17, K]` of the COCO keypoints: the regressor's heaviest, on body and eyes."""
    eyes = np.unique(np.concatenate([base.groups["helper-l-eye"], base.groups["helper-r-eye"]]))
    drawn = np.concatenate([np.arange(num_body), first_eye + np.arange(len(eyes))])
    places, weights = makehuman.regressor_on(base, np.concatenate([np.arange(num_body), eyes]))
    return drawn[places].astype(np.int32), weights
