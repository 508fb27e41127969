"""A mesh that is to be charted: what a user's file holds, made sound, with the way back to the file's corners."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rig:
    """The skeleton that a mesh is bound to.

    Attributes:
      names: J bones, Mixamo's names where they are known.
      parents: `[J]`, -1 for a root.
      heads: `[J, 3]` joints, in the frame of the mesh's vertices.
      tails: `[J, 3]` far ends.
      skin_joints: `[V, 4]` int32 bones, and
      skin_weights: `[V, 4]` float32 their weights (sum 1), of the mesh's vertices.
    """

    names: tuple[str, ...]
    parents: np.ndarray
    heads: np.ndarray
    tails: np.ndarray
    skin_joints: np.ndarray
    skin_weights: np.ndarray


@dataclass(frozen=True)
class Target:
    """A sound triangle mesh: welded, oriented outwards, no face of zero area, no edge with more than two faces.

    Attributes:
      vertices: `[V, 3]` float64, in the file's own axes and unit.
      faces: `[F, 3]` int32, counter-clockwise seen from outside; several pieces and open boundaries are allowed.
      corner: `[F, 3]` int64 the corner of the file (3 * face + place) that each corner stands for.
      file_faces: `[G, 3]` int32 all triangles of the file, in its order, on
      file_vertices: `[W, 3]` float64 its vertices. What is written is about these.
      file_vertex: `[V]` int32 one vertex of the file for each of ours.
      groups: names of groups of vertices (OBJ groups, colours painted on vertices as `#rrggbb`) -> bool `[W]`.
      rig: the skeleton, or None.
      repairs: what was mended, one line each.
      place: the file, for errors.
    """

    vertices: np.ndarray
    faces: np.ndarray
    corner: np.ndarray
    file_faces: np.ndarray
    file_vertices: np.ndarray
    file_vertex: np.ndarray
    groups: dict[str, np.ndarray]
    rig: Rig | None
    repairs: tuple[str, ...]
    place: str
