import numpy as np

from simpose_tf.surface import lookup
from simpose_tf.surface.reference import Reference, open_reference


def test_barycentric_of_corners_and_middle():
    triangle = np.array([[[0, 0, 0], [2, 0, 0], [0, 3, 1.0]]])
    points = np.concatenate([triangle[0], triangle.mean(1)])
    weights = lookup.barycentric(points, np.repeat(triangle, 4, 0))
    np.testing.assert_allclose(weights, [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1 / 3, 1 / 3, 1 / 3]], atol=1e-12)


def test_points_of_the_surface_find_their_own_iuv():
    reference = open_reference()
    rng = np.random.default_rng(0)
    face = rng.integers(0, len(reference.faces), 500)
    weights = rng.dirichlet([3, 3, 3], 500)
    points = np.einsum("nc,nck->nk", weights, reference.vertices[reference.faces[face]].astype(float))
    part, uv = lookup.iuv_of_points(reference, points)
    expected = np.einsum("nc,nck->nk", weights, reference.uv[face])
    same = (part == reference.part[face]) & (np.abs(uv - expected).max(1) < 1e-3)
    assert same.mean() > 0.99  # the lips touch: two places may be equally near


def test_faces_of_the_surface_find_their_own_chart_and_corners():
    reference = open_reference()
    torso = np.flatnonzero(reference.part <= 2)[::7]
    part, uv = lookup.iuv_of_faces(reference, reference.vertices, reference.faces[torso])
    np.testing.assert_array_equal(part, reference.part[torso])
    np.testing.assert_allclose(uv, reference.uv[torso], atol=2e-5)


def test_a_lifted_surface_takes_the_charts_beneath_it():
    reference = open_reference()
    arm = np.flatnonzero(np.isin(reference.part, (19, 20, 21, 22)))
    vertices = reference.vertices.astype(float)
    corners = vertices[reference.faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    lifted = (corners[arm] + 0.004 * normal[arm, None]).reshape(-1, 3)
    part, uv = lookup.iuv_of_faces(reference, lifted, np.arange(len(lifted)).reshape(-1, 3))
    assert (part == reference.part[arm]).mean() > 0.95
    same = part == reference.part[arm]
    assert np.median(np.abs(uv[same] - reference.uv[arm][same])) < 0.01


def test_another_shape_of_the_body_has_the_same_charts():
    reference = open_reference()
    taller = reference.vertices * np.float32([1.1, 1.3, 1.2])
    points = taller[reference.faces].mean(1)[::40]
    part, _ = lookup.iuv_of_points(reference, points, taller)
    np.testing.assert_array_equal(part, reference.part[::40])


def faces_across_cuts(reference: Reference) -> np.ndarray:
    """Triangles `[N, 3, 3]` over the cuts of hands and feet: the middles of both faces at an edge, and its start."""
    at_edge: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for face in np.flatnonzero(np.isin(reference.part, (3, 4, 5, 6))).tolist():
        for corner in range(3):
            ends = reference.faces[face, corner], reference.faces[face, (corner + 1) % 3]
            at_edge.setdefault((min(ends), max(ends)), []).append((face, corner))
    vertices, found = reference.vertices.astype(float), []
    for (start, _), sides in at_edge.items():
        if len(sides) == 2:
            (one, i), (other, j) = sides
            jump = np.abs(reference.uv[one, i] - reference.uv[other, (j + 1) % 3]).max()
            if reference.part[one] == reference.part[other] and jump > 1e-3:
                middles = vertices[reference.faces[[one, other]]].mean(1)
                found.append([*middles, vertices[start]])
    return np.array(found)


def test_no_face_smears_across_a_cut():
    reference = open_reference()
    across = faces_across_cuts(reference)
    assert len(across) > 500
    _, uv = lookup.iuv_of_faces(reference, across.reshape(-1, 3), np.arange(3 * len(across)).reshape(-1, 3))
    span = np.ptp(uv, axis=1).max(1)
    assert span.max() <= 0.2 and np.percentile(span, 75) < 0.02


def test_majority_prefers_the_middle_in_a_tie():
    votes = np.array([[1, 1, 2, 2], [3, 3, 3, 4], [5, 6, 7, 8]])
    np.testing.assert_array_equal(lookup._majority(votes), [2, 3, 8])


def test_parts_limit_the_choice():
    reference = open_reference()
    hanging = np.array([[0.1, 1.2, -0.15], [0.1, 1.1, -0.15], [0.12, 1.1, -0.15]])  # hair down the back
    faces = np.array([[0, 1, 2]])
    assert lookup.iuv_of_faces(reference, hanging, faces)[0] == 1
    part, uv = lookup.iuv_of_faces(reference, hanging, faces, parts=(23, 24))
    assert part == 24 and (uv[..., 1] < 0.3).all()
