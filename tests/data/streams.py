"""What tests of the input pipeline share: its settings, random records, and batches of them."""

import dataclasses

import numpy as np

from simpose_tf.data import augmentation as augment
from simpose_tf.data import crops, pipeline, schema, targets
from tests.data import synthetic

CROP = crops.CropConfig(height=65, width=49, label_stride=4, disk_radius=25.0)
AUGMENTATION = augment.AugmentationConfig(
    min_enlargement=1.0,
    max_enlargement=1.5,
    max_rotation_deg=20.0,
    flip_probability=0.5,
    hue_jitter=0.3,
    saturation_jitter=0.3,
    brightness_jitter=0.3,
    test_enlargement=1.25,
)
PIPELINE = pipeline.PipelineConfig(batch_size=4, sim_share=0.5, shuffle_buffer=8, max_damaged=0)


def write_records(folder):
    """Write 7 records of each domain in two files; return the globs of the simulated and of the real ones."""
    rng = np.random.default_rng(0)
    for name, domain in (("real", schema.REAL), ("sim", schema.SIM)):
        for part, count in enumerate((3, 4)):
            size = tuple(rng.integers(80, 120, 2))
            people = [synthetic.person(rng, domain, size) for _ in range(count)]
            synthetic.write(folder / f"{name}-{part}.tfrecord", people)
    return str(folder / "sim-*"), str(folder / "real-*")


def stream(globs, seed=0, start_batch=0, counted=None, **changes):
    """Return training batches as the train step sees them."""
    config = dataclasses.replace(PIPELINE, **changes)
    batches = pipeline.train_batches(*globs, CROP, AUGMENTATION, config, seed, start_batch, counted)
    return batches.map(lambda batch: targets.expand(batch, CROP))


def first(dataset, count):
    return list(dataset.take(count).as_numpy_iterator())


def first_batches(globs, count, share=1.0, counted=None, **changes):
    """Return batches of 8 without any augmentation of colours."""
    grey = dataclasses.replace(AUGMENTATION, hue_jitter=0.0, saturation_jitter=0.0, brightness_jitter=0.0)
    config = dataclasses.replace(PIPELINE, batch_size=8, sim_share=share, **changes)
    return first(pipeline.train_batches(*globs, CROP, grey, config, 0, 0, counted), count)


def assert_equal(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)
