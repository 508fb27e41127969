"""Facts about `simpose_tf.detection.records`."""

import dataclasses

import cv2
import numpy as np
import pytest
from object_detection.core.standard_fields import InputDataFields as Fields

from simpose_tf.detection import api, records  # noqa: F401, api before the API decodes
from simpose_tf.errors import InputError
from tests.detection.small import boxed_picture


def two_people() -> records.BoxedPicture:
    boxes = np.array([[8.0, 4.0, 72.0, 36.0], [0.5, 50.25, 95.0, 96.0]])
    picture = dataclasses.replace(boxed_picture(3), boxes_yxyx=boxes, areas=np.array([900.0, 40.0]))
    return dataclasses.replace(picture, crowd=np.array([False, True]))


def test_what_is_written_is_read():
    picture = two_people()
    read = records.decode(records.encode(picture))
    assert (read.encoded, read.height, read.width) == (picture.encoded, 96, 96)
    assert (read.image_id, read.file_name) == (3, "003.jpg")
    np.testing.assert_allclose(read.boxes_yxyx, picture.boxes_yxyx, atol=1e-5)
    np.testing.assert_array_equal(read.areas, picture.areas)
    np.testing.assert_array_equal(read.crowd, picture.crowd)


def test_a_picture_without_people_keeps_its_empty_boxes():
    nobody = dataclasses.replace(two_people(), boxes_yxyx=np.zeros((0, 4)), areas=np.zeros(0), crowd=np.zeros(0, bool))
    assert records.decode(records.encode(nobody)).boxes_yxyx.shape == (0, 4)


def test_the_api_reads_pixels_boxes_and_no_weight_for_crowds():
    from object_detection.data_decoders.tf_example_decoder import TfExampleDecoder

    picture = two_people()
    read = TfExampleDecoder().decode(records.encode(picture))
    # 8 / 96, 4 / 96, 72 / 96, 36 / 96
    np.testing.assert_allclose(read[Fields.groundtruth_boxes][0], [1 / 12, 1 / 24, 0.75, 0.375], atol=1e-6)
    np.testing.assert_array_equal(read[Fields.groundtruth_classes], [1, 1])
    np.testing.assert_array_equal(read[Fields.groundtruth_weights], [1, 0])
    np.testing.assert_array_equal(read[Fields.groundtruth_is_crowd], [False, True])
    true = cv2.imdecode(np.frombuffer(picture.encoded, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    # Two JPEG decoders spread colours over pixels differently: means over 8 x 8 pixels agree.
    means = [image.reshape(12, 8, 12, 8, 3).mean((1, 3)) for image in (read[Fields.image].numpy().astype(float), true)]
    np.testing.assert_allclose(*means, atol=6)


@pytest.mark.parametrize("serialized", [b"", b"no record", b"\xff\xff\xff"])
def test_no_record_is_told(serialized):
    with pytest.raises(InputError, match="here: no record of a person detector"):
        records.decode(serialized, "here")
