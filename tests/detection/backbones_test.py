"""Facts about `simpose_tf.detection.backbones.fine_tune`; backbones' files are tested beside their networks."""

import numpy as np
import pytest
import tensorflow as tf
from object_detection.protos.train_pb2 import TrainConfig

from simpose_tf.detection import backbones, trainer
from simpose_tf.errors import InputError
from tests.detection.small import CONFIG, tiny_pipeline

OTHER = "model { ssd { feature_extractor { fpn { additional_layer_depth: 8 } } } }"


def a_run(folder, seed, *more):
    tf.keras.utils.set_random_seed(seed)
    return trainer.build_run(tiny_pipeline(*more), CONFIG, tf.distribute.get_strategy(), folder)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a run after three steps, of other pictures, and the path of its checkpoint."""
    run = a_run(tmp_path_factory.mktemp("trained"), 1, "model { ssd { loss { localization_weight: 3 } } }")
    run.optimizer.iterations.assign(3)
    run.save()
    return run, str(run.model_dir / "checkpoints" / "ckpt-3")


def test_a_run_starts_from_all_weights_of_a_trained_detector_and_from_step_0(trained, tmp_path):
    before, path = trained
    run = a_run(tmp_path, 2)
    pairs = [*zip(run.model.variables, before.model.variables, strict=True)]
    assert not all(np.array_equal(ours, theirs) for ours, theirs in pairs)
    backbones.fine_tune(run.model, TrainConfig(fine_tune_checkpoint=path, fine_tune_checkpoint_type="full"))
    assert len(pairs) > 100 and all(np.array_equal(ours, theirs) for ours, theirs in pairs)
    assert run.step() == 0


def test_the_checkpoint_of_another_detector_is_told(trained, tmp_path):
    run = a_run(tmp_path, 2, OTHER)
    with pytest.raises(InputError, match=r"fine_tune_checkpoint: '.*ckpt-3' holds no weights of this detector"):
        backbones.fine_tune(run.model, TrainConfig(fine_tune_checkpoint=trained[1]))


def test_a_missing_checkpoint_and_another_type_are_told(trained):
    model = trained[0].model
    with pytest.raises(InputError, match="fine_tune_checkpoint: no checkpoint at 'nowhere'"):
        backbones.fine_tune(model, TrainConfig(fine_tune_checkpoint="nowhere"))
    asked = TrainConfig(fine_tune_checkpoint=trained[1], fine_tune_checkpoint_type="classification")
    with pytest.raises(InputError, match="fine_tune_checkpoint_type: 'classification'; only 'full'"):
        backbones.fine_tune(model, asked)
