"""Make a file's triangles a sound surface, and say what was mended; what cannot be mended is told with its place."""

from dataclasses import dataclass, replace

import numpy as np

from simpose_tf.errors import InputError
from simpose_tf.surface.manifold import Sheets, part_sheets
from simpose_tf.surface.target import Rig, Target

_FEWEST, _MOST = 200, 2_000_000  # triangles
_FARTHEST = 1e15  # of any unit; squares and cubes of more are no longer numbers
_WELD = 1e-6  # share of the mesh's size within which vertices are at one place
_NO_AREA = 1e-13  # of the mesh's size squared: a face of a micrometre by 0.3 micrometres on a person
_FLAT = 1e-3  # thickness over size of what lies in a plane; a person's is 0.1
_TANGLED = 0.1  # share of edges with more than two faces that is no surface any more
_LARGEST = 0.02  # share of the faces that the largest piece has at least; less is loose triangles


@dataclass(frozen=True)
class MeshFile:
    """What a file holds.

    Attributes:
      vertices: `[W, 3]` float64.
      faces: `[G, 3]` int64.
      groups: names -> `[W]` bool.
      rig: its skeleton, of the same vertices, or None.
      notes: what was left out, one line each.
      place: the file, for errors.
    """

    vertices: np.ndarray
    faces: np.ndarray
    groups: dict[str, np.ndarray]
    rig: Rig | None
    notes: tuple[str, ...]
    place: str


def sound(mesh: MeshFile) -> Target:
    """Return a file's mesh welded, without useless faces and vertices, parted to a manifold and looking outward.

    Raises InputError for numbers that are none, too few or too many faces, a flat mesh, loose triangles, and for what
    is mostly not manifold.
    """
    _check(mesh)
    place, joined = _welded(mesh)
    kept, dropped = _useful(mesh, place)
    if not len(kept):
        raise InputError(f"{mesh.place}: all its {len(place)} triangles have zero area")
    points, faces = _compact(mesh, _two_sided(place[kept]), kept)
    sheets = part_sheets(points, faces)
    _check_sheets(mesh, points, sheets)
    corner = 3 * kept[:, None] + np.where(sheets.turned[:, None], [0, 2, 1], [0, 1, 2])
    vertex = np.zeros(len(sheets.vertex), np.int64)
    vertex[sheets.faces] = mesh.faces.ravel()[corner]
    repairs = [*mesh.notes, *_unused(mesh), *joined, *dropped, *_parted(points, sheets), *_open(sheets.faces)]
    return Target(
        vertices=mesh.vertices[vertex],
        faces=sheets.faces.astype(np.int32),
        corner=corner,
        file_faces=mesh.faces.astype(np.int32),
        file_vertices=mesh.vertices,
        file_vertex=vertex.astype(np.int32),
        groups=mesh.groups,
        rig=None if mesh.rig is None else _rig_of(mesh.rig, vertex),
        repairs=tuple(repairs),
        place=mesh.place,
    )


