"""What `annotate_mesh` writes and reads again: charts of a mesh of the user's, and what they came from."""

import hashlib
import os
import zipfile
from dataclasses import dataclass

import numpy as np

from simpose_tf.errors import InputError
from simpose_tf.figures.fitting.fit import BodyFit
from simpose_tf.figures.own.charted import corrected, keypoint_places
from simpose_tf.files import atomic_path
from simpose_tf.surface.carry import Charting
from simpose_tf.surface.lookup import barycentric, closest
from simpose_tf.surface.reference import Reference, open_reference
from simpose_tf.surface.target import Target


@dataclass(frozen=True)
class Annotation:
    """Charts of a mesh and how they came about.

    Attributes:
      target: the mesh.
      fit: the open body on it.
      charting: the charts.
      proposal: the charts as they were before a person corrected the parts.
      reference: the reference surface whose charts they are.
    """

    target: Target
    fit: BodyFit
    charting: Charting
    proposal: Charting
    reference: Reference


@dataclass(frozen=True)
class FileCharts:
    """Charts of all triangles of a file, in its order.

    Attributes:
      part: `[G]` uint8.
      uv: `[G, 3, 2]` float32.
      layer: `[G]` bool.
      folds: `[G]` bool.
      source: `[G]` int64 the face of the sound mesh that each comes from.
    """

    part: np.ndarray
    uv: np.ndarray
    layer: np.ndarray
    folds: np.ndarray
    source: np.ndarray


