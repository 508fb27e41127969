import time

import numpy as np
import pytest

from simpose_tf import keypoints
from simpose_tf.errors import InputError
from simpose_tf.figures import catalogue, pose
from simpose_tf.figures.garments import Skirt, Top, Trousers

NAMES = [spec.name for spec in catalogue.SPECS]
ANY = pytest.mark.parametrize("name", NAMES)


def test_splits_share_nobody_and_hold_enough_people():
    train, val = (catalogue.figure_names(split) for split in catalogue.SPLITS)
    assert not set(train) & set(val) and set(train) | set(val) == set(NAMES)
    assert len(train) >= 6 and len(val) >= 2 and len(set(NAMES)) == len(NAMES)


def test_catalogue_is_varied():
    outfits = {tuple(type(g).__name__ for g, _ in spec.wear) for spec in catalogue.SPECS}
    sleeves = {g.sleeve for spec in catalogue.SPECS for g, _ in spec.wear if isinstance(g, Top)}
    lengths = {g.length for spec in catalogue.SPECS for g, _ in spec.wear if isinstance(g, Trousers | Skirt)}
    assert len(outfits) >= 3 and len(sleeves) >= 3 and len(lengths) >= 4
    for value in ("hair_style", "skin"):
        assert len({getattr(spec, value) for spec in catalogue.SPECS}) >= 4
    assert {spec.shape.gender for spec in catalogue.SPECS} == {0, 1}
    assert all(0.3 <= spec.shape.height <= 0.7 for spec in catalogue.SPECS)


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
    assert 1.4 < figure.vertices[figure.faces.ravel(), 1].max() < 2.0


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


@ANY
def test_bare_skin_does_not_stand_out_of_cloth(name):
    """Skin within the cloth's reach must lie inside it: at rest and in poses."""
    import trimesh

    figure = catalogue.load_figure(name)
    kind = np.array([material.name for material in figure.materials])[figure.material]
    cloth = np.isin(kind, ["top", "bottom"])
    skin = np.unique(figure.faces[kind == "skin"])
    body = np.zeros(len(figure.vertices), bool)
    body[skin] = True
    rng = np.random.default_rng(1)
    fractions = []
    for k in range(4):
        rotations = np.tile(np.eye(3), (52, 1, 1)) if k == 0 else pose.sample_pose(figure.skeleton, rng)
        vertices = pose.pose_vertices(figure, rotations)
        mesh = trimesh.Trimesh(vertices, figure.faces[cloth], process=False)
        normals = pose.vertex_normals(figure.vertices, figure.faces)
        rest = trimesh.Trimesh(figure.vertices, figure.faces[cloth], process=False)
        start = figure.vertices[skin] - 0.002 * normals[skin]
        # Skin beneath cloth: a ray outward along the rest normal meets cloth within 4 cm.
        hit, ray, _ = rest.ray.intersects_location(start, normals[skin], multiple_hits=False)
        beneath = skin[ray[np.linalg.norm(hit - start[ray], axis=1) < 0.04]]
        if not len(beneath):
            return
        posed_normals = pose.vertex_normals(vertices, figure.faces[kind == "skin"])
        start = vertices[beneath] - 0.003 * posed_normals[beneath]
        hit, ray, _ = mesh.ray.intersects_location(start, posed_normals[beneath], multiple_hits=False)
        met = np.zeros(len(beneath), bool)
        met[ray] = np.linalg.norm(hit - start[ray], axis=1) < 0.12
        fractions.append(1 - met.mean())
    assert fractions[0] < 0.02
    assert np.mean(fractions[1:]) < 0.08


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
    from simpose_tf.figures.dressing import build

    spec = catalogue.SPECS[3]
    first, again = build(spec), build(spec)
    for key in ("vertices", "faces", "uv", "skin_weights", "shade"):
        assert getattr(first, key).tobytes() == getattr(again, key).tobytes(), key
