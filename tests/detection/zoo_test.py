"""A detector written by the API's own exporter, as those of the TF2 detection zoo are: 90 classes, person is 1."""

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from object_detection import exporter_lib_v2
from object_detection.builders import model_builder
from object_detection.protos.pipeline_pb2 import TrainEvalPipelineConfig

from simpose_tf.inference import detector
from simpose_tf.inference.detector import DetectionConfig

# After the zoo's ssd_mobilenet_v2_fpnlite_320x320, with fewer anchors and answers.
CONFIG = """
model { ssd {
  num_classes: 90
  image_resizer { fixed_shape_resizer { height: 96 width: 96 } }
  feature_extractor {
    type: "ssd_mobilenet_v2_fpn_keras" use_depthwise: true override_base_feature_extractor_hyperparams: true
    fpn { min_level: 3 max_level: 5 additional_layer_depth: 32 }
    conv_hyperparams {
      activation: RELU_6 regularizer { l2_regularizer { weight: 0.00004 } }
      initializer { random_normal_initializer { mean: 0.0 stddev: 0.3 } } batch_norm { scale: true }
    }
  }
  box_coder { faster_rcnn_box_coder { y_scale: 10 x_scale: 10 height_scale: 5 width_scale: 5 } }
  matcher { argmax_matcher { matched_threshold: 0.5 unmatched_threshold: 0.5 ignore_thresholds: false } }
  similarity_calculator { iou_similarity {} }
  anchor_generator { multiscale_anchor_generator { min_level: 3 max_level: 5 anchor_scale: 4.0 aspect_ratios: 0.5 } }
  box_predictor { weight_shared_convolutional_box_predictor {
    depth: 32 num_layers_before_predictor: 1 kernel_size: 3 use_depthwise: true
    conv_hyperparams {
      activation: RELU_6 regularizer { l2_regularizer { weight: 0.00004 } }
      initializer { random_normal_initializer { mean: 0.0 stddev: 0.3 } } batch_norm { scale: true }
    }
  } }
  loss {
    classification_loss { weighted_sigmoid_focal { alpha: 0.25 gamma: 2.0 } }
    localization_loss { weighted_smooth_l1 {} }
  }
  post_processing {
    batch_non_max_suppression { score_threshold: 0.00001 max_detections_per_class: 20 max_total_detections: 100 }
    score_converter: SIGMOID
  }
} }
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zoo")
    config = text_format.Parse(CONFIG, TrainEvalPipelineConfig())
    tf.keras.utils.set_random_seed(0)
    model = model_builder.build(config.model, is_training=False)
    model.predict(tf.zeros((1, 96, 96, 3)), tf.constant([[96, 96, 3]]))
    tf.train.Checkpoint(model=model).save(str(folder / "checkpoint" / "ckpt"))
    exporter_lib_v2.export_inference_graph("image_tensor", config, str(folder / "checkpoint"), str(folder / "out"))
    return str(folder / "out" / "saved_model")


@pytest.mark.slow
def test_its_people_go_on_and_nobody_else(exported):
    loaded = detector.load(exported)
    image = tf.constant(np.random.default_rng(0).integers(0, 256, (70, 110, 3), np.uint8))
    answer = loaded.detect(image[None])
    classes, scores = answer["detection_classes"][0].numpy(), answer["detection_scores"][0].numpy()
    people = np.sum(classes == 1)
    assert 0 < people < len(classes) and set(classes) - {1}
    boxes, kept = detector.find_boxes(loaded.detect, image, DetectionConfig(box_score=0.0, max_people=100), 1.0)
    assert 0 < len(boxes) <= people and set(kept.numpy()) <= set(scores[classes == 1])
    assert np.all(boxes.numpy() >= 0) and np.all(boxes.numpy() <= [70, 110, 70, 110])
