import numpy as np
import trimesh

from simpose_tf.charts import PART_COLORS
from simpose_tf.colors import linear_from_srgb
from simpose_tf.figures.own import chart_glb
from simpose_tf.surface.reference import open_reference


def test_the_coloured_mesh_has_the_files_triangles_and_their_charts(tmp_path):
    """Other tools read it: vertices, colours, part, u and v of every corner come back."""
    reference, path = open_reference(), tmp_path / "a_charts.glb"
    chart_glb.write_colored(path, reference.vertices, reference.faces, (reference.part, reference.uv))
    (read,) = trimesh.load(path, process=False).geometry.values()
    np.testing.assert_allclose(read.vertices[read.faces], reference.vertices[reference.faces], atol=1e-7)
    np.testing.assert_array_equal(read.vertex_attributes["_UV"][read.faces], reference.uv)
    part = read.vertex_attributes["_PART"].reshape(-1)[read.faces]
    np.testing.assert_array_equal(part, np.repeat(reference.part[:, None], 3, axis=1))
    want = 255 * linear_from_srgb(chart_glb.shaded(np.repeat(reference.part[:, None], 3, axis=1), reference.uv))
    assert np.abs(read.visual.vertex_colors[read.faces][..., :3] - want).max() <= 0.5001
    assert len(read.vertices) < 1.2 * len(reference.vertices)


def test_colours_go_from_dark_to_bright_and_to_pale():
    uv = np.array([[0.0, 0.0], [1, 0], [1, 1]])
    dark, plain, pale = chart_glb.shaded(np.full(3, 2), uv)
    np.testing.assert_allclose(plain, PART_COLORS[2] / 255)
    np.testing.assert_allclose(dark, plain / 2)
    np.testing.assert_allclose(pale, plain + 0.4 * (1 - plain))


def test_a_coloured_mesh_is_told_from_a_person(tmp_path):
    colored = chart_glb.colored_path(tmp_path / "ann.npz")
    assert colored == tmp_path / "ann_charts.glb"
    assert not chart_glb.is_colored(colored)  # without charts it may be anybody's
    (tmp_path / "ann.npz").write_bytes(b"")
    assert chart_glb.is_colored(colored)
    assert not chart_glb.is_colored(tmp_path / "ann.glb")
