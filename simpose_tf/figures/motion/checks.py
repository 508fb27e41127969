"""What is wrong with a posed body, measured on its true mesh: limits, feet, balance, limbs inside the body."""

import functools
from dataclasses import dataclass

import igl
import numpy as np
from scipy.spatial import ConvexHull, cKDTree

from simpose_tf.figures import joints
from simpose_tf.figures.motion.reference_body import SIDES, Landmark, ReferenceBody
from simpose_tf.figures.pose import pose_bones, pose_points

# The bounds that every pose of the bank keeps on the reference body.
MAX_DEPTH = 0.02  # metres that a limb may be pressed into another part of the body (skin gives way)
MAX_GAP = 0.015  # metres between the ground and what shall touch it
MIN_MARGIN = 0.01  # metres from the centre of mass to the edge of what it rests on
_CONTACT = 0.02  # metres above the ground: what rests on it
_NEAR = 0.05  # metres from the rest of the body: where a limb may have entered it

# Limbs whose skin must stay outside the rest: their bones, and the neighbours that they join (never compared).
_LIMBS = (
    (("Hand",), ("ForeArm",)),
    (("ForeArm",), ("Arm", "Hand")),
    (("Leg",), ("UpLeg", "Foot", "ToeBase")),
    (("Foot", "ToeBase"), ("Leg",)),
)


@dataclass(frozen=True)
class Findings:
    """What was measured, in metres.

    Attributes:
      depth: the deepest that any vertex of a hand, forearm, lower leg or foot lies inside the rest of the body.
      gap: the farthest that a part which shall touch the ground is from it.
      margin: from the centre of mass to the edge of the support, negative outside; infinite where no balance is asked.
    """

    depth: float
    gap: float
    margin: float

    def good(self) -> bool:
        """Return whether all bounds are kept."""
        return self.depth <= MAX_DEPTH and self.gap <= MAX_GAP and self.margin >= MIN_MARGIN


def examine(body: ReferenceBody, angles: np.ndarray, ground: tuple[str, ...], balance: bool) -> Findings:
    """Measure a pose on the mesh of a body.

    Args:
      body: whose mesh.
      angles: `[J, 3]` degrees of all bones of `body.skeleton`.
      ground: landmarks that shall lie on the ground.
      balance: whether the centre of mass shall lie over what touches the ground.
    """
    vertices = posed(body, angles)
    margin = balance_margin(vertices, body.faces) if balance else np.inf
    return Findings(deepest(body, vertices), ground_gap(body, vertices, ground), margin)


def ground_gap(body: ReferenceBody, vertices: np.ndarray, ground: tuple[str, ...]) -> float:
    """Return the farthest in metres that the skin around a ground landmark is above the body's lowest point."""
    floor = vertices[:, 1].min()
    gaps = [vertices[region(body, body.landmarks[name])][:, 1].min() - floor for name in ground]
    return float(max(gaps, default=0.0))


def skin_at(body: ReferenceBody, angles: np.ndarray, ground: tuple[str, ...], low: str) -> dict[str, Landmark]:
    """Return where the skin of ground landmarks really is in a pose, and its lowest point (as `low`), carried rigidly.

    Skinning bends the skin about a joint, so that a landmark carried rigidly by one bone lies beside it.
    """
    bones = pose_bones(body.skeleton, joints.rotations_from_angles(body.skeleton, angles))
    vertices = pose_points(bones, body.vertices, body.skin_joints, body.skin_weights).astype(float)

    def rigid(bone: str, point: np.ndarray) -> Landmark:
        matrix = bones[body.skeleton.names.index(bone)]
        return Landmark(bone, matrix[:, :3].T @ (point - matrix[:, 3]))

    regions = {name: vertices[region(body, body.landmarks[name])] for name in ground}
    result = {n: rigid(body.landmarks[n].bone, points[points[:, 1].argmin()]) for n, points in regions.items()}
    lowest = int(vertices[:, 1].argmin())
    bone = body.skeleton.names[body.owner[lowest]]
    while bone not in body.chain.names:  # fingers
        bone = body.skeleton.names[body.skeleton.parents[body.skeleton.names.index(bone)]]
    return result | {low: rigid(bone, vertices[lowest])}


def posed(body: ReferenceBody, angles: np.ndarray) -> np.ndarray:
    """Return the posed mesh `[V, 3]` float64."""
    bones = pose_bones(body.skeleton, joints.rotations_from_angles(body.skeleton, angles))
    return pose_points(bones, body.vertices, body.skin_joints, body.skin_weights).astype(float)


def region(body: ReferenceBody, mark: Landmark) -> np.ndarray:
    """Return the vertices around a landmark in the rest pose, at least one."""
    away = np.linalg.norm(body.vertices - mark.point, axis=1)
    return np.nonzero(away <= max(mark.radius, away.min()))[0]


def balance_margin(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Return the distance in metres from the centre of mass to the edge of the hull of what touches the ground.

    The body has one density. Negative: it falls.
    """
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    volumes = np.einsum("fc,fc->f", a, np.cross(b, c))
    center = (volumes[:, None] * (a + b + c) / 4).sum(0) / volumes.sum()
    low = vertices[vertices[:, 1] < vertices[:, 1].min() + _CONTACT][:, [0, 2]]
    if len(low) < 3:
        return -np.inf
    return float(-(ConvexHull(low).equations @ np.array([center[0], center[2], 1.0])).max())


def limb_tables(body: ReferenceBody) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return, for each limb, its vertices, the faces of the rest of the body, and their vertices."""
    return _limb_tables(body.skeleton.names, body.owner.tobytes(), body.faces.tobytes())


@functools.lru_cache(maxsize=8)
def _limb_tables(names: tuple[str, ...], owners: bytes, triangles: bytes) -> list:
    owner, faces = np.frombuffer(owners, np.int64), np.frombuffer(triangles, np.int64).reshape(-1, 3)
    tables = []
    for side in SIDES:
        for own, near in _LIMBS:
            mine = np.isin(owner, [j for j, name in enumerate(names) if _belongs(name, side, own)])
            left_out = mine | np.isin(owner, [j for j, name in enumerate(names) if _belongs(name, side, near)])
            rest = faces[~left_out[faces].any(1)]
            tables.append((np.nonzero(mine)[0], rest, np.unique(rest)))
    return tables


def _belongs(name: str, side: str, bones: tuple[str, ...]) -> bool:
    bare = name.removeprefix(side) if name.startswith(side) else ""
    return bare in bones or ("Hand" in bones and bare.startswith("Hand"))


def deepest(body: ReferenceBody, vertices: np.ndarray) -> float:
    """Return how deep in metres hands, forearms, lower legs and feet lie inside the rest of a posed body, at most.

    Inside is where the generalised winding number of the rest is above one half (Jacobson 2013).
    """
    worst = 0.0
    for mine, faces, rest in limb_tables(body):
        away = cKDTree(vertices[rest]).query(vertices[mine], distance_upper_bound=_NEAR)[0]
        close = vertices[mine][np.isfinite(away)]
        if not len(close):
            continue
        inside = close[igl.fast_winding_number(vertices, faces, close) > 0.5]
        if len(inside):
            squared = igl.point_mesh_squared_distance(inside, vertices, faces)[0]
            worst = max(worst, float(np.sqrt(squared.max())))
    return worst
