"""Bodies whose every vertex is known, by the project's own shapes and poses, as meshes to fit to."""

import functools

import numpy as np

from simpose_tf.figures import joints, makehuman, pose
from simpose_tf.figures.figure import Skeleton
from simpose_tf.figures.makehuman import Shape
from simpose_tf.surface.reference import open_reference
from simpose_tf.surface.target import Rig, Target

Angles = dict[str, tuple[float, float, float]]
T_POSE: Angles = {f"{s}{b}": (0, 90 if b == "Arm" else 0, 0) for s in ("Left", "Right") for b in ("Arm", "ForeArm")}
KNEE_UP: Angles = {
    "LeftArm": (0, 8, 0),
    "RightArm": (0, 8, 0),
    "LeftForeArm": (10, 0, 0),
    "RightForeArm": (10, 0, 0),
    "LeftUpLeg": (80, 0, 0),
    "LeftLeg": (85, 0, 0),
}


def rotations(skeleton: Skeleton, angles: Angles) -> np.ndarray:
    """Rest pose but for some joints."""
    table = joints.angles_from_rotations(skeleton, np.tile(np.eye(3), (len(skeleton.names), 1, 1)))
    for name, values in angles.items():
        table[skeleton.names.index(name)] = values
    return joints.rotations_from_angles(skeleton, table)


@functools.cache
def _skin() -> tuple[np.ndarray, np.ndarray]:
    return makehuman.heaviest_bones(makehuman.load_base().skin[: len(open_reference().vertices)], 8)


def body(shape: Shape, angles: Angles) -> tuple[np.ndarray, Rig]:
    """Vertices `[N, 3]` of a body, of which vertex i is the reference's, and its rig in that pose."""
    base = makehuman.load_base()
    rest = makehuman.shape_vertices(base, shape)
    skeleton = makehuman.skeleton_of(base, rest)
    maps = pose.pose_bones(skeleton, rotations(skeleton, angles))
    ends = [np.einsum("jab,jb->ja", maps[:, :, :3], e) + maps[:, :, 3] for e in (skeleton.heads, skeleton.tails)]
    vertices = pose.pose_points(maps, rest[: len(open_reference().vertices)], *_skin()).astype(float)
    return vertices, Rig(skeleton.names, skeleton.parents, ends[0], ends[1], *_skin())


def target(vertices: np.ndarray, faces: np.ndarray, rig: Rig | None = None) -> Target:
    """A sound mesh as a target, of which the file holds just the same."""
    faces = np.asarray(faces, np.int32)
    corner = np.arange(faces.size).reshape(-1, 3)
    vertices, number = np.asarray(vertices, float), np.arange(len(vertices), dtype=np.int32)
    return Target(vertices, faces, corner, faces, vertices, number, {}, rig, (), "person.obj")


def errors_mm(fit, vertices: np.ndarray) -> np.ndarray:
    """How far each vertex of the fitted body is from where it should be, `[N]` millimetres."""
    return 1000 * np.linalg.norm(fit.body - (fit.scale * vertices @ fit.turn.T + fit.shift), axis=1)
