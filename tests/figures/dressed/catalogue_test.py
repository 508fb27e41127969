import time

import numpy as np
import pytest

from simpose_tf import keypoints
from simpose_tf.errors import InputError
from simpose_tf.figures import pose
from simpose_tf.figures.dressed import catalogue
from simpose_tf.figures.dressed.garments import Skirt, Top, Trousers

NAMES = [spec.name for spec in catalogue.SPECS]
ANY = pytest.mark.parametrize("name", NAMES)


def test_splits_share_nobody_and_hold_enough_people():
    train, val = (catalogue.figure_names(split) for split in catalogue.SPLITS)
    assert not set(train) & set(val) and set(train) | set(val) == set(NAMES)
    assert len(train) >= 17 and len(val) >= 5 and len(set(NAMES)) == len(NAMES)


def test_clothes_of_validation_are_unseen_in_training():
    """Neither a garment in its cloth nor, but for shoes, its cut is worn in both splits."""
    worn = {split: [pair for s in catalogue.SPECS if s.split == split for pair in s.wear] for split in catalogue.SPLITS}
    assert not {repr(pair) for pair in worn["train"]} & {repr(pair) for pair in worn["val"]}
    cuts = [{repr(garment) for garment, _ in worn[split]} for split in catalogue.SPLITS]
    assert not cuts[0] & cuts[1]
    hats = [{repr(h) for s in catalogue.SPECS if s.split == split for h in s.on_head} for split in catalogue.SPLITS]
    assert not hats[0] & hats[1]


def test_catalogue_is_varied():
    train = [spec for spec in catalogue.SPECS if spec.split == "train"]
    garments = [garment for spec in train for garment, _ in spec.wear]
    sleeves = {g.sleeve for g in garments if isinstance(g, Top)}
    lengths = {g.length for g in garments if isinstance(g, Trousers | Skirt)}
    assert len({tuple(g for g, _ in spec.wear) for spec in train}) >= 17 and len(sleeves) >= 8 and len(lengths) >= 8
    assert any(isinstance(g, Skirt) and g.front for g in garments)  # a coat
    assert any(isinstance(g, Top) and g.front and "lapels" in g.details for g in garments)
    assert any(isinstance(g, Top) and "hood" in g.details for g in garments)
    assert len({spec.hair_style for spec in train}) >= 10 and len({spec.skin for spec in train}) >= 6
    assert {spec.shape.gender for spec in train} == {0, 1}
    ages = [spec.shape.age for spec in train]
    assert min(ages) < 0.19 and max(ages) > 0.85
    assert len({spec.shape for spec in catalogue.SPECS}) == len(catalogue.SPECS)
    assert all(0.3 <= spec.shape.height <= 0.7 for spec in catalogue.SPECS)


@ANY
def test_a_figure_has_at_most_forty_five_thousand_triangles(name):
    assert len(catalogue.load_figure(name).faces) <= 45_000


def test_unknown_split_and_name_raise():
    with pytest.raises(InputError, match="test"):
        catalogue.figure_names("test")
    with pytest.raises(InputError, match="nobody"):
        catalogue.load_figure("nobody")


@ANY
def test_every_face_lies_in_one_chart_with_valid_uv(name):
    figure = catalogue.load_figure(name)
    assert figure.part.min() >= 1 and set(figure.part.tolist()) == set(range(1, 25))
    assert figure.uv.shape == (len(figure.faces), 3, 2) and np.isfinite(figure.uv).all()
    assert figure.uv.min() >= 0 and figure.uv.max() <= 1
    assert figure.faces.min() >= 0 and figure.faces.max() < len(figure.vertices)
    assert figure.material.max() < len(figure.materials)


