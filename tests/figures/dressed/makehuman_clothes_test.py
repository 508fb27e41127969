import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.figures import makehuman
from simpose_tf.figures.dressed.makehuman_clothes import anchors, clear_of_face, fitted, load_clothes, skin
from simpose_tf.figures.makehuman import Shape
from tests.figures.mhclo_files import suit_quads, write_garment

OBJ = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 1 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nf 1/1 2/2 4/3 3/4\n"
MHCLO = """# text
basemesh hm08
tag Male
tag Work Clothes
obj_file one.obj
x_scale 5399 11998 1.4
z_scale 962 5320 2.0
y_scale 791 881 2.4
verts 0
material one.mhmat
5
10 11 12 0.5 0.25 0.25 0.1 0.2 0.3
 13 14 15 1.0 -0.5 0.5 0 0 0
16 17 18 0.2 0.3 0.5

delete_verts
3 7 - 9
12-13 20
"""


def one(folder, mhclo=MHCLO, obj=OBJ, mhmat=""):
    (folder / "one.obj").write_text(obj)
    (folder / "one.mhmat").write_text(mhmat)
    (folder / "one.mhclo").write_text(mhclo)
    return load_clothes(folder / "one.mhclo", 19158)


def test_a_file_is_read_as_it_is_written(tmp_path):
    clothes = one(tmp_path, mhmat="diffuseColor 0.5 0.25 1\ntransparent True\ndiffuseTexture missing.png\n")
    np.testing.assert_array_equal(clothes.ids, [[5, 5, 5], [10, 11, 12], [13, 14, 15], [16, 17, 18]])
    np.testing.assert_allclose(clothes.weights[:2], [[1, 0, 0], [0.5, 0.25, 0.25]])
    np.testing.assert_allclose(clothes.offsets[1], [0.01, 0.02, 0.03])
    np.testing.assert_array_equal(clothes.deleted, [3, 7, 8, 9, 12, 13, 20])
    np.testing.assert_array_equal(clothes.faces, [[0, 1, 3], [0, 3, 2]])
    np.testing.assert_array_equal(clothes.texture_uv[0], [[0, 1], [1, 1], [1, 0]])
    assert clothes.tags == {"male", "work clothes"}
    assert clothes.look.color == (0.5, 0.25, 1.0) and clothes.look.texture is None and clothes.look.transparent


def test_a_vertex_is_three_of_the_base_mesh_and_an_offset_that_grows_with_the_body(tmp_path):
    clothes, base = one(tmp_path), makehuman.load_base()
    large = 1.5 * base.vertices
    np.testing.assert_allclose(fitted(clothes, base.vertices)[0], base.vertices[5])
    by_hand = large[[10, 11, 12]].T @ [0.5, 0.25, 0.25]
    made_on = np.array([1.4, 2.4, 2.0]) / 10
    pairs = ((5399, 11998, 0), (791, 881, 1), (962, 5320, 2))
    sizes = np.array([abs(large[a, axis] - large[b, axis]) for a, b, axis in pairs])
    np.testing.assert_allclose(fitted(clothes, large)[1], by_hand + [0.01, 0.02, 0.03] * sizes / made_on)
    np.testing.assert_allclose(anchors(clothes, large)[1], by_hand)


def test_skin_weights_are_the_base_meshs_and_sum_to_one(tmp_path):
    clothes, base = one(tmp_path), makehuman.load_base()
    weights = skin(clothes, base)
    np.testing.assert_allclose(weights[0], base.skin[5], atol=1e-6)
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-5)
    assert weights.min() >= 0


def test_without_scale_lines_offsets_stay_as_they_are_on_any_build(tmp_path):
    base = makehuman.load_base()
    path = write_garment(tmp_path, "suit", suit_quads())
    clothes = load_clothes(path, len(base.vertices))
    for shape in (Shape(0, 0.5, 0.3, 0.3, 0.35), Shape(1, 0.6, 0.7, 0.8, 0.65)):
        shaped = makehuman.shape_vertices(base, shape)
        np.testing.assert_allclose(fitted(clothes, shaped), shaped[clothes.ids[:, 0]] + clothes.offsets, atol=1e-9)


def test_hair_is_cut_out_of_the_face_and_stays_elsewhere(tmp_path):
    base = makehuman.load_base()
    path = write_garment(tmp_path, "hood", base.groups["helper-hair"])
    whole = load_clothes(path, len(base.vertices))
    free = clear_of_face(whole, base)
    eyes = (base.keypoint_regressor @ base.vertices)[1:3].mean(0)
    before, after = fitted(whole, base.vertices), fitted(free, base.vertices)
    used = after[np.unique(free.faces)]
    in_face = (np.abs(used[:, 0]) < 0.04) & (np.abs(used[:, 1] - eyes[1] + 0.03) < 0.03) & (used[:, 2] > eyes[2] - 0.01)
    assert not in_face.any()
    np.testing.assert_allclose(used[:, 1].max(), before[:, 1].max(), atol=1e-6)
    assert free.texture_uv.shape == (*free.faces.shape, 2)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("basemesh hm08", "basemesh alpha7", "base mesh 'alpha7'"),
        ("5\n", "5 6\n", r"one.mhclo:11: want 1, 6 or 9 numbers, got 2"),
        ("5\n", "19158\n", r"one.mhclo:11: the base mesh has vertices 0 to 19157"),
        ("0.5 0.25", "0.5 nan?", r"one.mhclo:12"),
        ("12-13 20", "12-x", r"one.mhclo:18: delete_verts"),
        ("5\n", "", "binds 3 vertices, but one.obj has 4"),
        ("obj_file one.obj", "obj_file two.obj", "two.obj: No such file"),
        ("obj_file one.obj", "", "no line 'obj_file'"),
        ("x_scale 5399 11998 1.4", "x_scale 5399 11998 0", "x_scale: want"),
    ],
)
def test_faults_are_told_with_file_and_line(tmp_path, old, new, message):
    with pytest.raises(InputError, match=message):
        one(tmp_path, MHCLO.replace(old, new, 1))


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        (OBJ.replace("4/3", "9/3"), r"one.obj:9: '9/3'"),
        (OBJ.replace("4/3", "4/z"), r"one.obj:9: no corner"),
        ("v 0 0 0\n", "no faces"),
    ],
)
def test_faults_of_a_mesh_are_told(tmp_path, obj, message):
    with pytest.raises(InputError, match=message):
        one(tmp_path, obj=obj)
