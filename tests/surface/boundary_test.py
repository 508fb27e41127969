import numpy as np

from simpose_tf.surface import boundary
from simpose_tf.surface.topology import open_along, sides_of
from tests.surface.topology_test import grid


def square_loop(n: int, cut: int = 0, beyond: tuple[int, ...] = (2, 3, 4, 5)) -> tuple[boundary.Loop, np.ndarray]:
    """The boundary of a unit square of part 1 with other parts below, right, above and left; cut open from the left."""
    vertices, faces = grid(n)
    sides = sides_of(faces)
    row = (n // 2) * n
    path = {(row + k, row + k + 1) for k in range(cut)}
    whole = np.array([tuple(sorted(e)) not in path for e in sides.ends.tolist()])
    corner, old = open_along(faces, sides, whole)
    found = boundary.beyond_sides(faces, sides, whole, np.ones(len(faces), int))
    middle = (vertices[faces] + vertices[np.roll(faces, -1, 1)]) / 2
    for k, (axis, value) in enumerate([(1, 0), (0, 1), (1, 1), (0, 0)]):
        found[(found == boundary.NOTHING) & (middle[..., axis] == value)] = beyond[k]
    return boundary.loops_around(corner, found, vertices[old], 1)[0], vertices[old][:, :2]


def test_junctions_are_where_neighbours_change_and_where_a_cut_ends():
    loop, uv = square_loop(9, cut=4)
    places = {tuple(p) for p in uv[loop.vertices[loop.junctions]].tolist()}
    assert places == {(0, 0), (1, 0), (1, 1), (0, 1), (0, 0.5), (0.5, 0.5)}
    assert len(loop.junctions) == 7  # the start of the cut is passed twice


def test_a_loop_matched_to_itself_is_in_place():
    loop, uv = square_loop(9, cut=4)
    match = boundary.match_loop(loop, loop, uv[loop.vertices], 1)
    np.testing.assert_allclose(match.uv, uv[loop.vertices], atol=1e-12)
    assert match.cost == 0 and match.bound.all() and match.cut.sum() == 9


def test_another_mesh_of_the_same_square_is_matched_by_arc_length():
    chart, uv = square_loop(9, cut=4)
    loop, place = square_loop(17, cut=8)
    match = boundary.match_loop(loop, chart, uv[chart.vertices], 1)
    np.testing.assert_allclose(match.uv, place[loop.vertices], atol=1e-9)


def test_both_sides_of_a_cut_are_told_apart():
    chart, uv = square_loop(9, cut=4)
    loop = square_loop(17, cut=8)[0]
    # One side of the chart's cut (the second half of its own-part edges, as the loop runs) is lifted in uv.
    first = int(np.flatnonzero((chart.beyond == 1) & (np.roll(chart.beyond, 1) != 1))[0])
    lifted = uv.copy()
    lifted[np.roll(chart.vertices, -first)[5:9], 1] += 0.2
    match = boundary.match_loop(loop, chart, lifted[chart.vertices], 1)
    start = int(np.flatnonzero((loop.beyond == 1) & (np.roll(loop.beyond, 1) != 1))[0])
    heights = np.roll(match.uv[:, 1], -start)
    np.testing.assert_allclose(heights[:9], 0.5, atol=1e-9)
    np.testing.assert_allclose(heights[10:16], 0.7, atol=1e-9)


def test_a_moved_side_is_matched_by_arc_length_alone():
    chart, uv = square_loop(9)
    loop, place = square_loop(9)
    moved = boundary.Loop(loop.vertices, loop.points * [0.7, 1, 1], loop.beyond, loop.junctions)
    match = boundary.match_loop(moved, chart, uv[chart.vertices], 1)
    np.testing.assert_allclose(match.uv, place[loop.vertices], atol=1e-9)


def test_a_wrong_neighbour_and_nothing_beyond_are_not_bound():
    chart, uv = square_loop(9)
    loop, place = square_loop(9, beyond=(2, 3, 4, boundary.NOTHING))
    match = boundary.match_loop(loop, chart, uv[chart.vertices], 1)
    left = (place[loop.vertices][:, 0] == 0) & (np.abs(place[loop.vertices][:, 1] - 0.5) < 0.5)
    np.testing.assert_array_equal(match.bound, ~left)
    assert match.cost == 1  # metres of boundary beyond which the wrong part lies


def test_a_chart_without_junctions_has_no_match():
    loop, uv = square_loop(5, beyond=(2, 2, 2, 2))
    assert boundary.match_loop(loop, loop, uv[loop.vertices], 1) is None
