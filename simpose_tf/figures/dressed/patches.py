"""Charted pieces of surface: cut along iso-lines, spanned taut over the body, hemmed.

A garment is a piece of the body's own triangulation that is cut where a scalar field crosses 0 and moved outward;
so charts and skin weights come along exactly, and hems are as smooth as the field.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from simpose_tf.figures.pose import vertex_normals


@dataclass(frozen=True)
class Patch:
    """A piece of charted, skinned surface.

    Attributes:
      points: `[N, 3]` float64 rest positions, metres, figure frame.
      skin: `[N, J]` float32 weights of the bones.
      fields: scalar fields `[N]` on the vertices, metres, by name.
      faces: `[F, 3]` int64, counter-clockwise seen from outside.
      part: `[F]` uint8 and
      uv: `[F, 3, 2]` float32 chart coordinates of the corners.
    """

    points: np.ndarray
    skin: np.ndarray
    fields: dict[str, np.ndarray]
    faces: np.ndarray
    part: np.ndarray
    uv: np.ndarray


def select(patch: Patch, keep: np.ndarray) -> Patch:
    """Return the faces where `keep` `[F]` is true, without the vertices that no face uses any more."""
    used, index = np.unique(patch.faces[keep], return_inverse=True)
    return Patch(
        patch.points[used],
        patch.skin[used],
        {name: field[used] for name, field in patch.fields.items()},
        index.reshape(-1, 3),
        patch.part[keep],
        patch.uv[keep],
    )


def clip(patch: Patch, name: str) -> Patch:
    """Return what lies where the field `name` is positive; triangles on the border are cut along its zero.

    Points, weights, fields and uv of cut corners are interpolated linearly, so the cut lies on the iso-line exactly.
    """
    value = np.where(patch.fields[name] == 0, -1e-12, patch.fields[name])  # a vertex on the line would make slivers
    inside = value[patch.faces] > 0
    count = inside.sum(1)
    one, two = _odd_corner_first(patch, inside, count == 1), _odd_corner_first(patch, ~inside, count == 2)
    edges = np.concatenate([_edges_at_first(one[0]), _edges_at_first(two[0])])
    new, cut_of_edge = np.unique(np.sort(edges, 1), axis=0, return_inverse=True)
    grown = _with_cut_vertices(patch, new, value)
    cut = len(value) + cut_of_edge.reshape(-1)
    faces, part, uv = _cut_faces(one, two, cut, value, patch)
    whole = count == 3
    grown = replace(
        grown,
        faces=np.concatenate([patch.faces[whole], faces]),
        part=np.concatenate([patch.part[whole], part]),
        uv=np.concatenate([patch.uv[whole], uv]).astype(np.float32),
    )
    return select(grown, np.ones(len(grown.faces), bool))


def _odd_corner_first(patch: Patch, odd: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return corners `[N, 3]`, uv `[N, 3, 2]` and face ids of faces, turned so that the odd corner comes first."""
    ids = np.nonzero(which)[0]
    turn = (np.argmax(odd[ids], 1)[:, None] + np.arange(3)) % 3
    return np.take_along_axis(patch.faces[ids], turn, 1), np.take_along_axis(patch.uv[ids], turn[..., None], 1), ids


def _edges_at_first(corners: np.ndarray) -> np.ndarray:
    """Return the two edges of the first corner of each face, `[2N, 2]`: all first-second, then all first-third."""
    return np.concatenate([corners[:, [0, 1]], corners[:, [0, 2]]])


def _with_cut_vertices(patch: Patch, edges: np.ndarray, value: np.ndarray) -> Patch:
    """Append one vertex per cut edge."""
    a, b = edges.T
    t = value[a] / (value[a] - value[b])

    def grow(array: np.ndarray) -> np.ndarray:
        s = t.reshape(-1, *[1] * (array.ndim - 1))
        return np.concatenate([array, ((1 - s) * array[a] + s * array[b]).astype(array.dtype)])

    fields = {name: grow(field) for name, field in patch.fields.items()}
    return replace(patch, points=grow(patch.points), skin=grow(patch.skin), fields=fields)


def _cut_faces(one: tuple, two: tuple, cut: np.ndarray, value: np.ndarray, patch: Patch) -> tuple:
    """Return faces, parts and uv of what remains of faces with one and with two corners inside."""
    faces, parts, uvs, start = [], [], [], 0
    for (corners, uv, ids), outside_first in ((one, False), (two, True)):
        n = len(corners)
        ab, ac = cut[start : start + n], cut[start + n : start + 2 * n]
        start += 2 * n
        t = [value[corners[:, 0]] / (value[corners[:, 0]] - value[corners[:, k]]) for k in (1, 2)]
        uv_ab, uv_ac = ((1 - t[k - 1])[:, None] * uv[:, 0] + t[k - 1][:, None] * uv[:, k] for k in (1, 2))
        a, b, c = corners.T
        if outside_first:
            pieces = [((ab, b, c), (uv_ab, uv[:, 1], uv[:, 2])), ((ab, c, ac), (uv_ab, uv[:, 2], uv_ac))]
        else:
            pieces = [((a, ab, ac), (uv[:, 0], uv_ab, uv_ac))]
        for face, corner_uv in pieces:
            faces.append(np.stack(face, -1))
            uvs.append(np.stack(corner_uv, 1))
            parts.append(patch.part[ids])
    return np.concatenate(faces), np.concatenate(parts), np.concatenate(uvs)


