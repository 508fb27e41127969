import re

import numpy as np
import pytest
from absl import flags

from simpose_tf import bench_data, configurables
from simpose_tf.data import pipeline, schema
from simpose_tf.data.augmentation import AugmentationConfig
from simpose_tf.data.crops import CropConfig
from simpose_tf.data.pipeline import PipelineConfig
from tests.data import synthetic


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("records"), np.random.default_rng(0)
    for name, domain in (("real", schema.REAL), ("sim", schema.SIM)):
        synthetic.write(folder / f"{name}.tfrecord", [synthetic.person(rng, domain) for _ in range(8)])
    if "gin_file" not in flags.FLAGS:
        bench_data.define_flags()
    flags.FLAGS(["bench"])
    configurables.load(["gin_configs/quickstart.gin"], ["PipelineConfig.sim_share = 0.5"])
    settings = tuple(configurables.get(cls) for cls in (CropConfig, AugmentationConfig, PipelineConfig))
    records = str(folder / "sim.tfrecord"), str(folder / "real.tfrecord")
    source = pipeline.crop_source(*records, settings[0], settings[2], 0)
    return bench_data.Bench(*settings, source, pipeline.train_batches(*records, *settings, 0))


def numbers(lines):
    return {line[:42].strip(): float(line[42:]) for line in lines if re.search(r" [\d.]+$", line[42:])}


def test_steps_make_up_the_whole_and_the_ratio_is_to_the_decode(bench):
    rows = numbers(bench_data.one_core(bench, rounds=3))
    steps = ("read", "parse", "decode", "warp the picture (enlarge, turn, flip)", "warp the labels")
    assert all(rows[step] > 0 for step in steps)
    assert rows["the whole pipeline"] > rows["decode"] > rows["parse"]
    assert rows["the whole / the bare decode"] == pytest.approx(rows["the whole pipeline"] / rows["decode"], rel=0.4)
    assert rows["crops/s on one core"] == pytest.approx(1000 / rows["the whole pipeline"], rel=0.01)


def test_memory_is_told_at_each_tenth(bench):
    lines = bench_data.memory(bench, 200)
    told = [re.fullmatch(r" *(\d+) crops: +(\d+) MiB resident", line) for line in lines]
    assert [int(match[1]) for match in told] == [-(-20 * i // 16) * 16 for i in range(11)]
    assert all(50 < int(match[2]) < 20000 for match in told)
