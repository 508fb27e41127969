"""Build the 24 open charts on the CC0 base mesh (the `open` reference surface).

    python -m simpose_tf.figures.open_charts --output=simpose_tf/surface/open_reference.npz

The left half is labelled and mapped, the right half is its mirror image (`charts.flip_uv`). Ids, sides and directions
of u and v are those of the official table (`simpose_tf.charts`).
"""

import argparse
import itertools
from dataclasses import dataclass

import numpy as np

from simpose_tf import charts
from simpose_tf.errors import InputError
from simpose_tf.figures import cavities, makehuman, open_seams, seam_cutting, unfolding
from simpose_tf.figures.seam_paths import Seams
from simpose_tf.surface import distortion, harmonic
from simpose_tf.surface.reference import Reference, save_reference

# Reweighting steps of each map, see harmonic.even_map.
STEPS = 20

HEAD = 24

# Metres: cavities are looked for above this height and not farther from the middle plane.
HEAD_BOX = (1.38, 0.1)

# Direction in the uv plane, radians, from the instep to the big toe: both u and v grow to the toes.
TOES_ALONG = np.radians(40.0)

# Charts that fill the square: landmarks in turn around them, at its corners. A leading `-` means the landmark's
# mirror image on the right half. Charts not named here or below are the mirror images of these.
_SQUARES: dict[int, list[tuple[str, tuple[float, float]]]] = {
    1: [("shoulder.top", (0, 0)), ("-shoulder.top", (0, 1)), ("-hip.side", (1, 1)), ("hip.side", (1, 0))],
    2: [("shoulder.top", (0, 0)), ("-shoulder.top", (0, 1)), ("-hip.side", (1, 1)), ("hip.side", (1, 0))],
    8: [("cleft", (0, 0)), ("hip.side", (0, 1)), ("knee.side", (1, 1)), ("knee.inner", (1, 0))],
    10: [("knee.side", (0, 0)), ("knee.inner", (0, 1)), ("groin", (1, 1)), ("hip.side", (1, 0))],
    12: [("ankle.inner", (0, 0)), ("ankle.side", (0, 1)), ("knee.side", (1, 1)), ("knee.inner", (1, 0))],
    14: [("knee.inner", (0, 0)), ("knee.side", (0, 1)), ("ankle.side", (1, 1)), ("ankle.inner", (1, 0))],
    15: [("shoulder.pit", (0, 0)), ("shoulder.top", (0, 1)), ("elbow.front", (1, 1)), ("elbow.back", (1, 0))],
    17: [("shoulder.pit", (0, 0)), ("shoulder.top", (0, 1)), ("elbow.front", (1, 1)), ("elbow.back", (1, 0))],
    19: [("wrist.front", (0, 0)), ("wrist.back", (0, 1)), ("elbow.back", (1, 1)), ("elbow.front", (1, 0))],
    21: [("elbow.back", (0, 0)), ("elbow.front", (0, 1)), ("wrist.front", (1, 1)), ("wrist.back", (1, 0))],
    24: [("neck.front", (0, 0)), ("neck.back", (1, 0)), ("crown", (1, 1)), ("hairline", (0, 1))],
}  # fmt: skip

# Charts that are cut open: landmarks in turn around them, those on the cut twice.
_CUT_OPEN: dict[int, list[str]] = {
    4: [
        "wrist.front", "wrist.under", "wrist.back", "wrist.over", "wrist.front",
        "Thumb", "Index", "Middle", "Ring", "Pinky", "Ring", "Middle", "Index", "Thumb",
    ],
    5: [
        "ankle.back", "ankle.inner", "ankle.front", "ankle.side", "ankle.back",
        "Toe5", "Toe4", "Toe3", "Toe2", "Toe1", "Toe2", "Toe3", "Toe4", "Toe5", "heel",
    ],
}  # fmt: skip

