"""Make any triangles a surface: parted where more than two faces meet, oriented alike, outside out.

Notation: half-edge `3 * face + k` runs from corner k of a face to corner k + 1. Two half-edges are a pair if they are
the two sides of one edge of the surface.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components

# Pieces that enclose less of their area to the power 1.5 (a sphere: 0.094) have no outside of their own.
_FLAT = 0.005


@dataclass(frozen=True)
class Sheets:
    """A manifold surface of given faces.

    Attributes:
      faces: `[F, 3]` int64 of new vertices; turned ones have their corners 1 and 2 changed.
      vertex: `[N]` the old vertex that each new one lies at.
      turned: `[F]` bool: faces that looked the other way.
      crowded: `[K, 2]` old vertices of the edges that had more than two faces.
      piece: `[F]` connected pieces.
    """

    faces: np.ndarray
    vertex: np.ndarray
    turned: np.ndarray
    crowded: np.ndarray
    piece: np.ndarray


def part_sheets(vertices: np.ndarray, faces: np.ndarray) -> Sheets:
    """Return faces as a manifold surface that looks outward.

    Of more than two faces at an edge those go on as one surface that looked alike and bend least there. Closed pieces
    look outward by their volume, open ones by the volume under caps over their rims; flat ones keep their side.

    Args:
      vertices: `[V, 3]`.
      faces: `[F, 3]` with three different vertices each.
    """
    simple, crowded = _edges(faces)
    turned = _alike(faces, simple)
    turned ^= _inward(vertices, _turn(faces, turned), _pieces_of(len(faces), simple), turned)
    oriented = _turn(faces, turned)
    old = faces.ravel()
    ends = [np.sort([old[edge[0]], old[_next(edge[:1])[0]]]) for edge in crowded]
    pairs = _opposite(oriented, _moved(simple, turned))
    more = [pair for edge in crowded for pair in _straightest(vertices, oriented, _moved(edge, turned))]
    pairs = np.concatenate([pairs, np.array(more, np.int64).reshape(-1, 2)])
    pairs, corner = _fans(oriented, pairs)
    piece = _pieces_of(len(faces), pairs)
    _, first, inverse = np.unique(corner, return_index=True, return_inverse=True)
    vertex, oriented = oriented.ravel()[first], inverse.reshape(-1, 3)
    again = _inward(vertices[vertex], oriented, piece, turned)
    return Sheets(
        faces=_turn(oriented, again),
        vertex=vertex,
        turned=turned ^ again,
        crowded=np.array(ends, np.int64).reshape(-1, 2),
        piece=piece,
    )


def _next(half: np.ndarray) -> np.ndarray:
    """Return the half-edges that follow in their faces; also the corner at which each ends."""
    return half // 3 * 3 + (half + 1) % 3


def _turn(faces: np.ndarray, turned: np.ndarray) -> np.ndarray:
    return np.where(turned[:, None], faces[:, [0, 2, 1]], faces)


def _moved(half: np.ndarray, turned: np.ndarray) -> np.ndarray:
    """Return the half-edges of the same edges once faces are turned: 0 and 2 change places."""
    return np.where(turned[half // 3], half // 3 * 3 + 2 - half % 3, half)


def _edges(faces: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return pairs `[N, 2]` of half-edges on edges of two faces, and the half-edges on each edge of more."""
    ends = np.sort(np.stack([faces.ravel(), np.roll(faces, -1, axis=1).ravel()], 1), axis=1)
    key = ends[:, 0] * (faces.max() + 1) + ends[:, 1]
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    counts = np.diff(np.append(starts, len(key)))
    twice = starts[counts == 2]
    crowded = [order[start : start + count] for start, count in zip(starts, counts, strict=True) if count > 2]
    return np.stack([order[twice], order[twice + 1]], 1), crowded


