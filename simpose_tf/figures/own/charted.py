"""Charts of a mesh of the user's, from a file; and the COCO keypoints that its charts imply."""

import functools
import os
import zipfile
from dataclasses import dataclass

import numpy as np

from simpose_tf import keypoints
from simpose_tf.charts import NUM_PARTS, PART_NAMES
from simpose_tf.errors import InputError
from simpose_tf.figures import makehuman
from simpose_tf.surface.lookup import closest
from simpose_tf.surface.places import Places, places_in_charts, plane_weights
from simpose_tf.surface.reference import open_reference

HOW_TO_CHART = "python -m simpose_tf.annotate_mesh --mesh=MESH --output=CHARTS.npz"
_POINTS = 64  # places of the surface that a keypoint is carried over by
_SOFTNESS = 1e-5  # square metres; how gently the carried weights are corrected (a millimetre is left at most)


@dataclass(frozen=True)
class Charts:
    """Charts of a mesh, in the order of its faces.

    Attributes:
      part: `[F]` uint8, 1..24.
      uv: `[F, 3, 2]` float32 in [0, 1].
      faces: `[F, 3]` int32 the faces that were charted, or None.
      keypoint_vertices: `[17, K]` int32 and
      keypoint_weights: `[17, K]` float32: keypoints as weighted sums of vertices, or None.
      texture_uv: `[F, 3, 2]` float32 coordinates in the user's textures (v down, as in `Figure`), or None.
    """

    part: np.ndarray
    uv: np.ndarray
    faces: np.ndarray | None = None
    keypoint_vertices: np.ndarray | None = None
    keypoint_weights: np.ndarray | None = None
    texture_uv: np.ndarray | None = None


def read_charts(path: str | os.PathLike, num_faces: int, num_vertices: int) -> Charts:
    """Read charts from an .npz: `part` and `uv`, and maybe the other fields of `Charts`.

    Raises InputError if it is no such file, or was made for a mesh with another number of faces or vertices.
    """
    stored = _arrays(path)
    for key, shape in (("part", (num_faces,)), ("uv", (num_faces, 3, 2)), ("texture_uv", (num_faces, 3, 2))):
        if key in stored and stored[key].shape != shape:
            found = f"{key} is {list(stored[key].shape)}, the mesh has {num_faces} faces"
            raise InputError(f"{path}: charts of another mesh: {found}; chart it anew: {HOW_TO_CHART}")
    part, uv = stored["part"], stored["uv"].astype(np.float32)
    if part.dtype.kind not in "iu" or part.min() < 1 or part.max() > NUM_PARTS:
        raise InputError(f"{path}: part must be whole numbers in 1..{NUM_PARTS}")
    if not np.isfinite(uv).all() or uv.min() < -1e-4 or uv.max() > 1 + 1e-4:
        raise InputError(f"{path}: uv must lie in [0, 1]")
    vertices = stored.get("keypoint_vertices")
    _check_keypoints(path, stored, num_vertices)
    return Charts(
        part=part.astype(np.uint8),
        uv=np.clip(uv, 0, 1),
        faces=stored.get("faces"),
        keypoint_vertices=None if vertices is None else vertices.astype(np.int32),
        keypoint_weights=None if vertices is None else stored["keypoint_weights"].astype(np.float32),
        texture_uv=stored["texture_uv"].astype(np.float32) if "texture_uv" in stored else None,
    )


def _arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Return the arrays of a charts file that we know."""
    known = ("part", "uv", "faces", "keypoint_vertices", "keypoint_weights", "texture_uv")
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in known if key in stored}
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: no charts (.npz with part and uv): {error}") from error
    for key in ("part", "uv"):
        if key not in arrays:
            raise InputError(f"{path}: no charts: {key!r} is missing")
    return arrays


def _check_keypoints(path: str | os.PathLike, stored: dict[str, np.ndarray], count: int) -> None:
    """Raise InputError if a file's keypoints are half there or point beyond the mesh."""
    found = [stored[key] for key in ("keypoint_vertices", "keypoint_weights") if key in stored]
    if not found:
        return
    shape = found[0].shape
    if len(found) != 2 or found[1].shape != shape or len(shape) != 2 or shape[0] != keypoints.NUM_KEYPOINTS:
        raise InputError(f"{path}: keypoint_vertices and keypoint_weights must both be [17, K]")
    if found[0].dtype.kind not in "iu" or found[0].min() < 0 or found[0].max() >= count:
        raise InputError(f"{path}: keypoint_vertices do not fit the mesh's {count} vertices")


@dataclass(frozen=True)
class Surface:
    """A charted surface to look places up in.

    Attributes:
      faces: `[F, 3]`.
      part: `[F]` 1..24.
      uv: `[F, 3, 2]`.
      place: the file, for errors.
      depth: `[V]` how far out vertices lie (from their bones): where layers of cloth or hair have the same charts, the
        innermost is meant; None for a surface of one layer.
    """

    faces: np.ndarray
    part: np.ndarray
    uv: np.ndarray
    place: str
    depth: np.ndarray | None = None