def _compact(mesh: MeshFile, place: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return one point for each place `[N, 3]` and faces `[F, 3]` of them."""
    _, first, inverse = np.unique(place, return_index=True, return_inverse=True)
    return mesh.vertices[mesh.faces[kept].ravel()[first]], inverse.reshape(-1, 3)


def _rig_of(rig: Rig, vertex: np.ndarray) -> Rig:
    return replace(rig, skin_joints=rig.skin_joints[vertex], skin_weights=rig.skin_weights[vertex])


def _check(mesh: MeshFile) -> None:
    """Raise InputError for what is no solid thing of some hundred triangles."""
    count = len(mesh.faces)
    if not count:
        raise InputError(f"{mesh.place}: no faces ({len(mesh.vertices)} vertices)")
    used = np.unique(mesh.faces)
    broken = used[~np.isfinite(mesh.vertices[used]).all(1)]
    if len(broken):
        which = f"vertex {broken[0]} (counted from 0) is {_told(mesh.vertices[broken[0]])}"
        raise InputError(f"{mesh.place}: {len(broken)} vertices that are no finite numbers; {which}")
    if not _FEWEST <= count <= _MOST:
        raise InputError(f"{mesh.place}: {count} triangles; people of {_FEWEST} to {_MOST:,} are charted")
    points = mesh.vertices[used]
    far = used[np.abs(points).max(1) > _FARTHEST]
    if len(far):
        which = f"vertex {far[0]} (counted from 0) is {_told(mesh.vertices[far[0]])}"
        raise InputError(f"{mesh.place}: {len(far)} vertices farther out than {_FARTHEST:.0e}; {which}")
    spread = np.linalg.svd(points[:: 1 + len(points) // 5000] - points.mean(0), compute_uv=False)
    if len(spread) < 3 or not spread[2] > _FLAT * spread[0]:
        raise InputError(f"{mesh.place}: flat: all its points lie in a plane, about {_told(points.mean(0))}")


def _unused(mesh: MeshFile) -> list[str]:
    count = len(mesh.vertices) - len(np.unique(mesh.faces))
    return [f"passed over {count:,} vertices that no face uses"] if count else []


def _welded(mesh: MeshFile) -> tuple[np.ndarray, list[str]]:
    """Return the place `[G, 3]` of each corner, and what was joined."""
    used, corner = np.unique(mesh.faces, return_inverse=True)
    points = mesh.vertices[used]
    low = points.min(0)
    cell = np.round((points - low) / (_WELD * (points.max(0) - low).max())).astype(np.int64)
    values, inverse = np.unique(cell @ [1 << 42, 1 << 21, 1], return_inverse=True)
    joined = len(used) - len(values)
    told = [f"joined {joined:,} vertices with others at the same places"] if joined else []
    return inverse.reshape(-1)[corner].reshape(-1, 3), told


def _useful(mesh: MeshFile, place: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return the faces worth keeping, and what was left out."""
    corners = mesh.vertices[mesh.faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
    distinct = (place != np.roll(place, 1, axis=1)).all(1)
    size = np.ptp(corners.reshape(-1, 3), axis=0).max()
    empty = ~distinct | (area <= _NO_AREA * size**2)
    first = np.argmin(place, axis=1)[:, None]
    turned = np.take_along_axis(place, (first + np.arange(3)) % 3, 1)  # the same for faces with the same sense
    repeated = np.ones(len(place), bool)
    repeated[np.unique(turned, axis=0, return_index=True)[1]] = False
    told = [
        f"left out {rows.sum():,} {what}, the first is triangle {rows.argmax()} (counted from 0)"
        for rows, what in ((empty, "faces of zero area"), (repeated & ~empty, "faces that repeat others"))
        if rows.any()
    ]
    return np.flatnonzero(~empty & ~repeated), told


def _two_sided(place: np.ndarray) -> np.ndarray:
    """Return places `[F, 3]` such that the two sides of a sheet are two surfaces: the second has places of its own."""
    first = np.zeros(len(place), bool)
    first[np.unique(np.sort(place, axis=1), axis=0, return_index=True)[1]] = True
    return place + (place.max() + 1) * ~first[:, None]


def _check_sheets(mesh: MeshFile, points: np.ndarray, sheets: Sheets) -> None:
    """Raise InputError for a tangle of edges and for loose triangles; `points` `[N, 3]` are what was parted."""
    count, most = len(sheets.faces), int(np.bincount(sheets.piece).max())
    if len(sheets.crowded) > _TANGLED * 1.5 * count:
        crowded = f"{len(sheets.crowded):,} edges with more than two faces, the first at {_middle(points, sheets)}"
        raise InputError(f"{mesh.place}: not manifold: {crowded}; mend it in a 3D program")
    if most < _LARGEST * count:
        pieces = f"{sheets.piece.max() + 1:,} pieces, the largest of {most} triangles"
        raise InputError(f"{mesh.place}: no surface: {pieces}; join vertices that lie together, or remesh it")


def _parted(points: np.ndarray, sheets: Sheets) -> list[str]:
    """Return what was parted and turned, one line each."""
    told, turned = [], int(sheets.turned.sum())
    if len(sheets.crowded):
        edges = f"{len(sheets.crowded):,} non-manifold edges (more than two faces)"
        told.append(f"parted the surfaces at {edges}, the first at {_middle(points, sheets)}")
    times = np.bincount(sheets.vertex, minlength=len(points))
    times[sheets.crowded] = 1
    if (times > 1).any():
        where = _told(points[times.argmax()])
        told.append(
            f"parted the surfaces at {(times > 1).sum():,} vertices where they only touch, the first at {where}"
        )
    if turned == len(sheets.turned):
        told.append("turned all faces: the mesh was inside out")
    elif turned:
        told.append(f"turned {turned:,} of {len(sheets.turned):,} faces that looked inward or against their neighbours")
    return told


def _open(faces: np.ndarray) -> list[str]:
    """Return a line on the rims of faces `[F, 3]`, if there are any."""
    start, end = faces.ravel().astype(np.int64), np.roll(faces, -1, axis=1).ravel().astype(np.int64)
    size = int(faces.max()) + 1
    rim = ~np.isin(start * size + end, end * size + start)
    return [f"open boundaries of {rim.sum():,} edges are left as they are"] if rim.any() else []


def _middle(points: np.ndarray, sheets: Sheets) -> str:
    return _told(points[sheets.crowded[0]].mean(0))


def _told(point: np.ndarray) -> str:
    return "(" + ", ".join(f"{value:.4g}" for value in point) + ")"
