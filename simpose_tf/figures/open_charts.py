"""Build the 24 open charts on the CC0 base mesh (the `open` reference surface).

    python -m simpose_tf.figures.open_charts --output=simpose_tf/surface/open_reference.npz

The left half is labelled and mapped, the right half is its mirror image (`charts.flip_uv`). Ids, sides and directions
of u and v are those of the official table (`simpose_tf.charts`).
"""

import argparse
import itertools

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from simpose_tf import charts
from simpose_tf.errors import InputError
from simpose_tf.figures import makehuman, open_seams
from simpose_tf.figures.seam_paths import Seams
from simpose_tf.surface import harmonic, rays
from simpose_tf.surface.reference import Reference, save_reference

# Lengths inside mouth, nostrils and eye sockets count less when the head is spread over its squares.
HIDDEN_SCALE = 0.25

# Reweighting steps of each map, see harmonic.even_map.
STEPS = 20

# For each chart: landmarks around it with their place on the square. A name with a leading `-` is the landmark's
# mirror image on the right half; one without a place says only which way round. Charts not named here are the
# mirror images of these.
_ANCHORS: dict[int, list[tuple[str, tuple[float, float] | None]]] = {
    1: [("shoulder.top", (0, 0)), ("-shoulder.top", (0, 1)), ("-hip.side", (1, 1)), ("hip.side", (1, 0))],
    2: [("shoulder.top", (0, 0)), ("-shoulder.top", (0, 1)), ("-hip.side", (1, 1)), ("hip.side", (1, 0))],
    8: [("crotch", (0, 0)), ("hip.side", (0, 1)), ("knee.side", (1, 1)), ("knee.inner", (1, 0))],
    10: [("knee.side", (0, 0)), ("knee.inner", (0, 1)), ("crotch", (1, 1)), ("hip.side", (1, 0))],
    12: [("ankle.inner", (0, 0)), ("ankle.side", (0, 1)), ("knee.side", (1, 1)), ("knee.inner", (1, 0))],
    14: [("knee.inner", (0, 0)), ("knee.side", (0, 1)), ("ankle.side", (1, 1)), ("ankle.inner", (1, 0))],
    15: [("shoulder.back", (0, 0)), ("shoulder.front", (0, 1)), ("elbow.front", (1, 1)), ("elbow.back", (1, 0))],
    17: [("shoulder.back", (0, 0)), ("shoulder.front", (0, 1)), ("elbow.front", (1, 1)), ("elbow.back", (1, 0))],
    19: [("wrist.front", (0, 0)), ("wrist.back", (0, 1)), ("elbow.back", (1, 1)), ("elbow.front", (1, 0))],
    21: [("elbow.back", (0, 0)), ("elbow.front", (0, 1)), ("wrist.front", (1, 1)), ("wrist.back", (1, 0))],
    24: [("neck.front", (0, 0)), ("neck.back", (1, 0)), ("crown", (1, 1)), ("hairline", (0, 1))],
    4: [
        ("wrist.back", (0, 0)), ("wrist.over", None), ("wrist.under", None), ("wrist.back", (1, 0)),
        ("Ring", (1, 1)), ("Thumb", (0.5, 1)), ("Ring", (0, 1)),
    ],
    5: [
        ("ankle.front", (0, 0)), ("ankle.side", None), ("heel", (1, 0)), ("toe", (1, 1)), ("heel", (0, 1)),
        ("ankle.inner", None),
    ],
}  # fmt: skip

# A landmark that only the chart's piece touches, besides its anchors.
_WITNESS = {
    1: "neck.back", 2: "neck.front", 4: "Middle", 5: "heel", 8: "knee.back", 10: "knee.front", 12: "knee.back",
    14: "knee.front", 15: "shoulder.pit", 17: "shoulder.top", 19: "wrist.under", 21: "wrist.over", 24: "neck.side",
}  # fmt: skip


