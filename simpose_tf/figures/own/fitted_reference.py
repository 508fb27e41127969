"""A reference surface moved onto a mesh, by the open body that was fitted to the mesh."""

import dataclasses
import hashlib
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from simpose_tf.figures.fitting.fit import BodyFit, fit_body
from simpose_tf.figures.fitting.ties import Ties, move, tie
from simpose_tf.figures.own.mesh_repair import MeshFile, sound
from simpose_tf.figures.store import cache_dir
from simpose_tf.files import atomic_path
from simpose_tf.surface.reference import Reference, open_reference

_VERSION = 1  # to raise when fits of templates change


def fitted_reference(reference: Reference, body: np.ndarray, say: Callable[[str], None]) -> Reference:
    """Return a reference surface on a mesh.

    The open reference's vertices are the fitted body's. Another one's template was fitted like any mesh, once (it is
    kept in the cache), and each of its vertices follows its place on the open body.

    Args:
      reference: whose charts are wanted.
      body: `[N, 3]` the open body on the mesh.
      say: told what is being done.

    Raises:
      InputError: the reference's template is no person.
    """
    body = np.asarray(body, np.float64)
    if reference.name == open_reference().name:
        return dataclasses.replace(reference, vertices=body)
    return dataclasses.replace(reference, vertices=move(_ties(reference, say), body))


def _ties(reference: Reference, say: Callable[[str], None]) -> Ties:
    """Return where a template's vertices lie on the open body, from the cache if it was fitted before."""
    path = _kept(reference)
    try:
        with np.load(path, allow_pickle=False) as stored:
            return Ties(stored["face"], stored["weights"], stored["offset"])
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        pass  # not kept yet, or damaged: fit it
    say(f"fit: the template of {reference.name} first, once")
    ties = tie(reference.vertices, _fit(reference, say))
    with atomic_path(path) as temporary:
        np.savez(temporary, **vars(ties))
    return ties


def _fit(reference: Reference, say: Callable[[str], None]) -> BodyFit:
    vertices, faces = np.asarray(reference.vertices, float), np.asarray(reference.faces, np.int64)
    return fit_body(sound(MeshFile(vertices, faces, {}, None, (), f"reference {reference.name}")), say)


def _kept(reference: Reference) -> Path:
    """Return where the fit of a template is kept; the path changes with the template and the open body."""
    arrays = (reference.vertices, reference.faces, open_reference().vertices)
    text = b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)
    digest = hashlib.sha256(text + str(_VERSION).encode()).hexdigest()[:16]
    return cache_dir().parent / "references" / f"{os.path.basename(reference.name) or 'reference'}-{digest}.npz"
