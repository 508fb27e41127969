"""Posing: rotations of the bones -> vertices, keypoints and normals.

`rotations[j]` acts in the figure's rest frame about the bone's head:
`G_j = G_parent(j) T(head_j) R_j T(-head_j)`; at rest every rotation is the identity.
"""

import numpy as np
from scipy import sparse

from simpose_tf.errors import InputError
from simpose_tf.figures.figure import Figure, Skeleton


def pose_bones(skeleton: Skeleton, rotations: np.ndarray) -> np.ndarray:
    """Return `G` `[J, 3, 4]` float64: the affine map of each bone from the rest pose to the posed figure.

    Raises InputError if `rotations` is not `[J, 3, 3]` and finite.
    """
    rotations = np.asarray(rotations, float)
    if rotations.shape != (len(skeleton.names), 3, 3) or not np.isfinite(rotations).all():
        raise InputError(f"pose: want finite rotations [{len(skeleton.names)}, 3, 3], got {rotations.shape}")
    result = np.empty((len(skeleton.names), 3, 4))
    for j, parent in enumerate(skeleton.parents):
        head = skeleton.heads[j]
        local = np.column_stack([rotations[j], head - rotations[j] @ head])
        if parent >= 0:
            above = result[parent]
            local = np.column_stack([above[:, :3] @ local[:, :3], above[:, :3] @ local[:, 3] + above[:, 3]])
        result[j] = local
    return result


def pose_points(bones: np.ndarray, points: np.ndarray, skin_joints: np.ndarray, skin_weights: np.ndarray) -> np.ndarray:
    """Return points `[V, 3]` float32 under linear blend skinning: moved by the weighted mean of their bones.

    Args:
      bones: `[J, 3, 4]` affine maps (`pose_bones`).
      points: `[V, 3]` rest positions.
      skin_joints: `[V, K]` bones.
      skin_weights: `[V, K]` weights, rows sum to 1.
    """
    count, width = skin_joints.shape
    rows = np.arange(0, count * width + 1, width)
    table = (skin_weights.astype(np.float32).ravel(), skin_joints.ravel(), rows)
    weights = sparse.csr_matrix(table, (count, len(bones)))
    maps = (weights @ bones.reshape(-1, 12).astype(np.float32)).reshape(-1, 3, 4)
    return np.einsum("vij,vj->vi", maps[:, :, :3], points.astype(np.float32)) + maps[:, :, 3]


def pose_vertices(figure: Figure, rotations: np.ndarray) -> np.ndarray:
    """Return posed vertices `[V, 3]` float32 of a figure, metres, figure frame; the hips stay in place.

    Args:
      figure: the person.
      rotations: `[J, 3, 3]` bone rotations in the rest frame.
    """
    bones = pose_bones(figure.skeleton, rotations)
    vertices = figure.vertices
    if figure.pose_offsets is not None:
        vertices = vertices + pose_offset(figure.skeleton, figure.pose_offsets, rotations)
    return pose_points(bones, vertices, figure.skin_joints, figure.skin_weights)


def pose_offset(skeleton: Skeleton, pose_offsets: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """Return how far a pose moves the rest vertices before skinning, `[V, 3]` float32 (SMPL, Loper et al. 2015, Eq. 9).

    Args:
      skeleton: J bones.
      pose_offsets: `[V, 3, 9 (J - 1)]`, linear in the rotations' difference from the identity, bones without the root.
      rotations: `[J, 3, 3]`.
    """
    difference = np.asarray(rotations)[skeleton.parents >= 0] - np.eye(3)
    return pose_offsets @ difference.ravel().astype(np.float32)


def ground(vertices: np.ndarray, faces: np.ndarray | None = None) -> np.ndarray:
    """Return vertices `[V, 3]` moved along y so that the lowest (of those that `faces` use) lies on y = 0."""
    lowest = vertices[:, 1].min() if faces is None else vertices[faces.ravel(), 1].min()
    return vertices - np.array([0, lowest, 0], vertices.dtype)


def keypoints_3d(figure: Figure, vertices: np.ndarray) -> np.ndarray:
    """Return the 17 COCO keypoints `[17, 3]` of posed vertices `[V, 3]`."""
    return np.einsum("kn,knc->kc", figure.keypoint_weights, vertices[figure.keypoint_vertices])


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return smooth unit normals `[V, 3]` float32, area weighted; vertices without a face get (0, 1, 0).

    Vertices at the same place must be one vertex, or a seam shows.
    """
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    areas = np.cross(b - a, c - a).astype(np.float32)
    rows = np.arange(0, 3 * len(faces) + 1, 3)
    incidence = sparse.csr_matrix(
        (np.ones(3 * len(faces), np.float32), faces.ravel(), rows), (len(faces), len(vertices))
    )
    total = incidence.T @ areas
    length = np.linalg.norm(total, axis=1, keepdims=True)
    up = np.array([0, 1, 0], np.float32)
    return np.where(length > 0, total / np.where(length > 0, length, 1), up).astype(np.float32)


# What arms keep clear of: bone, and the radius of the capsule around it in shares of the hip-to-neck length.
_CAPSULES: tuple[tuple[str, float], ...] = (
    ("Hips", 0.27),
    ("Spine", 0.26),
    ("Spine1", 0.26),
    ("Spine2", 0.24),
    ("Head", 0.18),
)
_CAPSULES += (("LeftUpLeg", 0.11), ("RightUpLeg", 0.11))  # hands may rest on thighs


def arm_clearance(skeleton: Skeleton, rotations: np.ndarray) -> float:
    """Return the least distance in metres from hands and the forearms' far halves to trunk, thighs and head.

    Negative: an arm is inside the body. The body is a set of capsules about the bones; infinite for a skeleton without
    arms or trunk.
    """
    bones, index = pose_bones(skeleton, rotations), {n: j for j, n in enumerate(skeleton.names)}

    def ends(name: str) -> tuple[np.ndarray, np.ndarray]:
        matrix = bones[index[name]]
        points = skeleton.heads[index[name]], skeleton.tails[index[name]]
        return matrix[:, :3] @ points[0] + matrix[:, 3], matrix[:, :3] @ points[1] + matrix[:, 3]

    pieces = [("ForeArm", (0.5, 0.75, 1)), ("Hand", (0.5, 1, 1.6))]
    arms = [(f"{side}{bone}", shares) for side in ("Left", "Right") for bone, shares in pieces]
    probes = [a + t * (b - a) for name, shares in arms if name in index for a, b in [ends(name)] for t in shares]
    body = [(name, radius) for name, radius in _CAPSULES if name in index]
    if not probes or not {"Hips", "Neck"} <= set(index):
        return float("inf")
    size = np.linalg.norm(skeleton.heads[index["Neck"]] - skeleton.heads[index["Hips"]])
    return min(
        float((_distance_to_segment(np.array(probes), *ends(name)) - radius * size).min()) for name, radius in body
    )


def _distance_to_segment(points: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return distances `[N]` of points `[N, 3]` to the segment from `a` to `b`."""
    along = np.clip((points - a) @ (b - a) / max(float((b - a) @ (b - a)), 1e-12), 0, 1)
    return np.linalg.norm(points - a - along[:, None] * (b - a), axis=1)