def refine(patch: Patch, split: np.ndarray, round_off: float = 0.0) -> Patch:
    """Split the edges `[E]` (in the order of `edges_of`) where `split` is true at their middles.

    No gaps: both faces of an edge are split alike. Old vertices keep their places in the arrays, new ones follow.

    Args:
      patch: what to refine.
      split: `[E]` bool.
      round_off: 0 leaves new vertices on the old edges, up to 1 moves them towards the smooth surface (Phong
        tessellation: Boubekeur and Alexa 2008; .75 is usual).
    """
    edges = edges_of(patch.faces)
    a, b = edges[split].T
    points = (patch.points[a] + patch.points[b]) / 2
    if round_off:
        normals = vertex_normals(patch.points, patch.faces).astype(float)
        for end in (a, b):
            height = np.einsum("nc,nc->n", points - patch.points[end], normals[end])
            points = points - 0.5 * round_off * height[:, None] * normals[end]
    number = np.full(len(edges), -1)
    number[split] = len(patch.points) + np.arange(int(split.sum()))
    lookup = sparse.csr_matrix((np.arange(1, len(edges) + 1), edges.T), (len(patch.points),) * 2)
    faces, part, uv = _split_faces(patch, lookup, number)

    def grow(array: np.ndarray) -> np.ndarray:
        return np.concatenate([array, ((array[a] + array[b]) / 2).astype(array.dtype)])

    fields = {name: grow(field) for name, field in patch.fields.items()}
    return Patch(np.concatenate([patch.points, points]), grow(patch.skin), fields, faces, part, uv)


def edges_of(faces: np.ndarray) -> np.ndarray:
    """Return the undirected edges `[E, 2]` of faces, each once, the smaller vertex first, in lexical order."""
    return np.unique(np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), 1), axis=0)


def refine_to(patch: Patch, length: float, rounds: int = 2) -> Patch:
    """Split edges that are longer than `length` metres, a few times."""
    for _ in range(rounds):
        a, b = edges_of(patch.faces).T
        patch = refine(patch, np.linalg.norm(patch.points[a] - patch.points[b], axis=1) > length)
    return patch


# Triangles that take a face's place, by how many of its edges are split; corners 0..2, middles 3 (01), 4 (12), 5 (20).
_SPLITS = {0: ((0, 1, 2),), 1: ((0, 3, 2), (3, 1, 2)), 2: ((3, 1, 4), (0, 3, 4), (0, 4, 2))}
_SPLITS |= {3: ((0, 3, 5), (3, 1, 4), (5, 4, 2), (3, 4, 5))}


def _split_faces(patch: Patch, lookup: sparse.csr_matrix, number: np.ndarray) -> tuple:
    """Return faces, parts and uv after `number[edge]` (-1: none) became the vertex in an edge's middle."""
    corners = patch.faces
    middles = []
    for k in range(3):
        ends = np.sort(corners[:, [k, (k + 1) % 3]], 1)
        middles.append(number[np.asarray(lookup[ends[:, 0], ends[:, 1]]).reshape(-1) - 1])
    middle = np.stack(middles, -1)
    count = (middle >= 0).sum(1)
    # Turn each face so that one split edge is its first, and the unsplit one of two its last.
    first = np.where(count == 2, (np.argmin(middle, 1) + 1) % 3, np.argmax(middle >= 0, 1))
    turn = (first[:, None] + np.arange(3)) % 3
    corners, middle = np.take_along_axis(corners, turn, 1), np.take_along_axis(middle, turn, 1)
    uv = np.take_along_axis(patch.uv, turn[..., None], 1)
    vertex = np.concatenate([corners, middle], 1)
    uv = np.concatenate([uv, (uv + uv[:, [1, 2, 0]]) / 2], 1)
    pieces = [(np.nonzero(count == n)[0], list(triangle)) for n, split in _SPLITS.items() for triangle in split]
    return (
        np.concatenate([vertex[rows][:, triangle] for rows, triangle in pieces]),
        np.concatenate([patch.part[rows] for rows, _ in pieces]),
        np.concatenate([uv[rows][:, triangle] for rows, triangle in pieces]).astype(np.float32),
    )


