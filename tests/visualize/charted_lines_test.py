"""Lines on charted meshes, on a strip and on the open reference."""

import numpy as np
import pytest

from simpose_tf.surface.reference import open_reference
from simpose_tf.visualize import charted_lines
from simpose_tf.visualize.orthographic import SIDES, camera_on, look_along, rasterise

# Two squares side by side in the plane z = 0, and a third one above the right square.
VERTICES = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0], [1, 1, 0], [2, 1, 0], [1, 2, 0], [2, 2, 0]], float)
FACES = np.array([[0, 1, 4], [0, 4, 3], [1, 2, 5], [1, 5, 4], [4, 5, 7], [4, 7, 6]])


def test_iso_segments_of_a_linear_function_lie_where_it_has_the_value():
    values = VERTICES[FACES][..., 0] + 2 * VERTICES[FACES][..., 1]
    lines = charted_lines.iso_segments(VERTICES, FACES, values, 1.3)
    np.testing.assert_allclose(lines.ends[..., 0] + 2 * lines.ends[..., 1], 1.3)
    # By hand: it enters the first square at (0, 0.65) and leaves at (1, 0.15), then meets the bottom at (1.3, 0).
    assert lines.faces[:, 0].tolist() == [0, 1, 2, 3]
    length = np.linalg.norm(lines.ends[:, 1] - lines.ends[:, 0], axis=1).sum()
    assert length == pytest.approx(np.hypot(1.3, 0.65))


def test_iso_segments_random():
    """Against each triangle's edges one by one."""
    rng = np.random.default_rng(2)
    vertices, faces = rng.normal(size=(30, 3)), rng.integers(0, 30, (80, 3))
    values = rng.random((80, 3))
    lines = charted_lines.iso_segments(vertices, faces, values, 0.5)
    found = {int(f): ends for f, ends in zip(lines.faces[:, 0], lines.ends, strict=True)}
    for f in range(80):
        crossings = []
        for a, b in ((0, 1), (1, 2), (2, 0)):
            va, vb = values[f, a], values[f, b]
            if (va > 0.5) != (vb > 0.5):
                start, end = vertices[faces[f, a]], vertices[faces[f, b]]
                crossings.append(start + (0.5 - va) / (vb - va) * (end - start))
        assert (f in found) == (len(crossings) == 2)
        if f in found:
            np.testing.assert_allclose(sorted(found[f].tolist()), sorted(np.array(crossings).tolist()), atol=1e-9)


def test_seams_of_three_squares():
    part = np.array([1, 1, 2, 2, 3, 3])
    uv = VERTICES[FACES][..., :2] / 2
    seams = charted_lines.find_seams(VERTICES, FACES, part, uv)
    assert sorted(map(sorted, seams.borders.ends.tolist())) == [
        [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]],
        [[1.0, 1.0, 0.0], [2.0, 1.0, 0.0]],
    ]
    assert {tuple(sorted(pair)) for pair in seams.borders.faces.tolist()} == {(0, 3), (3, 4)}
    assert len(seams.cuts.ends) == 0
    assert len(seams.rims.ends) == 8
    assert len(seams.spokes.ends) == 0  # two borders meet: no junction


def test_a_jump_of_uv_inside_a_part_is_a_cut_and_three_seams_make_a_junction():
    part = np.array([1, 1, 2, 2, 2, 2])
    uv = VERTICES[FACES][..., :2] / 2
    uv[4:] += [0, 0.3]
    # The diagonal of the right square, too.
    uv[2] += [0.1, 0]
    seams = charted_lines.find_seams(VERTICES, FACES, part, uv)
    assert {tuple(sorted(pair)) for pair in seams.cuts.faces.tolist()} == {(3, 4), (2, 3)}
    # At (1, 1) the border meets one cut, at (1, 0) the other one, at (2, 1) both cuts: two each.
    assert len(seams.spokes.ends) == 0
    part[5] = 3
    seams = charted_lines.find_seams(VERTICES, FACES, part, uv)
    assert np.unique(seams.spokes.ends[:, 0], axis=0).tolist() == [[1, 1, 0]]
    assert len(seams.spokes.ends) == 3


def test_an_edge_of_three_faces_counts_once():
    faces = np.array([[0, 1, 4], [1, 0, 3], [0, 1, 7]])
    seams = charted_lines.find_seams(VERTICES, faces, np.array([1, 2, 3]), np.zeros((3, 3, 2)))
    assert len(seams.borders.ends) == 1


def test_lines_on_the_far_side_are_hidden():
    body = open_reference()
    vertices = body.vertices.astype(float)
    camera = camera_on(vertices, look_along(*SIDES["front"]), 200.0)
    raster = rasterise(camera, vertices, body.faces)
    lines = charted_lines.iso_segments(vertices, body.faces, body.uv[..., 0], 0.5)
    seen = charted_lines.visible(camera, raster, lines)
    of = body.part[lines.faces[:, 0]]
    assert not seen[of == 1].any()  # the back
    middle = np.abs(lines.ends[:, 0, 0]) < 0.08
    assert seen[(of == 2) & middle].all() and ((of == 2) & middle).sum() > 10  # the belly
    assert not charted_lines.visible(camera, raster, charted_lines.Segments(lines.ends + 9, lines.faces)).any()


def test_draw_puts_a_line_where_it_is():
    camera = camera_on(VERTICES, look_along(*SIDES["front"]), 20.0)
    canvas = np.full((camera.height, camera.width, 3), 255, np.uint8)
    line = charted_lines.Segments(np.array([[[0, 0.5, 0], [2, 0.5, 0]]]), np.zeros((1, 2), int))
    charted_lines.draw(canvas, camera, line, (0, 0, 0))
    rows = np.flatnonzero((canvas < 128).any((1, 2)))
    # y = 0.5 of 2 metres lies 30 pixels below the top, between the centres of rows 29 and 30.
    assert set(rows) <= {29, 30} and len(rows)