def file_charts(target: Target, charting: Charting) -> FileCharts:
    """Return the charts of the file's triangles; those that were left out have the nearest face's."""
    count = len(target.file_faces)
    source = np.full(count, -1)
    source[target.corner[:, 0] // 3] = np.arange(len(target.faces))
    uv = np.zeros((3 * count, 2), np.float32)
    uv[target.corner.ravel()] = charting.uv.reshape(-1, 2)
    uv = uv.reshape(count, 3, 2)
    left = np.flatnonzero(source < 0)
    if len(left):
        corners = target.file_vertices[target.file_faces[left]]
        source[left], _ = closest(corners.mean(1), target.vertices, target.faces)
        uv[left] = _at_corners(target, charting, source[left], corners)
    return FileCharts(charting.part[source], uv, charting.layer[source], charting.folds[source], source)


def _at_corners(target: Target, charting: Charting, source: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Return uv `[N, 3, 2]` at corners `[N, 3, 3]` of faces that have the charts of `source` `[N]`."""
    triangles = target.vertices[target.faces[source]]
    shares = np.stack([np.clip(barycentric(corners[:, k], triangles), 0, 1) for k in range(3)], 1)
    shares /= shares.sum(2, keepdims=True)
    return np.einsum("nck,nkd->ncd", shares, charting.uv[source]).astype(np.float32)


def keypoints_on(annotation: Annotation) -> tuple[np.ndarray, np.ndarray]:
    """Return COCO keypoints of a mesh as vertices `[17, K]` int32 of the file and weights `[17, K]` float32.

    The places of the open body whose weighted sum is a keypoint lie, on the fitted body, next to places of the mesh;
    their weights are changed as little as possible so that they give the fitted body's keypoint.
    """
    places, body, target = keypoint_places(), np.asarray(annotation.fit.body, float), annotation.target
    points = np.einsum("knc,kncd->knd", places.share, body[open_reference().faces[places.face]])
    truth = np.einsum("kn,knd->kd", places.weights, points)
    skin = np.flatnonzero(~annotation.charting.layer)
    rows = skin if len(skin) else np.arange(len(target.faces))
    face, share = closest(points.reshape(-1, 3), annotation.fit.vertices, target.faces[rows])
    corner = target.faces[rows[face]]
    found = np.einsum("nc,ncd->nd", share, annotation.fit.vertices[corner]).reshape(points.shape)
    weights = np.stack([corrected(w, p, k) for w, p, k in zip(places.weights, found, truth, strict=True)])
    vertices = target.file_vertex[corner].reshape(len(points), -1)
    return vertices.astype(np.int32), (weights.reshape(-1, 1) * share).reshape(vertices.shape).astype(np.float32)


def write_charts(path: str | os.PathLike, annotation: Annotation) -> None:
    """Write charts as an .npz without pickles; readers see a whole file or none.

    About the G triangles and W vertices of the file: `part` `[G]` uint8 in 1..24, `uv` `[G, 3, 2]` float32 of their
    corners, `layer` and `fold` `[G]` bool, `faces` `[G, 3]` int32, `vertices` `[W, 3]` float64, `keypoint_vertices` and
    `keypoint_weights` `[17, K]`, `distance` `[W]` float32 metres from the fitted reference, `reference` (its name).
    What edits start from: `proposed_part`, `proposed_uv`, `proposed_fold` (the charts before any edit), `body` `[N, 3]`
    metres (the open body as it was fitted), `turn`, `scale`, `shift` (figure = scale * turn @ vertex + shift), `gap`,
    `notes`, `reference_digest`.
    """
    target, fit, charting = annotation.target, annotation.fit, annotation.charting
    on_file, proposed = file_charts(target, charting), file_charts(target, annotation.proposal)
    distance = np.zeros(len(target.file_vertices), np.float32)
    distance[target.file_faces.ravel()[target.corner]] = charting.distance[target.faces]
    keypoint_vertices, keypoint_weights = keypoints_on(annotation)
    arrays = {
        "part": on_file.part,
        "uv": on_file.uv,
        "layer": on_file.layer,
        "fold": on_file.folds,
        "faces": target.file_faces,
        "vertices": target.file_vertices,
        "keypoint_vertices": keypoint_vertices,
        "keypoint_weights": keypoint_weights,
        "reference": np.array(annotation.reference.name),
        "reference_digest": np.array(_digest(annotation.reference)),
        "proposed_part": proposed.part,
        "proposed_uv": proposed.uv,
        "proposed_fold": proposed.folds,
        "distance": distance,
        "body": fit.body,
        "turn": fit.turn,
        "scale": np.array(fit.scale),
        "shift": fit.shift,
        "gap": np.array(fit.gap),
        "notes": np.array(fit.notes, dtype=np.str_),
    }
    with atomic_path(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def _digest(reference: Reference) -> str:
    """Return a hash of a reference's charts."""
    text = b"".join(np.ascontiguousarray(array).tobytes() for array in (reference.faces, reference.part, reference.uv))
    return hashlib.sha256(text).hexdigest()


def read_annotation(path: str | os.PathLike, target: Target, reference: Reference) -> Annotation:
    """Read what `write_charts` wrote for the same mesh and reference. Raises InputError if it is another's."""
    stored = _arrays(path)
    same = np.array_equal(stored["faces"], target.file_faces)
    if not same or not np.array_equal(stored["vertices"], target.file_vertices, equal_nan=True):
        raise InputError(f"{path}: charts of another mesh than {target.place}; chart it without --edits first")
    if str(stored["reference_digest"]) != _digest(reference):
        raise InputError(f"{path}: made with other charts ({stored['reference']}) than those of {reference.name!r} now")
    scale, turn, shift = float(stored["scale"]), stored["turn"], stored["shift"]
    vertices = scale * target.vertices @ turn.T + shift
    notes = tuple(str(note) for note in stored["notes"])
    fit = BodyFit(vertices, stored["body"], turn, scale, shift, float(stored["gap"]), notes)
    face = target.corner[:, 0] // 3
    charting, proposal = (
        Charting(
            part=stored[f"{which}part"][face],
            uv=stored[f"{which}uv"].reshape(-1, 2)[target.corner],
            layer=stored["layer"][face],
            folds=stored[f"{which}fold"][face],
            distance=stored["distance"][target.file_vertex],
            solved=(),
        )
        for which in ("", "proposed_")
    )
    return Annotation(target, fit, charting, proposal, reference)


_KEYS = (
    "part", "uv", "layer", "fold", "faces", "vertices", "reference", "reference_digest", "proposed_part", "proposed_uv",
    "proposed_fold", "distance", "body", "turn", "scale", "shift", "gap", "notes",
)  # fmt: skip


def _arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {key: stored[key] for key in _KEYS}
    except (OSError, ValueError, EOFError, KeyError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: not written by annotate_mesh: {error}") from error
