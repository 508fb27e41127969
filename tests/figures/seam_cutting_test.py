import numpy as np

from simpose_tf.figures import seam_cutting

# Two rows of two quads, the right column (x > 0) the mirror image of the left one (x < 0).
POINTS = np.array([[x, y, 0.0] for y in (0, 1, 2) for x in (-1, 0, 1)])
QUADS = np.array([[0, 1, 4, 3], [1, 2, 5, 4], [3, 4, 7, 6], [4, 5, 8, 7]])
MIRROR = np.array([2, 1, 0, 5, 4, 3, 8, 7, 6])


def test_quads_are_cut_along_a_seams_diagonal_and_mirrored():
    faces, partner = seam_cutting.triangulate(POINTS, QUADS, MIRROR, {(2, 4), (0, 4)})
    assert len(faces) == 8
    sides = {tuple(sorted(side)) for a, b, c in faces.tolist() for side in ((a, b), (b, c), (c, a))}
    assert {(2, 4), (0, 4)} <= sides and not {(1, 5), (1, 3)} & sides
    np.testing.assert_array_equal(partner[partner], np.arange(8))
    np.testing.assert_array_equal(MIRROR[faces][:, [0, 2, 1]], faces[partner])


def test_a_cut_through_the_middle_leaves_two_pieces_with_their_own_vertices():
    seam = {(1, 4), (4, 7)}
    faces, _ = seam_cutting.triangulate(POINTS, QUADS, MIRROR, seam)
    whole, _ = seam_cutting.cut_along(faces, set())
    assert len(np.unique(seam_cutting.pieces_of(whole))) == 1
    cut, base = seam_cutting.cut_along(faces, seam)
    piece = seam_cutting.pieces_of(cut)
    assert len(np.unique(piece)) == 2 and len(base) == 12
    np.testing.assert_array_equal(base[cut], faces)
    assert not set(cut[piece == 0].ravel()) & set(cut[piece == 1].ravel())


def test_a_slit_that_ends_inside_splits_only_what_lies_before_its_end():
    faces, _ = seam_cutting.triangulate(POINTS, QUADS, MIRROR, {(1, 4)})
    cut, base = seam_cutting.cut_along(faces, {(1, 4)})
    assert len(np.unique(seam_cutting.pieces_of(cut))) == 1
    assert sorted(base.tolist()) == [0, 1, 1, 2, 3, 4, 5, 6, 7, 8]