# A landmark that only the chart's piece touches, besides its anchors.
_WITNESS = {
    1: "neck.back", 2: "neck.front", 4: "Middle", 5: "Toe3", 8: "knee.back", 10: "knee.front", 12: "knee.back",
    14: "knee.front", 15: "shoulder.front", 17: "shoulder.back", 19: "wrist.under", 21: "wrist.over", 24: "neck.side",
}  # fmt: skip


@dataclass(frozen=True)
class _Body:
    """The base mesh cut along its seams.

    Attributes:
      points: `[V, 3]`.
      mirror: `[V]` the vertex on the other side.
      normals: `[V, 3]`.
      joint: bone name -> `[3]`.
      seams: of the left half.
      faces: `[F, 3]`, and
      partner: `[F]` the mirrored face of each.
      cut_faces: `[F, 3]` the same with vertices that seams split, and
      base_vertex: the vertex of the base mesh that each of those is.
      piece: `[F]` number of the piece between seams.
    """

    points: np.ndarray
    mirror: np.ndarray
    normals: np.ndarray
    joint: dict[str, np.ndarray]
    seams: Seams
    faces: np.ndarray
    partner: np.ndarray
    cut_faces: np.ndarray
    base_vertex: np.ndarray
    piece: np.ndarray


def build_reference() -> Reference:
    """Build the open reference surface from the base mesh (some seconds)."""
    body = _cut_body()
    part = np.zeros(len(body.faces), np.uint8)
    uv = np.zeros((len(body.faces), 3, 2), np.float32)
    shallow = _without_cavities(body)
    for chart in _WITNESS:
        names = _CUT_OPEN[chart] if chart in _CUT_OPEN else [name for name, _ in _SQUARES[chart]]
        inside, local, of_base = _disc(body, chart, [*names, _WITNESS[chart]])
        if part[inside].any():
            raise ValueError(f"chart {chart} and chart {part[inside].max()} are one piece")
        part[inside] = chart
        loop, places = _find_anchors(harmonic.boundary_loop(local), of_base, [_vertex(name, body) for name in names])
        if chart in _CUT_OPEN:
            unfold = _unfold_hand if chart == 4 else _unfold_foot
            at_vertex = unfold(body, body.points[of_base], local, loop, places)
        else:
            placed = [(place, corner) for place, (_, corner) in zip(places, _SQUARES[chart], strict=True)]
            loop_uv = harmonic.loop_on_square(shallow[of_base], loop, placed)
            at_vertex = harmonic.even_map(shallow[of_base], local, loop, loop_uv, STEPS)
        if chart == HEAD:
            at_vertex = unfolding.relax(shallow[of_base], local, at_vertex, loop)
        if chart <= 2:  # the torso is its own mirror image
            at_vertex = _symmetric(at_vertex, of_base, body.mirror)
        uv[inside] = np.clip(at_vertex, 0, 1)[local]
    _mirror_charts(part, uv, body.partner)
    return Reference("open", body.points.astype(np.float32), body.faces, part, uv, body.mirror)


def _cut_body() -> _Body:
    """Lay all seams on the base mesh and cut it along them."""
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
    faces, partner = seam_cutting.triangulate(points, quads, mirror, edges)
    cut_faces, base_vertex = seam_cutting.cut_along(faces, edges)
    piece = seam_cutting.pieces_of(cut_faces)
    return _Body(points, mirror, normals, joint, seams, faces, partner, cut_faces, base_vertex, piece)


def _vertex(name: str, body: _Body) -> int:
    """Return the vertex of a landmark; a leading `-` means the right half's."""
    return int(body.mirror[body.seams.marks[name[1:]]]) if name.startswith("-") else body.seams.marks[name]