def build_reference() -> Reference:
    """Build the open reference surface from the base mesh (some seconds)."""
    base = makehuman.load_base()
    shaped = makehuman.shape_vertices(base, makehuman.Shape())
    quads = base.body_quads
    points, mirror = shaped[: quads.max() + 1], base.mirror[: quads.max() + 1]
    skeleton = makehuman.skeleton_of(base, shaped)
    joint = dict(zip(skeleton.names, skeleton.heads, strict=True))
    tips = dict(zip(skeleton.names, skeleton.tails, strict=True))
    normals = _vertex_normals(points, quads)
    seams = open_seams.lay_seams(points, quads, normals, joint, tips)
    edges = seams.edges | _middle_of_head(points, quads, seams)
    edges |= {(min(e), max(e)) for e in (tuple(mirror[list(edge)].tolist()) for edge in edges)}
    faces, partner = _triangulate(points, quads, mirror, edges)
    chart_faces, base_vertex = _cut_along(faces, edges)
    scale = _visibility_scale(points, normals, faces, mirror)
    part = np.zeros(len(faces), np.uint8)
    uv = np.zeros((len(faces), 3, 2), np.float32)
    pieces = connected_components(_face_graph(chart_faces), directed=False)[1]
    for chart, anchors in _ANCHORS.items():
        names = [name for name, _ in anchors] + [_WITNESS[chart]]
        inside = pieces == _piece_touching(faces, pieces, [_vertex(name, seams, mirror) for name in names], chart)
        if part[inside].any():
            raise ValueError(f"chart {chart} and chart {part[inside].max()} are one piece")
        placed = [(_vertex(name, seams, mirror), at) for name, at in anchors]
        part[inside] = chart
        used, local = np.unique(chart_faces[inside], return_inverse=True)
        local, of_base = local.reshape(-1, 3), base_vertex[used]
        at_vertex = _map_chart(points[of_base], local, of_base, placed, scale[of_base] if chart == 24 else None)
        if chart <= 2:  # the torso is its own mirror image
            at_vertex = _symmetric(at_vertex, of_base, mirror)
        uv[inside] = np.clip(at_vertex, 0, 1)[local]
    _mirror_charts(part, uv, partner)
    return Reference("open", points.astype(np.float32), faces, part, uv, mirror)


def _vertex(name: str, seams: Seams, mirror: np.ndarray) -> int:
    """Return the vertex of a landmark; a leading `-` means the right half's."""
    return int(mirror[seams.marks[name[1:]]]) if name.startswith("-") else seams.marks[name]