@ANY
def test_arrays_are_finite_and_weights_sum_to_one(name):
    figure = catalogue.load_figure(name)
    assert np.isfinite(figure.vertices).all() and np.isfinite(figure.shade).all()
    assert figure.skin_joints.shape == figure.skin_weights.shape == (len(figure.vertices), 4)
    np.testing.assert_allclose(figure.skin_weights.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(figure.keypoint_weights.sum(1), 1, atol=1e-5)
    assert figure.skin_weights.min() >= 0 and figure.shade.min() >= 0
    assert abs(figure.vertices[figure.faces.ravel(), 1].min()) < 1e-5
    assert 1.2 < figure.vertices[figure.faces.ravel(), 1].max() < 2.05


@ANY
def test_keypoints_are_on_their_side_and_in_their_order(name):
    points = pose.keypoints_3d(catalogue.load_figure(name), catalogue.load_figure(name).vertices)
    at = dict(zip(keypoints.NAMES, points, strict=True))
    for what in ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
        left, right = at[f"left_{what}"], at[f"right_{what}"]
        assert left[0] > 0.02 and np.linalg.norm(left - right * [-1, 1, 1]) < 0.02
    heights = [at[f"left_{what}"][1] for what in ("eye", "shoulder", "elbow", "hip", "knee", "ankle")]
    assert heights == sorted(heights, reverse=True)
    assert at["nose"][2] > at["left_eye"][2] > at["left_ear"][2]


@ANY
def test_truncated_keypoints_are_those_of_the_whole_regressor(name):
    from simpose_tf.figures import makehuman

    base, spec = makehuman.load_base(), next(s for s in catalogue.SPECS if s.name == name)
    figure = catalogue.load_figure(name)
    vertices = makehuman.shape_vertices(base, spec.shape)
    error = pose.keypoints_3d(figure, figure.vertices) - base.keypoint_regressor @ vertices
    assert np.abs(error - error.mean(0)).max() < 0.004  # figures stand on their soles: one common lift


def test_a_figure_is_built_once_and_then_read_quickly(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    built = catalogue.load_figure("dayo")
    files = list((tmp_path / "simpose_tf" / "figures").iterdir())
    assert len(files) == 1
    stamp, start = files[0].stat().st_mtime_ns, time.perf_counter()
    read = catalogue.load_figure("dayo")
    assert time.perf_counter() - start < 0.2
    assert files[0].stat().st_mtime_ns == stamp
    for key in ("vertices", "faces", "part", "uv", "shade", "skin_weights", "keypoint_weights"):
        np.testing.assert_array_equal(getattr(built, key), getattr(read, key))
    assert built.materials == read.materials and built.skeleton.names == read.skeleton.names


def test_building_twice_gives_the_same_bytes():
    from simpose_tf.figures.dressed.dressing import build

    spec = catalogue.SPECS[3]
    first, again = build(spec), build(spec)
    for key in ("vertices", "faces", "uv", "skin_weights", "shade"):
        assert getattr(first, key).tobytes() == getattr(again, key).tobytes(), key


@ANY
def test_one_looks_into_no_head(name):
    """Parallel rays onto the upper half of the head, from above and from the front, meet no surface from behind."""
    import trimesh

    figure = catalogue.load_figure(name)
    kind = np.array([material.name for material in figure.materials])[figure.material]
    eyes = figure.vertices[figure.faces[kind == "eyes"].ravel()].mean(0)
    mesh = trimesh.Trimesh(figure.vertices, figure.faces, process=False)
    step = np.arange(-0.05, 0.051, 0.004)
    a, b = (grid.ravel() for grid in np.meshgrid(step, step))
    above = eyes + np.stack([a, np.full(len(a), 1.0), b - 0.05], -1)
    before = eyes + np.stack([a, b + 0.10, np.full(len(a), 1.0)], -1)
    origins = np.concatenate([above, before])
    directions = np.repeat([[0.0, -1, 0], [0, 0, -1]], len(a), axis=0)
    face = mesh.ray.intersects_first(origins, directions)
    seen = face >= 0
    behind = np.einsum("nc,nc->n", mesh.face_normals[face], directions) > 0
    behind &= kind[face] != "cap"  # a visor is one sheet
    assert seen.sum() > 600 and behind[seen].mean() < 0.004
