"""People whose charts are known, as meshes without any, and how far Algorithm 1 is off on them."""

from dataclasses import dataclass, replace

import igl
import numpy as np

from simpose_tf.figures import joints, makehuman
from simpose_tf.figures.pose import pose_bones, pose_points, vertex_normals
from simpose_tf.surface.lookup import closest
from simpose_tf.surface.reference import Reference, open_reference

# Vertices of the base mesh; left ones first.
LANDMARKS = {
    "left nipple": 8459, "right nipple": 1787, "navel": 4121, "nose": 5054, "left ear": 12330, "right ear": 5733,
    "left knee": 11242, "right knee": 4624, "left elbow": 10042, "right elbow": 3374,
}  # fmt: skip
ARMS_DOWN_KNEE_UP = {
    "LeftArm": (8, 12, 0), "RightArm": (4, 10, 0), "LeftUpLeg": (85, 6, 0), "LeftLeg": (90, 0, 0),
    "LeftForeArm": (12, 0, 0), "RightForeArm": (15, 0, 0),
}  # fmt: skip


@dataclass(frozen=True)
class Known:
    """A mesh with its true charts: `vertices` `[V, 3]`, `faces` `[F, 3]`, `part` `[F]`, `uv` `[F, 2]` of middles."""

    vertices: np.ndarray
    faces: np.ndarray
    part: np.ndarray
    uv: np.ndarray


def itself() -> Known:
    reference = open_reference()
    return Known(reference.vertices.astype(float), reference.faces, reference.part, reference.uv.mean(1))


def of_shape(shape: makehuman.Shape) -> Known:
    vertices = makehuman.shape_vertices(makehuman.load_base(), shape)
    return replace(itself(), vertices=vertices[: len(open_reference().vertices)])


def posed(angles: dict[str, tuple[float, float, float]], shape: makehuman.Shape | None = None) -> Known:
    """The body with joint angles in degrees (`figures.joints`); bones that are not named keep their rest rotation."""
    base = makehuman.load_base()
    vertices = makehuman.shape_vertices(base, shape or makehuman.Shape())
    skeleton = makehuman.skeleton_of(base, vertices)
    rest = joints.angles_from_rotations(skeleton, np.tile(np.eye(3), (len(skeleton.names), 1, 1)))
    for name, angle in angles.items():
        rest[skeleton.names.index(name)] = angle
    bones = pose_bones(skeleton, joints.rotations_from_angles(skeleton, rest))
    moved = pose_points(bones, vertices, *makehuman.heaviest_bones(base.skin))
    return replace(itself(), vertices=moved[: len(open_reference().vertices)].astype(float))


def noisy(known: Known, metres: float, rng: np.random.Generator) -> Known:
    return replace(known, vertices=known.vertices + rng.normal(0, metres, known.vertices.shape))


def decimated(known: Known, num_faces: int) -> Known:
    """Fewer faces (quadric error); their charts are those of the nearest places of the whole mesh."""
    vertices, faces, _, _ = igl.qslim(known.vertices, known.faces.astype(np.int64), num_faces)
    return _with_charts(known, vertices, faces)


def remeshed(known: Known) -> Known:
    """Another triangulation with about as many faces: every face cut in four, then decimated."""
    vertices, faces = igl.upsample(known.vertices, known.faces.astype(np.int64))
    vertices, faces, _, _ = igl.qslim(vertices, faces, len(known.faces))
    return _with_charts(known, vertices, faces)


def _with_charts(known: Known, vertices: np.ndarray, faces: np.ndarray) -> Known:
    """Charts of a retriangulated reference: those of the places nearest to the middles of the new faces."""
    reference = open_reference()
    face, weights = closest(vertices[faces].mean(1), known.vertices, known.faces)
    return Known(vertices, faces, known.part[face], np.einsum("nc,nck->nk", weights, reference.uv[face]))


def dressed(known: Known, parts: tuple[int, ...], metres: float) -> Known:
    """A second layer over some parts, that far outside, open at its hems; the layer's charts are the skin's."""
    worn = np.isin(known.part, parts)
    shell = known.vertices + metres * vertex_normals(known.vertices, known.faces)
    used, faces = np.unique(known.faces[worn], return_inverse=True)
    return Known(
        np.concatenate([known.vertices, shell[used]]),
        np.concatenate([known.faces, faces.reshape(-1, 3) + len(known.vertices)]),
        np.concatenate([known.part, known.part[worn]]),
        np.concatenate([known.uv, known.uv[worn]]),
    )


@dataclass(frozen=True)
class Errors:
    """Distances in uv at the middles of faces with the right part, by chart; the share of area with the right part."""

    mean: np.ndarray
    worst_5_percent: np.ndarray
    right_part: float


def errors(known: Known, part: np.ndarray, uv: np.ndarray) -> Errors:
    """Compare charts `[F]`, `[F, 3, 2]` with the true ones; `[24]` mean and 95th percentile of each chart."""
    area = igl.doublearea(known.vertices, known.faces.astype(np.int64))
    off = np.linalg.norm(uv.mean(1) - known.uv, axis=-1)
    mean, high = np.full(24, np.nan), np.full(24, np.nan)
    for chart in np.unique(known.part):
        same = (known.part == chart) & (part == chart)
        mean[chart - 1], high[chart - 1] = off[same].mean(), np.percentile(off[same], 95)
    return Errors(mean, high, float(area[part == known.part].sum() / area.sum()))


def landmark_errors(known: Known, part: np.ndarray, uv: np.ndarray) -> dict[str, float]:
    """Metres on the reference between each landmark and where its (part, u, v) on the mesh lies there."""
    reference = open_reference()
    result = {}
    for name, vertex in LANDMARKS.items():
        face, corner = (k[0] for k in np.nonzero(known.faces == vertex))
        there = place_on(reference, int(part[face]), uv[face, corner])
        result[name] = float(np.linalg.norm(there - reference.vertices[vertex]))
    return result


def place_on(reference: Reference, part: int, uv: np.ndarray) -> np.ndarray:
    """The point `[3]` of one (part, u, v): the nearest place in the chart, in the plane of u and v."""
    inside = np.flatnonzero(reference.part == part)
    flat = np.pad(reference.uv[inside].astype(float), ((0, 0), (0, 0), (0, 1))).reshape(-1, 3)
    face, weights = closest(np.pad(uv.astype(float), (0, 1))[None], flat, np.arange(len(flat)).reshape(-1, 3))
    return weights[0] @ reference.vertices[reference.faces[inside[face[0]]]]