def keypoints_of(
    charts: Charts, faces: np.ndarray, place: str, depth: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return keypoint vertices `[17, K]` int32 and weights `[17, K]` float32: the file's own, or carried over.

    Args:
      charts: of the mesh.
      faces: `[F, 3]` of the mesh.
      place: the file, for errors.
      depth: see `Surface`.
    """
    if charts.keypoint_vertices is not None and charts.keypoint_weights is not None:
        return charts.keypoint_vertices, charts.keypoint_weights
    return keypoints_from_charts(Surface(faces, charts.part, charts.uv, place, depth))


def keypoints_from_charts(surface: Surface) -> tuple[np.ndarray, np.ndarray]:
    """Carry the open body's COCO keypoints over to any mesh with the open charts.

    A keypoint of the open body is a weighted sum of places on its surface; the places with the same (part, u, v) on
    the mesh give the mesh's keypoint. # not in the paper: it does not say where its keypoints come from.

    Returns:
      `[17, 3 N]` int32 vertices and `[17, 3 N]` float32 weights, N = 64.

    Raises:
      InputError: the mesh has no face in a part that a keypoint needs.
    """
    parts, uvs, weights = _reference_places()
    corner, share = places_of_iuv(surface, parts.ravel(), uvs.reshape(-1, 2))
    total = weights.ravel()[:, None] * share
    shape = (keypoints.NUM_KEYPOINTS, -1)
    return corner.reshape(shape).astype(np.int32), total.reshape(shape).astype(np.float32)


def places_of_iuv(surface: Surface, parts: np.ndarray, uvs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the three vertices `[N, 3]` and weights `[N, 3]` of the places nearest to (part, u, v) in the charts.

    Args:
      surface: where to look.
      parts: `[N]` parts to look up.
      uvs: `[N, 2]` places in them.

    Raises:
      InputError: a part has no faces.
    """
    missing = np.setdiff1d(parts, surface.part)
    if len(missing):
        named = f"part {missing[0]} ({PART_NAMES[missing[0]]})"
        raise InputError(f"{surface.place}: keypoints need faces of {named}; the charts have none")
    found = places_in_charts(surface.part, surface.uv, parts, uvs)
    if surface.depth is not None:
        found = _innermost(surface, parts, uvs, found)
    return surface.faces[found.face], found.weights


def _innermost(surface: Surface, parts: np.ndarray, uvs: np.ndarray, nearest: Places) -> Places:
    """Return for each (part, u, v) the place in a triangle around it that lies deepest; `nearest` if there is none.

    Args:
      surface: with the depth of its vertices.
      parts: `[N]`.
      uvs: `[N, 2]`.
      nearest: what to take where no triangle holds (u, v).
    """
    assert surface.depth is not None
    face, weights = nearest.face.copy(), nearest.weights.copy()
    charts = {part: np.flatnonzero(surface.part == part) for part in np.unique(parts)}
    low, high = surface.uv.min(1), surface.uv.max(1)
    for row, (part, uv) in enumerate(zip(parts, uvs, strict=True)):
        chart = charts[part]
        near = chart[((low[chart] <= uv) & (uv <= high[chart])).all(1)]
        shares = plane_weights(np.broadcast_to(uv.astype(float), (len(near), 2)), surface.uv[near].astype(float))
        inside = (shares >= -1e-9).all(1)  # a triangle without area has no shares that are numbers
        if inside.any():
            levels = np.where(inside, (shares * surface.depth[surface.faces[near]]).sum(1), np.inf)
            face[row], weights[row] = near[levels.argmin()], np.maximum(shares[levels.argmin()], 0)
    return Places(face, weights)


@dataclass(frozen=True)
class KeypointPlaces:
    """The COCO keypoints as weighted sums of places on the open body's surface.

    Attributes:
      face: `[17, N]` faces of the open reference.
      share: `[17, N, 3]` barycentric coordinates in them.
      weights: `[17, N]`, sum 1.
    """

    face: np.ndarray
    share: np.ndarray
    weights: np.ndarray


@functools.cache
def keypoint_places() -> KeypointPlaces:
    """Return where the keypoints lie on the open body.

    They are the regressor's heaviest vertices (those of eyes and other inner parts by the nearest place of the body),
    their weights then changed as little as possible so that they give the keypoints themselves.
    """
    base, reference = makehuman.load_base(), open_reference()
    heaviest = np.argsort(-base.keypoint_regressor, axis=1, kind="stable")[:, :_POINTS]
    face, share = closest(base.vertices[heaviest.ravel()], base.vertices, reference.faces)
    places = np.einsum("nc,nck->nk", share, base.vertices[reference.faces[face]]).reshape(*heaviest.shape, 3)
    weights = np.take_along_axis(base.keypoint_regressor, heaviest, 1).astype(float)
    weights /= weights.sum(1, keepdims=True)
    truth = base.keypoint_regressor @ base.vertices
    weights = np.stack([corrected(w, p, k) for w, p, k in zip(weights, places, truth, strict=True)])
    return KeypointPlaces(face.reshape(heaviest.shape), share.reshape(*heaviest.shape, 3), weights)


def _reference_places() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return part `[17, N]`, uv `[17, N, 2]` and weights `[17, N]` of the keypoints on the open body."""
    places, reference = keypoint_places(), open_reference()
    uv = np.einsum("knc,kncd->knd", places.share, reference.uv[places.face])
    return reference.part[places.face], uv, places.weights


def corrected(weights: np.ndarray, places: np.ndarray, keypoint: np.ndarray) -> np.ndarray:
    """Return weights `[N]` of places `[N, 3]`, changed as little as needed to give `keypoint` `[3]`; sum 1."""
    centered = places - places.mean(0)
    gram = centered.T @ centered
    change = centered @ np.linalg.solve(gram + _SOFTNESS * np.eye(3), keypoint - weights @ places)
    return weights + change
