"""Facts about `simpose_tf.bench_train`."""

import re

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf import bench_train, configurables, train
from simpose_tf.bench_train import Round, Timing
from simpose_tf.data import schema
from simpose_tf.model.network import HEADS, Network
from tests.batches import CROP
from tests.data import synthetic
from tests.mains import run_main
from tests.model.backbone_test import SMALL
from tests.train_test import TINY


def flops_of(layer, shape):
    function = tf.function(layer).get_concrete_function(tf.TensorSpec(shape))
    return [bench_train.convolution_flops(op) for op in function.graph.get_operations() if op.type == "Conv2D"]


@pytest.mark.parametrize("dilation", [1, 2, 4])
def test_flops_of_a_convolution_preset(dilation):
    layer = tf.keras.layers.Conv2D(6, 3, padding="same", dilation_rate=dilation)
    # Two for each of 3 x 3 x 5 weights, 6 channels and 9 x 7 cells; a dilated one is not charged for its padding.
    assert flops_of(layer, (1, 9, 7, 5)) == [2 * 3 * 3 * 5 * 6 * 9 * 7]


def test_forward_flops_are_those_of_all_kernels_at_their_cells():
    network = Network(SMALL, CROP)
    heads = sum(2 * 9 * 5 * 64 * size for size in HEADS.values())
    stem = 2 * 33 * 17 * 7 * 7 * 3 * 8
    stage = {2: (8, 8, 17 * 9), 3: (16, 8, 9 * 5), 4: (32, 16, 9 * 5), 5: (64, 32, 9 * 5)}
    blocks = 0
    for channels, before, cells in stage.values():
        blocks += 2 * cells * channels * (before + 9 * before + 3 * 9 * channels)
    assert bench_train.forward_flops(network) == stem + blocks + heads


def test_shares_are_the_medians_of_the_rounds():
    rounds = [
        Round(2, 4.0, 8.0, 1.0, 100.0, 50.0),
        Round(1, 2.0, 4.0, 0.0, 100.0, 50.0),
        Round(1, 8.0, 5.0, 1.0, 100.0, 50.0),  # disturbed
    ]
    timing = Timing(crops=4, crop_flops=10.0, rounds=rounds)
    assert timing.step_flops == 3 * 10 * 4
    assert timing.step_seconds == 2
    assert timing.share_of_peak == pytest.approx(120 * 2 / 4 / 100)
    assert timing.share_per_cpu == pytest.approx(120 / 4 / 50)
    assert timing.waiting == pytest.approx(2 / 16)


def test_batches_without_a_card_hold_as_much_work_as_a_step_of_seconds(monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    assert bench_train.default_batch(8, 1.29e11) == 2
    assert bench_train.default_batch(8, 9e11) == 1
    assert bench_train.default_batch(16, 4e8) == 16


def test_random_batches_are_what_the_pipeline_gives():
    configurables.load(["gin_configs/quickstart.gin"], None)
    settings = train.checked_settings()
    batch = next(iter(bench_train.random_batches(settings, 3)))
    spec = bench_train.pipeline.crop_spec(settings[bench_train.CropConfig])
    assert {name: value.shape[1:] for name, value in batch.items()} == {n: s.shape for n, s in spec.items()}
    assert all(batch[name].dtype == spec[name].dtype for name in spec if name != "image")
    assert int(tf.reduce_max(batch["iuv"][..., 0])) <= 24
    assert np.array_equal(batch["domain"], [0, 1, 0])


def told_by_main(capsys, *arguments):
    params = [f"--gin_param={name}={value}" for name, value in TINY.items() if not name.startswith("Monitor")]
    given = ["--gin_file=gin_configs/quickstart.gin", "--rounds=1", "--batch_size=2", *params, *arguments]
    return run_main(bench_train, given, capsys)


def test_main_tells_speed_share_and_waiting(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(bench_train, "_ROUND_SECONDS", 0.0)
    monkeypatch.setattr(bench_train, "_PRODUCT_FLOPS", {"CPU": 1.0, "GPU": 1.0})
    monkeypatch.setattr(bench_train, "_PRODUCT_SIZE", {"CPU": 256, "GPU": 256})
    rng = np.random.default_rng(0)
    synthetic.write(tmp_path / "sim", [synthetic.person(rng) for _ in range(4)])
    synthetic.write(tmp_path / "real", [synthetic.person(rng, schema.REAL) for _ in range(4)])
    ended = told_by_main(capsys, f"--sim_records={tmp_path}/sim", f"--real_records={tmp_path}/real")
    assert ended.status == 0, ended.stderr
    assert re.search(r"steps/s of 2 crops, .* crops/s", ended.stdout)
    assert re.search(r"share of the peak \d+%; per CPU second \d+%", ended.stdout)
    assert re.search(r"input waited for  [\d.]+% of the time", ended.stdout)
    assert told_by_main(capsys, f"--sim_records={tmp_path}/nothing").status == 2
