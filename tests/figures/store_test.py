import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.figures import store
from simpose_tf.figures.figure import Figure, Material, Skeleton


def figure() -> Figure:
    skeleton = Skeleton(("Hips",), np.array([-1], np.int32), np.zeros((1, 3)), np.ones((1, 3)))
    return Figure(
        "tri",
        np.eye(3, dtype=np.float32),
        np.array([[0, 1, 2]], np.int32),
        np.array([7], np.uint8),
        np.full((1, 3, 2), 0.25, np.float32),
        np.array([1], np.uint8),
        (Material("skin", (0.1, 0.2, 0.3)), Material("top", (1, 0, 0), 0.5, "stripes", (0, 1, 0), 0.1, True)),
        np.zeros((3, 4), np.int32),
        np.full((3, 4), 0.25, np.float32),
        skeleton,
        np.zeros((17, 1), np.int32),
        np.ones((17, 1), np.float32),
        np.ones((3, 3), np.float32),
    )


def test_round_trip(tmp_path):
    store.save_figure(tmp_path / "a.npz", figure())
    got, want = store.read_figure(tmp_path / "a.npz"), figure()
    assert (got.name, got.materials, got.skeleton.names) == (want.name, want.materials, want.skeleton.names)
    for key in ("vertices", "faces", "part", "uv", "material", "skin_joints", "skin_weights", "shade"):
        np.testing.assert_array_equal(getattr(got, key), getattr(want, key))
        assert getattr(got, key).dtype == getattr(want, key).dtype
    np.testing.assert_array_equal(got.skeleton.tails, want.skeleton.tails)


def test_cache_path_changes_with_the_description_and_honours_xdg(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    one, two = store.cache_path("anna", "red"), store.cache_path("anna", "blue")
    assert one != two and one == store.cache_path("anna", "red")
    assert tmp_path in one.parents


def test_read_raises_for_what_is_no_figure(tmp_path):
    (tmp_path / "b.npz").write_bytes(b"not a zip")
    with pytest.raises(InputError, match=r"b\.npz"):
        store.read_figure(tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz", vertices=np.zeros(3))
    with pytest.raises(InputError, match=r"c\.npz"):
        store.read_figure(tmp_path / "c.npz")