def _pieces_of(count: int, pairs: np.ndarray) -> np.ndarray:
    """Return the connected piece `[F]` of each face over pairs of half-edges."""
    return _components(count, pairs[:, 0] // 3, pairs[:, 1] // 3)


def _components(count: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    graph = coo_matrix((np.ones(len(first), bool), (first, second)), (count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _alike(faces: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return which faces `[F]` bool to turn so that neighbours look alike, as few as possible in each piece.

    Each face is two nodes, as it is and turned; neighbours that look alike join node to node, others crosswise. A
    piece that can be oriented falls apart into two, of which one is chosen. Along others (a Moebius strip) a tree of
    neighbours is followed.
    """
    count = len(faces)
    first, second = pairs.T // 3
    start = faces.ravel()[pairs]
    crossed = (start[:, 0] == start[:, 1]).astype(np.int64)  # both sides run the same way
    sides = _two_sided(count, first, second, crossed)
    one_sided = sides[:count] == sides[count:]
    if one_sided.any():
        kept = ~one_sided[first] | _in_tree(count, first, second, one_sided)
        sides = _two_sided(count, first[kept], second[kept], crossed[kept])
    piece = _components(count, first, second)
    lowest = np.full(piece.max() + 1, len(sides))
    np.minimum.at(lowest, piece, np.minimum(sides[:count], sides[count:]))
    turned = sides[:count] != lowest[piece]
    most = np.bincount(piece, turned) > np.bincount(piece) / 2
    return turned ^ most[piece]


def _two_sided(count: int, first: np.ndarray, second: np.ndarray, crossed: np.ndarray) -> np.ndarray:
    """Return components `[2F]` of faces as they are (first half) and turned (second half)."""
    ends = [(first + side * count, second + (side ^ crossed) * count) for side in (0, 1)]
    return _components(2 * count, *(np.concatenate(part) for part in zip(*ends, strict=True)))


def _in_tree(count: int, first: np.ndarray, second: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return which neighbourhoods `[N]` bool belong to a spanning tree of a piece of the chosen faces `[F]` bool."""
    graph = coo_matrix((np.ones(len(first)), (first, second)), (count, count)).tocsr()
    above, piece = np.full(count, -1), _components(count, first, second)
    for seed in np.flatnonzero(chosen)[np.unique(piece[chosen], return_index=True)[1]]:
        order, before = breadth_first_order(graph, seed, directed=False)
        above[order] = before[order]
    return (above[first] == second) | (above[second] == first)


def _inward(vertices: np.ndarray, faces: np.ndarray, piece: np.ndarray, turned: np.ndarray) -> np.ndarray:
    """Return which faces `[F]` bool belong to pieces that look inward.

    Pieces without volume follow the largest piece: if its faces end up turned, so do theirs.
    """
    volume, area = _capped_volumes(vertices, faces, piece)
    flat = np.abs(volume) < _FLAT * area**1.5
    inward, largest = (volume < 0) & ~flat, area.argmax()
    mostly = np.bincount(piece, turned) > np.bincount(piece) / 2
    inward[flat] = mostly[flat] ^ mostly[largest] ^ inward[largest]
    return inward[piece]


def _capped_volumes(vertices: np.ndarray, faces: np.ndarray, piece: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return signed volume `[P]` of each piece, its holes closed by fans about the middles of their rims; and area."""
    count = piece.max() + 1
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    size = faces.max() + 1
    rim = ~np.isin(start * size + end, end * size + start)
    loop = _components(size, start[rim], end[rim])[start[rim]]
    number = np.maximum(np.bincount(loop), 1)
    middle = np.stack([np.bincount(loop, vertices[start[rim], axis]) / number for axis in range(3)], 1)
    corners = np.concatenate([vertices[faces], np.stack([vertices[end[rim]], vertices[start[rim]], middle[loop]], 1)])
    owner = np.concatenate([piece, np.repeat(piece, 3)[rim]])
    heart = np.stack([np.bincount(piece, vertices[faces].mean(1)[:, axis]) for axis in range(3)], 1)
    corners = corners - (heart / np.bincount(piece)[:, None])[owner][:, None]
    volume = np.bincount(owner, np.linalg.det(corners) / 6, count)
    cross = np.cross(vertices[faces[:, 1]] - vertices[faces[:, 0]], vertices[faces[:, 2]] - vertices[faces[:, 0]])
    return volume, np.bincount(piece, np.linalg.norm(cross, axis=1) / 2, count)


def _opposite(faces: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return the pairs that run against each other: their faces look alike."""
    start = faces.ravel()[pairs]
    return pairs[start[:, 0] != start[:, 1]]


def _straightest(vertices: np.ndarray, faces: np.ndarray, half: np.ndarray) -> list[tuple[int, int]]:
    """Return pairs among the half-edges `[K]` on one edge: those that look alike, the least bent first."""
    start = faces.ravel()[half]
    corners = vertices[faces[half // 3]]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-300)
    bend = normal @ normal.T
    options = [(-bend[i, j], i, j) for i in range(len(half)) for j in range(i) if start[i] != start[j]]
    free, pairs = set(range(len(half))), []
    for _, i, j in sorted(options):
        if i in free and j in free:
            pairs.append((int(half[i]), int(half[j])))
            free -= {i, j}
    return pairs


def _fans(faces: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs that can stay, and the vertex of each corner `[3F]`: corners joined over pairs are one vertex.

    Two sheets that touch along an edge and hang together at both its ends would still be one edge of four faces; the
    faces of one of them are cut loose.
    """
    while True:
        first = np.concatenate([pairs[:, 0], _next(pairs[:, 0])])
        second = np.concatenate([_next(pairs[:, 1]), pairs[:, 1]])
        corner = _components(faces.size, first, second)
        start, end = corner, corner[_next(np.arange(faces.size))]
        first_seen = np.unique(start * faces.size + end, return_index=True)[1]
        loose = np.delete(np.arange(faces.size), first_seen) // 3
        if not len(loose):
            return pairs, corner
        pairs = pairs[~np.isin(pairs // 3, loose).any(1)]