def _vertex_normals(points: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """Return `[V, 3]` unit normals, quads weighted by area."""
    cross = np.cross(points[quads[:, 2]] - points[quads[:, 0]], points[quads[:, 3]] - points[quads[:, 1]])
    normals = np.zeros_like(points)
    for corner in range(4):
        np.add.at(normals, quads[:, corner], cross)
    return normals / np.linalg.norm(normals, axis=1, keepdims=True)


def _visibility_scale(points: np.ndarray, normals: np.ndarray, faces: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """Return `[V]` 1 on the open surface and less inside mouth, nostrils and eye sockets, which nobody sees.

    A vertex of the head is inside if the way out along its normal meets the head again within 9 cm.
    """
    around_head = (points[:, 1] > 1.38) & (np.abs(points[:, 0]) < 0.1)
    left = np.flatnonzero(around_head & (points[:, 0] >= 0))
    triangles = points[faces[around_head[faces].all(1)]]
    inside = left[rays.hits_within(points[left], normals[left], triangles, 0.09)]
    scale = np.ones(len(points))
    scale[inside] = scale[mirror[inside]] = HIDDEN_SCALE
    return scale


def _middle_of_head(points: np.ndarray, quads: np.ndarray, seams: Seams) -> set[tuple[int, int]]:
    """Return the edges of the middle line from the front of the neck over the head to its back; mark its corners."""
    sides = np.unique(np.sort(quads[:, [0, 1, 1, 2, 2, 3, 3, 0]].reshape(-1, 2), 1), axis=0)
    sides = sides[(points[sides, 0] == 0).all(1)]
    neighbours: dict[int, list[int]] = {}
    for a, b in sides.tolist():
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    top = max(neighbours, key=lambda v: points[v, 1])
    head = [top]
    for turn in (0, 1):
        ends = {seams.marks["neck.front"], seams.marks["neck.back"]}
        chain = [top, neighbours[top][turn]]
        while chain[-1] not in ends:
            chain.append(next(v for v in neighbours[chain[-1]] if v != chain[-2]))
        head = head[::-1] + chain[1:]
    centre = points[head].min(0) / 2 + points[head].max(0) / 2
    for name, direction in (("hairline", (0.0, 0.8, 0.6)), ("crown", (0.0, 0.8, -0.6))):
        seams.marks[name] = max(head, key=lambda v: float((points[v] - centre) @ direction))
    return {(min(e), max(e)) for e in itertools.pairwise(head)}


def _triangulate(
    points: np.ndarray, quads: np.ndarray, mirror: np.ndarray, seam_edges: set[tuple[int, int]]
) -> tuple[np.ndarray, np.ndarray]:
    """Cut quads into triangles: along a seam's diagonal, else so that no inner edge joins two seams, else shorter.

    Returns:
      faces `[2Q, 3]` (quad q becomes 2q and 2q + 1) and partner `[2Q]`: the mirrored face, whose corners are the
      mirrored corners in the order 0, 2, 1.
    """
    on_seam = np.zeros(len(points), bool)
    on_seam[list({v for edge in seam_edges for v in edge})] = True
    number = {tuple(sorted(q)): k for k, q in enumerate(quads.tolist())}
    faces = np.zeros((len(quads), 2, 3), np.int32)
    partner = np.zeros((len(quads), 2), np.int64)
    for k in np.flatnonzero(points[quads, 0].max(1) > 0).tolist():
        a, b, c, d = quads[k].tolist()

        def badness(first: int, second: int) -> tuple:
            seam = (min(first, second), max(first, second)) in seam_edges
            joins = bool(on_seam[first] and on_seam[second])
            return (not seam, joins, float(np.linalg.norm(points[first] - points[second])))

        faces[k] = ((a, b, c), (a, c, d)) if badness(a, c) <= badness(b, d) else ((b, c, d), (b, d, a))
        other = number[tuple(sorted(mirror[quads[k]].tolist()))]
        faces[other] = mirror[faces[k]][:, [0, 2, 1]]
        partner[k], partner[other] = (2 * other, 2 * other + 1), (2 * k, 2 * k + 1)
    return faces.reshape(-1, 3), partner.reshape(-1)


def _face_graph(faces: np.ndarray) -> sp.csr_matrix:
    """Return which faces share a side, `[F, F]`."""
    first, second, _, _ = _shared_sides(faces)
    return sp.csr_matrix((np.ones(len(first)), (first, second)), shape=(len(faces), len(faces)))


def _shared_sides(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return for each side between two faces: both faces and the side's corner (side i runs from corner i) in each."""
    start, end = faces.ravel().astype(np.int64), np.roll(faces, -1, 1).ravel().astype(np.int64)
    size = int(faces.max()) + 1
    key, reverse = start * size + end, end * size + start
    _, ours, theirs = np.intersect1d(key, reverse, assume_unique=True, return_indices=True)
    half = start[ours] < end[ours]
    ours, theirs = ours[half], theirs[half]
    return ours // 3, theirs // 3, ours % 3, theirs % 3


def _cut_along(faces: np.ndarray, seam_edges: set[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Open the mesh along seams: a vertex becomes as many as its corners fall into sectors.

    Returns:
      `[F, 3]` new vertex ids, and `[N]` the old vertex of each.
    """
    first, second, i, j = _shared_sides(faces)
    ends = np.sort(np.stack([faces[first, i], faces[first, (i + 1) % 3]], 1), 1)
    whole = np.array([tuple(e) not in seam_edges for e in ends.tolist()])
    first, second, i, j = first[whole], second[whole], i[whole], j[whole]
    rows = np.concatenate([3 * first + i, 3 * first + (i + 1) % 3])
    columns = np.concatenate([3 * second + (j + 1) % 3, 3 * second + j])
    graph = sp.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(faces.size, faces.size))
    new = connected_components(graph, directed=False)[1]
    base_vertex = np.zeros(new.max() + 1, np.int64)
    base_vertex[new] = faces.ravel()
    return new.reshape(-1, 3), base_vertex


def _piece_touching(faces: np.ndarray, pieces: np.ndarray, vertices: list[int], chart: int) -> int:
    """Return the one piece that has all the vertices among its corners."""
    touching = set.intersection(*(set(pieces[(faces == v).any(1)].tolist()) for v in vertices))
    if len(touching) != 1:
        raise ValueError(f"chart {chart}: {len(touching)} pieces touch all its landmarks")
    return touching.pop()


def _map_chart(
    vertices: np.ndarray,
    faces: np.ndarray,
    of_base: np.ndarray,
    anchors: list[tuple[int, tuple[float, float] | None]],
    scale: np.ndarray | None,
) -> np.ndarray:
    """Return `[V, 2]` uv of one chart.

    Args:
      vertices: `[V, 3]` of the chart.
      faces: `[F, 3]` one disc.
      of_base: `[V]` vertex of the base mesh of each.
      anchors: (base vertex, uv or None) around the chart.
      scale: `[V]` see harmonic.even_map.
    """
    loop, positions = _find_anchors(harmonic.boundary_loop(faces), of_base, [vertex for vertex, _ in anchors])
    placed = [(position, at) for position, (_, at) in zip(positions, anchors, strict=True) if at is not None]
    loop_uv = harmonic.loop_on_square(vertices, loop, placed, scale)
    return harmonic.even_map(vertices, faces, loop, loop_uv, STEPS, scale)


def _symmetric(uv: np.ndarray, of_base: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """Return uv `[V, 2]` of a torso chart made exactly symmetric: v becomes 1 - v under the mirror."""
    order = np.argsort(of_base)
    across = order[np.searchsorted(of_base, mirror[of_base], sorter=order)]
    return (uv + uv[across] * [1, -1] + [0, 1]) / 2


def _find_anchors(loop: np.ndarray, base: np.ndarray, wanted: list[int]) -> tuple[np.ndarray, list[int]]:
    """Return the loop in the direction in which it meets the wanted vertices in turn, and their places in it."""
    for turned in (loop, loop[::-1]):
        around = base[turned]
        for start in np.flatnonzero(around == wanted[0]):
            steps = [0]
            for vertex in wanted[1:]:
                later = np.flatnonzero(np.roll(around, -start)[steps[-1] + 1 :] == vertex)
                if len(later) == 0:
                    break
                steps.append(steps[-1] + 1 + int(later[0]))
            else:
                return turned, [(int(start) + step) % len(loop) for step in steps]
    raise ValueError("the chart's boundary does not meet its landmarks in order")


def _mirror_charts(part: np.ndarray, uv: np.ndarray, partner: np.ndarray) -> None:
    """Fill the right half's part `[F]` and uv `[F, 3, 2]` from the left half's, in place."""
    right = np.flatnonzero(part == 0)
    source = partner[right]
    if (part[source] == 0).any():
        raise ValueError(f"{int((part[source] == 0).sum())} faces are in no chart")
    swapped = uv[source][:, [0, 2, 1]]
    flipped, u, v = charts.flip_uv(np.repeat(part[source, None], 3, 1), swapped[..., 0], swapped[..., 1])
    part[right] = flipped[:, 0]
    uv[right] = np.stack([u, v], -1)


def main() -> None:
    """Write the asset and say how much each chart distorts areas."""
    # Plain argparse: `figures` lies below `simpose_tf.app`, and this main is for those who change the charts.
    parser = argparse.ArgumentParser(description="Build the 24 open charts.")
    parser.add_argument("--output", required=True, help="The .npz file to write.")
    output = parser.parse_args().output
    try:
        reference = build_reference()
    except InputError as error:
        parser.error(str(error))
    save_reference(output, reference)
    for chart in range(1, charts.NUM_PARTS + 1):
        inside = reference.part == chart
        corners = reference.vertices[reference.faces[inside]].reshape(-1, 3)
        local = np.arange(len(corners)).reshape(-1, 3)
        ratio = harmonic.area_distortion(corners, local, reference.uv[inside].reshape(-1, 2))
        print(f"{chart:2d} {charts.PART_NAMES[chart]:24s} {inside.sum():5d} faces, area distortion {ratio:6.1f}")


if __name__ == "__main__":
    main()
