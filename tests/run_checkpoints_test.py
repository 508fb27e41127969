"""Facts about `simpose_tf.run_checkpoints`."""

import resource

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf import run_checkpoints
from simpose_tf.errors import InputError


@pytest.fixture
def run(tmp_path):
    """Return a run's folder with the checkpoints 2, 4 and 10, and the checkpoint's object."""
    checkpoint = tf.train.Checkpoint(weights=tf.Variable(tf.random.stateless_uniform((50, 40), (0, 1))))
    for step in (2, 4, 10):
        checkpoint.weights.assign(tf.fill((50, 40), float(step)))
        run_checkpoints.write(checkpoint, tmp_path / "checkpoints", step, keep=3)
    return tmp_path, checkpoint


def names(model_dir):
    return sorted(path.name for path in (model_dir / "checkpoints").iterdir() if path.name != "checkpoint")


def file_of(model_dir, step, suffix):
    return model_dir / "checkpoints" / f"ckpt-{step}.{suffix}"


DATA = "data-00000-of-00001"


def cut_off(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


def remove(path):
    path.unlink()


def test_checkpoints_are_in_the_order_of_their_steps(run):
    model_dir, _ = run
    assert [step for step, _ in run_checkpoints.numbered(model_dir / "checkpoints")] == [10, 4, 2]
    assert run_checkpoints.latest_checkpoint(model_dir).endswith("ckpt-10")
    assert run_checkpoints.latest_checkpoint(model_dir / "nowhere") is None
    assert run_checkpoints.last_whole_checkpoint(model_dir / "nowhere", print) is None


def test_only_the_last_ones_are_kept(run):
    model_dir, checkpoint = run
    run_checkpoints.write(checkpoint, model_dir / "checkpoints", 12, keep=2)
    assert names(model_dir) == [f"ckpt-{step}.{suffix}" for step in (10, 12) for suffix in (DATA, "index")]


@pytest.mark.parametrize("harm", [cut_off, flip_a_bit, empty, remove])
@pytest.mark.parametrize("suffix", [DATA, "index"])
def test_the_one_before_a_damaged_one_is_taken_and_that_is_said(run, harm, suffix):
    model_dir, checkpoint = run
    harm(file_of(model_dir, 10, suffix))
    told = []
    path = run_checkpoints.last_whole_checkpoint(model_dir, told.append)
    assert path.endswith("ckpt-4")
    if (harm, suffix) != (remove, "index"):  # without an index it was never finished
        assert len(told) == 1 and "ckpt-10: damaged" in told[0] and "\n" not in told[0]
    checkpoint.restore(path).assert_consumed()
    np.testing.assert_array_equal(checkpoint.weights, np.full((50, 40), 4.0))


def test_a_damaged_list_of_checkpoints_does_not_matter(run):
    model_dir, _ = run
    (model_dir / "checkpoints" / "checkpoint").write_bytes(b"\x00\xff")
    assert run_checkpoints.last_whole_checkpoint(model_dir, print).endswith("ckpt-10")


def test_if_all_are_damaged_it_is_told_in_one_line(run):
    model_dir, _ = run
    for step in (2, 4, 10):
        cut_off(file_of(model_dir, step, DATA))
    with pytest.raises(InputError, match=r"^--model_dir: all checkpoints in .* are damaged"):
        run_checkpoints.last_whole_checkpoint(model_dir, lambda _: None)


def test_damaged_and_unfinished_ones_are_put_out_of_the_way(run):
    model_dir, _ = run
    file_of(model_dir, 12, DATA).write_bytes(b"half")
    (model_dir / "checkpoints" / "ckpt-14_temp").mkdir()
    run_checkpoints.set_aside_after(model_dir / "checkpoints", 4)
    kept = [f"ckpt-{step}.{suffix}" for step in (2, 4) for suffix in (DATA, "index")]
    assert names(model_dir) == [*kept, f"damaged-ckpt-10.{DATA}", "damaged-ckpt-10.index"]


def test_a_failed_write_is_told_in_one_line_and_leaves_the_earlier_ones_whole(run):
    model_dir, checkpoint = run
    before, limits = names(model_dir), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, limits[1]))  # no file may grow longer: as on a full disk
    try:
        with pytest.raises(OSError, match="checkpoint of step 12 cannot be written to") as raised:
            run_checkpoints.write(checkpoint, model_dir / "checkpoints", 12, keep=3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(str(raised.value).splitlines()) == 1
    assert names(model_dir) == before
    assert run_checkpoints.last_whole_checkpoint(model_dir, print).endswith("ckpt-10")