def boundary_edges(faces: np.ndarray) -> np.ndarray:
    """Return the directed edges `[E, 2]` that only one face has."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    _, first, count = np.unique(np.sort(edges, 1), axis=0, return_index=True, return_counts=True)
    return edges[first[count == 1]]


def averaging(faces: np.ndarray, num_vertices: int) -> sparse.csr_matrix:
    """Return the matrix that takes each vertex to its neighbours' mean; border vertices see only the border."""
    border = boundary_edges(faces)
    on_border = np.zeros(num_vertices, bool)
    on_border[border] = True
    edges = edges_of(faces)
    both = np.concatenate([edges, edges[:, ::-1]])
    rim = np.concatenate([border, border[:, ::-1]])
    both = np.concatenate([both[~on_border[both[:, 0]]], rim])
    matrix = sparse.csr_matrix((np.ones(len(both)), both.T), (num_vertices, num_vertices))
    count = np.asarray(matrix.sum(1))
    return sparse.diags(1 / np.maximum(count[:, 0], 1)) @ matrix + sparse.diags((count[:, 0] == 0).astype(float))


def smooth(points: np.ndarray, mean: sparse.csr_matrix, rounds: int, share: float = 0.5) -> np.ndarray:
    """Move points towards their neighbours' mean, `rounds` times by `share` of the way."""
    for _ in range(rounds):
        points = points + share * (mean @ points - points)
    return points


def _without_details(points: np.ndarray, mean: sparse.csr_matrix, rounds: int) -> np.ndarray:
    """Smooth points without shrinking them (Taubin: each step inward is taken back by a step outward)."""
    for _ in range(rounds):
        points = smooth(smooth(points, mean, 1, 0.5), mean, 1, -0.51)
    return points


def drape(
    patch: Patch, thickness: np.ndarray, taut: int = 60, least: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Span cloth over a patch of the body.

    The cloth starts `thickness` outside the smoothed body and is then pulled taut like a membrane over an
    obstacle: where the neighbours' mean lies further out, the vertex follows, so hollows (navel, crotch, spine)
    are bridged and bumps stay. In the end it lies at least `least` outside the body itself.

    Args:
      patch: the body under the garment.
      thickness: `[N]` metres between skin and cloth.
      taut: rounds of pulling; one round carries a vertex's pull one edge (about 1 cm) further.
      least: `[N]` metres that stay between skin and cloth in any case; None: 0.4 `thickness`.

    Returns:
      The cloth's points `[N, 3]` and the outward directions `[N, 3]` in which they were moved.
    """
    mean = averaging(patch.faces, len(patch.points))
    soft = _without_details(patch.points, mean, 50)
    outward = smooth(vertex_normals(soft, patch.faces).astype(float), mean, 4)  # slivers at the border are noisy
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    points = soft + thickness[:, None] * outward
    for _ in range(taut):
        pull = np.einsum("nc,nc->n", mean @ points - points, outward)
        points = points + np.maximum(pull, 0)[:, None] * outward
    points = smooth(points, mean, 4)
    border = np.unique(boundary_edges(patch.faces))
    points[border] = smooth(points, mean, 8)[border]
    clearance = np.einsum("nc,nc->n", points - patch.points, outward)
    least = 0.4 * thickness if least is None else least
    return points + np.maximum(least - clearance, 0)[:, None] * outward, outward


def wrinkles(points: np.ndarray, rng: np.random.Generator, period: float) -> np.ndarray:
    """Return soft folds `[N]` in about -1..1 for points `[N, 3]`: warped waves, steeper across than along the body.

    `period` is the folds' mean distance in metres.
    """
    total = np.zeros(len(points))
    warp = 0.6 * np.sin(points @ rng.normal(0, 14, (3, 3)) + rng.uniform(0, 6, 3))
    for _ in range(5):
        direction = rng.normal(0, 1, 3) * [1.0, 0.8, 1.0]
        wave = 2 * np.pi / period * direction / np.linalg.norm(direction)
        total += np.sin(points @ wave + warp @ rng.normal(0, 1.5, 3) + rng.uniform(0, 6))
    return total / 2.5


def hem(patch: Patch, outward: np.ndarray, depth: float) -> Patch:
    """Close the slit between cloth and skin: turn the border inward by `depth` metres along `-outward`.

    The strip has the charts of the border's faces.
    """
    edges = np.concatenate([patch.faces[:, [k, (k + 1) % 3]] for k in range(3)])
    _, first, count = np.unique(np.sort(edges, 1), axis=0, return_index=True, return_counts=True)
    rim = first[count == 1]
    a, b = edges[rim].T
    face, corner = rim % len(patch.faces), rim // len(patch.faces)
    uv_a, uv_b = patch.uv[face, corner], patch.uv[face, (corner + 1) % 3]
    border, index = np.unique(edges[rim], return_inverse=True)
    inner_a, inner_b = len(patch.points) + index.reshape(-1, 2).T
    faces = np.concatenate([np.stack([b, a, inner_a], -1), np.stack([b, inner_a, inner_b], -1)])
    uv = np.concatenate([np.stack([uv_b, uv_a, uv_a], 1), np.stack([uv_b, uv_a, uv_b], 1)])
    return Patch(
        np.concatenate([patch.points, patch.points[border] - depth * outward[border]]),
        np.concatenate([patch.skin, patch.skin[border]]),
        {name: np.concatenate([field, field[border]]) for name, field in patch.fields.items()},
        np.concatenate([patch.faces, faces]),
        np.concatenate([patch.part, patch.part[face], patch.part[face]]),
        np.concatenate([patch.uv, uv]),
    )