def _vertex_normals(points: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """Return `[V, 3]` unit normals, quads weighted by area."""
    cross = np.cross(points[quads[:, 2]] - points[quads[:, 0]], points[quads[:, 3]] - points[quads[:, 1]])
    normals = np.zeros_like(points)
    for corner in range(4):
        np.add.at(normals, quads[:, corner], cross)
    return normals / np.linalg.norm(normals, axis=1, keepdims=True)


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


def _without_cavities(body: _Body) -> np.ndarray:
    """Return `[V, 3]` points with the head's cavities made shallow, the same on both sides."""
    low, wide = HEAD_BOX
    head = np.flatnonzero((body.points[:, 1] > low) & (body.points[:, 0] >= 0) & (body.points[:, 0] < wide))
    seen = cavities.sky_seen(body.points[head], body.normals[head], body.points, body.faces)
    inside = np.zeros(len(body.points), bool)
    inside[head[seen < cavities.SKY]] = True
    return cavities.filled(body.points, body.faces, inside | inside[body.mirror])


def _disc(body: _Body, chart: int, names: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the one piece that has all the landmarks: its faces `[F]`, `[f, 3]` of `[v]`, base vertices."""
    around = ((body.faces == _vertex(name, body)).any(1) for name in names)
    touching = set.intersection(*(set(body.piece[near].tolist()) for near in around))
    if len(touching) != 1:
        raise ValueError(f"chart {chart}: {len(touching)} pieces touch all its landmarks")
    inside = body.piece == touching.pop()
    used, local = np.unique(body.cut_faces[inside], return_inverse=True)
    return inside, local.reshape(-1, 3), body.base_vertex[used]


def _unfold_hand(
    body: _Body, vertices: np.ndarray, faces: np.ndarray, loop: np.ndarray, places: list[int]
) -> np.ndarray:
    """Return `[V, 2]` uv of the hand: fingers up, palm at small u, back at large u, joined along the little finger."""
    sides = _sides(vertices[loop], places[5:14], open_seams.hand_back(body.joint))
    return unfolding.unfold(vertices, faces, loop, sides, (loop[places[2]], loop[places[9]], np.pi / 2))


def _unfold_foot(
    body: _Body, vertices: np.ndarray, faces: np.ndarray, loop: np.ndarray, places: list[int]
) -> np.ndarray:
    """Return `[V, 2]` uv of the foot: toes at large u, sole at small v, joined to the upper side along the big toe."""
    sides = _sides(vertices[loop], places[5:14], np.array([0.0, 1.0, 0.0]))
    return unfolding.unfold(vertices, faces, loop, sides, (loop[places[2]], loop[places[9]], TOES_ALONG))


def _sides(points: np.ndarray, tips: list[int], up: np.ndarray) -> list[unfolding.Side]:
    """Return the two sides of a cut: digits seen from `up` `[3]`, then the same in reverse order from below.

    Args:
      points: `[B, 3]` of the loop.
      tips: positions of the tips along the cut: five on one side, four back on the other.
      up: unit vector.
    """
    size = len(points)
    over = unfolding.digits_of(points, tips[:5])
    turned = unfolding.digits_of(points[::-1], [size - 1 - tip for tip in tips[:3:-1]])
    under = [(size - 1 - last, size - 1 - first) for first, last in turned]
    return [
        unfolding.Side(unfolding.stretch(over[0][0], over[-1][1], size), up),
        unfolding.Side(unfolding.stretch(under[-1][0], under[0][1], size), -up),
    ]


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
    """Write the asset and say how much each chart bends angles and areas."""
    # Plain argparse: `figures` lies below `simpose_tf.app`, and this main is for those who change the charts.
    parser = argparse.ArgumentParser(description="Build the 24 open charts.")
    parser.add_argument("--output", required=True, help="The .npz file to write.")
    output = parser.parse_args().output
    try:
        reference = build_reference()
    except InputError as error:
        parser.error(str(error))
    save_reference(output, reference)
    found = distortion.measure(reference.vertices, reference.faces, reference.part, reference.uv)
    for part in range(1, charts.NUM_PARTS + 1):
        print(
            f"{part:2d} {charts.PART_NAMES[part]:22s}{found.faces[part]:5d} faces: area {found.area_spread[part]:.1f}, "
            f"angle {found.angle[part]:4.2f}, stretch {found.stretch[part]:4.2f}, folds {found.folds[part]}"
        )


if __name__ == "__main__":
    main()
