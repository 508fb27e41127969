"""Connected patches of faces, and crumbs that a correction leaves."""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

_CRUMB = 0.05  # share of a part's faces below which a patch cut off is a crumb


def neighbours(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of faces `[N, 2]` that share an edge, and the edge's vertices `[N, 2]`, lower one first."""
    faces = np.asarray(faces, np.int64)
    ends = np.sort(np.stack([faces.ravel(), np.roll(faces, -1, axis=1).ravel()], 1), axis=1)
    key = ends[:, 0] * (faces.max() + 1) + ends[:, 1]
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero(key[order][1:] == key[order][:-1])
    return np.stack([order[same] // 3, order[same + 1] // 3], 1), ends[order[same]]


def patches(faces: np.ndarray, label: np.ndarray, barred: np.ndarray | None = None) -> np.ndarray:
    """Return the number `[F]` of each face's patch: faces of one label that hang together by edges.

    Args:
      faces: `[F, 3]`.
      label: `[F]`.
      barred: `[E, 2]` edges, lower vertex first, that part patches besides.
    """
    pairs, ends = neighbours(faces)
    joined = label[pairs[:, 0]] == label[pairs[:, 1]]
    if barred is not None and len(barred):
        size = int(np.max(faces)) + 1
        joined &= ~np.isin(ends @ [size, 1], np.asarray(barred, np.int64) @ [size, 1])
    graph = coo_matrix((np.ones(joined.sum(), bool), pairs[joined].T), (len(faces), len(faces)))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def patch_count(faces: np.ndarray, chosen: np.ndarray) -> int:
    """Return how many patches the chosen faces `[F]` bool are."""
    return len(np.unique(patches(faces[chosen], np.zeros(int(chosen.sum()))))) if chosen.any() else 0


def absorb_crumbs(faces: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return parts `after` `[F]` in which crumbs have the part that surrounds them most.

    A crumb is a patch that a correction has cut off: smaller than a twentieth of its part, and there is a larger one on
    the same piece of `before`.
    """
    after = after.copy()
    old, new = patches(faces, before), patches(faces, after)
    touched = np.unique(old[before != after])
    pairs, _ = neighbours(faces)
    for patch in touched:
        rest = (old == patch) & (before == after)
        numbers, counts = np.unique(new[rest], return_counts=True)
        for number, count in zip(numbers, counts, strict=True):
            if count < counts.max() and count < _CRUMB * counts.sum():
                _give_away(pairs, after, new == number)
    return after


def _give_away(pairs: np.ndarray, part: np.ndarray, crumb: np.ndarray) -> None:
    """Give the faces of a crumb the part that they share most edges with; one that touches nothing stays."""
    inside = crumb[pairs]
    across = inside[:, 0] != inside[:, 1]
    outside = np.where(inside[across, 0], pairs[across, 1], pairs[across, 0])
    if len(outside):
        part[crumb] = np.bincount(part[outside]).argmax()
