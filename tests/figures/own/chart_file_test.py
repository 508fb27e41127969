from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simpose_tf.errors import InputError
from simpose_tf.figures import makehuman
from simpose_tf.figures.fitting.fit import BodyFit
from simpose_tf.figures.own import charted
from simpose_tf.figures.own.chart_file import Annotation, file_charts, keypoints_on, read_annotation, write_charts
from simpose_tf.figures.own.mesh_repair import MeshFile, sound
from simpose_tf.surface.carry import Charting
from simpose_tf.surface.reference import open_reference

REFERENCE = open_reference()
TURN = Rotation.from_euler("xyz", [90, 20, 0], degrees=True).as_matrix()
COUNT = len(REFERENCE.faces)


def annotation(faces: np.ndarray, source: np.ndarray, layer: np.ndarray | None = None) -> Annotation:
    """The body in centimetres and turned, with its own charts; face k of the file lies on face `source[k]`."""
    body = REFERENCE.vertices.astype(float)
    file_vertices = 100 * (body - [0, 0.5, 0]) @ TURN  # figure = 0.01 * turn @ file + shift
    target = sound(MeshFile(file_vertices, faces.astype(np.int64), {}, None, (), "x.obj"))
    fit = BodyFit(body[target.file_vertex], body, TURN, 0.01, np.array([0, 0.5, 0]), 0.001, ("read as centimetres",))
    rows, places = source[target.corner[:, 0] // 3], target.file_vertex[target.faces]
    match = (REFERENCE.faces[rows][:, None, :] == places[:, :, None]).argmax(2)
    uv = np.take_along_axis(REFERENCE.uv[rows], match[:, :, None], axis=1)
    part, none = REFERENCE.part[rows], np.zeros(len(rows), bool)
    distance = np.linspace(0, 0.01, len(target.vertices)).astype(np.float32)
    layers = none if layer is None else layer[target.corner[:, 0] // 3]
    charting = Charting(part, uv, layers, none, distance, tuple(range(1, 25)))
    proposal = replace(charting, part=np.roll(part, 1), uv=np.roll(uv, 1, axis=0), folds=rows % 7 == 0, solved=())
    return Annotation(target, fit, charting, proposal, REFERENCE)


PLAIN = annotation(REFERENCE.faces, np.arange(COUNT))


def test_a_whole_files_charts_are_its_faces_own():
    found = file_charts(PLAIN.target, PLAIN.charting)
    np.testing.assert_array_equal(found.part, REFERENCE.part)
    np.testing.assert_array_equal(found.uv, REFERENCE.uv)
    np.testing.assert_array_equal(found.source, np.arange(COUNT))


def test_turned_faces_keep_their_corners_in_the_files_order():
    order = np.array([2, 1, 0])
    inside_out = annotation(REFERENCE.faces[:, order], np.arange(COUNT))
    assert inside_out.target.repairs == ("turned all faces: the mesh was inside out",)
    np.testing.assert_array_equal(file_charts(inside_out.target, inside_out.charting).uv, REFERENCE.uv[:, order])


def test_faces_that_were_left_out_have_the_charts_of_the_nearest():
    again, flat = REFERENCE.faces[[70, 900]][:, [1, 2, 0]], REFERENCE.faces[[4000]][:, [0, 1, 1]]
    faces = np.concatenate([REFERENCE.faces, again, flat])
    some = annotation(faces, np.concatenate([np.arange(COUNT), [70, 900, 4000]]))
    assert len(some.target.faces) == COUNT
    found = file_charts(some.target, some.charting)
    np.testing.assert_array_equal(found.source[COUNT : COUNT + 2], [70, 900])
    np.testing.assert_allclose(found.uv[COUNT : COUNT + 2], REFERENCE.uv[[70, 900]][:, [1, 2, 0]], atol=1e-6)
    assert found.part[-1] == REFERENCE.part[4000]
    side = REFERENCE.uv[4000][[0, 1, 1]]
    assert np.abs(found.uv[-1] - side).max() < 0.02  # on that edge, or across it in the same chart


def test_what_was_written_is_read_to_the_last_bit(tmp_path):
    write_charts(tmp_path / "a.npz", PLAIN)
    read = read_annotation(tmp_path / "a.npz", PLAIN.target, REFERENCE)
    for got, want in ((read.charting, PLAIN.charting), (read.proposal, PLAIN.proposal)):
        for key in ("part", "uv", "layer", "folds", "distance"):
            np.testing.assert_array_equal(getattr(got, key), getattr(want, key))
            assert getattr(got, key).dtype == getattr(want, key).dtype
    for key in ("body", "turn", "scale", "shift", "gap", "notes"):
        np.testing.assert_array_equal(getattr(read.fit, key), getattr(PLAIN.fit, key))
    np.testing.assert_allclose(read.fit.vertices, PLAIN.fit.vertices, atol=1e-9)


def test_figures_read_the_charts_and_their_keypoints(tmp_path):
    write_charts(tmp_path / "a.npz", PLAIN)
    charts = charted.read_charts(tmp_path / "a.npz", COUNT, len(REFERENCE.vertices))
    np.testing.assert_array_equal(charts.part, REFERENCE.part)
    np.testing.assert_array_equal(charts.faces, REFERENCE.faces)
    vertices, weights = charted.keypoints_of(charts, REFERENCE.faces, "a.npz")
    base = makehuman.load_base()
    found = np.einsum("kn,knd->kd", weights, base.vertices[vertices])
    assert np.linalg.norm(found - base.keypoint_regressor @ base.vertices, axis=1).max() < 0.002


def test_keypoints_follow_the_skin_beneath_a_layer():
    """A second skin 3 cm outside: the keypoints stay where they are."""
    count = len(REFERENCE.vertices)
    middle = REFERENCE.vertices.mean(0)
    body = REFERENCE.vertices.astype(float)
    points = np.concatenate([body, middle + 1.05 * (body - middle)])
    faces = np.concatenate([REFERENCE.faces + count, REFERENCE.faces])
    target = sound(MeshFile(points, faces.astype(np.int64), {}, None, (), "x.obj"))
    fit = replace(PLAIN.fit, vertices=target.vertices)
    layer = target.corner[:, 0] // 3 < COUNT
    part, uv = np.tile(REFERENCE.part, 2), np.tile(REFERENCE.uv, (2, 1, 1))
    none, distance = np.zeros(2 * COUNT, bool), np.zeros(len(target.vertices), np.float32)
    charting = Charting(part, uv, layer, none, distance, ())
    dressed = Annotation(target, fit, charting, charting, REFERENCE)
    vertices, weights = keypoints_on(dressed)
    assert vertices.max() < count
    found = np.einsum("kn,knd->kd", weights, points[vertices])
    base = makehuman.load_base()
    shape = makehuman.shape_vertices(base, makehuman.Shape())
    truth = base.keypoint_regressor @ (shape - shape[0] + body[0])
    assert np.linalg.norm(found - truth, axis=1).max() < 0.002
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-5)


def test_charts_of_another_mesh_or_reference_are_refused(tmp_path):
    path = tmp_path / "a.npz"
    write_charts(path, PLAIN)
    moved = replace(PLAIN.target, file_vertices=PLAIN.target.file_vertices + 1)
    with pytest.raises(InputError, match=r"a\.npz: charts of another mesh than x\.obj"):
        read_annotation(path, moved, REFERENCE)
    other = annotation(REFERENCE.faces[:-1], np.arange(COUNT - 1))
    with pytest.raises(InputError, match=r"a\.npz: charts of another mesh than x\.obj"):
        read_annotation(path, other.target, REFERENCE)
    with pytest.raises(InputError, match=r"a\.npz: made with other charts \(open\) than those of 'open' now"):
        read_annotation(path, PLAIN.target, replace(REFERENCE, uv=REFERENCE.uv[:, ::-1]))
    np.savez(path, part=REFERENCE.part, uv=REFERENCE.uv)
    with pytest.raises(InputError, match=r"a\.npz: not written by annotate_mesh"):
        read_annotation(path, PLAIN.target, REFERENCE)
    path.write_text("hello")
    with pytest.raises(InputError, match=r"a\.npz: not written by annotate_mesh"):
        read_annotation(path, PLAIN.target, REFERENCE)
