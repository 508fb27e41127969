import numpy as np
import pytest
import trimesh

from simpose_tf.surface.manifold import part_sheets
from simpose_tf.surface.reference import open_reference


def turned(faces: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return np.where(rows[:, None], faces[:, ::-1], faces)


def volume(points: np.ndarray, faces: np.ndarray) -> float:
    return float(np.linalg.det(points[faces]).sum() / 6)


def joined(*boxes: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Unit cubes with their lower corners at these places, welded."""
    mesh = trimesh.util.concatenate([trimesh.creation.box(bounds=[np.array(b), np.array(b) + 1]) for b in boxes])
    mesh.merge_vertices()
    return np.array(mesh.vertices), np.array(mesh.faces)


def most_faces_at_an_edge(faces: np.ndarray) -> int:
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    return int(np.unique(edges, axis=0, return_counts=True)[1].max())


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_faces_turned_at_random_are_found_and_nothing_else_changes(share):
    reference = open_reference()
    rows = np.random.default_rng(0).random(len(reference.faces)) < share
    sheets = part_sheets(reference.vertices.astype(float), turned(reference.faces.astype(np.int64), rows))
    np.testing.assert_array_equal(sheets.turned, rows)
    assert len(sheets.crowded) == 0
    assert sheets.piece.max() == 0
    assert len(sheets.vertex) == len(reference.vertices)
    sorted_faces = np.sort(sheets.vertex[sheets.faces], axis=1)
    np.testing.assert_array_equal(sorted_faces, np.sort(reference.faces, axis=1))
    assert volume(reference.vertices[sheets.vertex].astype(float), sheets.faces) > 0


def test_an_open_shell_looks_away_from_what_it_covers():
    """A skirt: open above and below."""
    mesh = trimesh.creation.cylinder(radius=1, height=2, sections=24)
    wall = np.array(mesh.faces)[np.abs(mesh.face_normals[:, 2]) < 0.5]
    for rows in (np.zeros(len(wall), bool), np.ones(len(wall), bool)):
        sheets = part_sheets(np.array(mesh.vertices), turned(wall, rows))
        np.testing.assert_array_equal(sheets.turned, rows)


def test_a_flat_sheet_keeps_its_side_unless_the_body_is_inside_out():
    box, faces = joined((0, 0, 0))
    card = np.array([[5.0, 0, 0], [6, 0, 0], [6, 1, 0], [5, 1, 0]])
    points = np.concatenate([box, card])
    both = np.concatenate([faces, [[8, 9, 10], [8, 10, 11]]])
    assert not part_sheets(points, both).turned.any()
    assert part_sheets(points, both[:, ::-1]).turned.all()


def test_cubes_that_share_an_edge_are_parted_there():
    points, faces = joined((0, 0, 0), (1, 1, 0))
    assert (len(points), most_faces_at_an_edge(faces)) == (14, 4)
    sheets = part_sheets(points, faces)
    assert (len(sheets.vertex), sheets.piece.max() + 1, most_faces_at_an_edge(sheets.faces)) == (16, 2, 2)
    ends = points[sheets.crowded[0]]
    np.testing.assert_allclose(np.sort(ends, axis=0), [[1, 1, 0], [1, 1, 1]])
    assert volume(points[sheets.vertex], sheets.faces) == pytest.approx(2)


def test_cubes_that_share_a_corner_are_parted_there():
    points, faces = joined((0, 0, 0), (1, 1, 1))
    sheets = part_sheets(points, faces)
    assert (len(points), len(sheets.vertex), len(sheets.crowded)) == (15, 16, 0)


def test_a_fin_is_cut_off_and_the_body_stays_whole():
    sphere = trimesh.creation.icosphere(subdivisions=2)
    a, b = sphere.edges[0]
    points = np.concatenate([sphere.vertices, [1.5 * (sphere.vertices[a] + sphere.vertices[b]) / 2]])
    faces = np.concatenate([sphere.faces, [[a, b, len(points) - 1]]])
    sheets = part_sheets(points, faces)
    assert len(sheets.crowded) == 1
    np.testing.assert_array_equal(np.bincount(sheets.piece), [320, 1])
    assert most_faces_at_an_edge(sheets.faces) == 2
    body = sheets.faces[:320]
    assert len(np.unique(body)) == len(sphere.vertices)
    assert volume(points[sheets.vertex], body) == pytest.approx(sphere.volume)


def test_a_moebius_strip_is_cut_open_and_stays_a_manifold():
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    out = np.stack([np.cos(angle), np.sin(angle), 0 * angle], 1)
    tilt = np.cos(angle / 2)[:, None] * out + np.sin(angle / 2)[:, None] * [0, 0, 1]
    points = np.concatenate([out - 0.2 * tilt, out + 0.2 * tilt])
    near, far = np.arange(20), np.arange(20) + 20
    next_near, next_far = np.append(near[1:], far[0]), np.append(far[1:], near[0])
    faces = np.concatenate([np.stack([near, next_near, far], 1), np.stack([next_near, next_far, far], 1)])
    sheets = part_sheets(points, faces)
    assert most_faces_at_an_edge(sheets.faces) == 2
    assert len(sheets.vertex) == 42  # one edge is there twice
    directed = np.concatenate([sheets.faces[:, [0, 1]], sheets.faces[:, [1, 2]], sheets.faces[:, [2, 0]]])
    assert len(np.unique(directed, axis=0)) == len(directed)


def test_every_tangle_becomes_a_manifold():
    rng = np.random.default_rng(4)
    for _ in range(20):
        points = rng.normal(size=(12, 3))
        faces = np.stack([rng.permutation(12)[:3] for _ in range(60)])
        faces = np.unique(np.sort(faces, axis=1), axis=0)
        sheets = part_sheets(points, faces)
        directed = np.concatenate([sheets.faces[:, [0, 1]], sheets.faces[:, [1, 2]], sheets.faces[:, [2, 0]]])
        assert len(np.unique(directed, axis=0)) == len(directed)
        assert most_faces_at_an_edge(sheets.faces) <= 2
        np.testing.assert_array_equal(np.sort(sheets.vertex[sheets.faces], axis=1), faces)
