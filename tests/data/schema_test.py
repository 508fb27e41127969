import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.data import schema
from simpose_tf.errors import InputError
from tests.data import synthetic

LOSSY = ("image", "u", "v", "normal")


def example_of(person: schema.Person) -> tf.train.Example:
    example = tf.train.Example()
    example.ParseFromString(schema.encode(person))
    return example


@pytest.fixture(params=[schema.SIM, schema.REAL], ids=["sim", "real"])
def person(request) -> schema.Person:
    return synthetic.person(np.random.default_rng(5), request.param, (90, 70))


def test_round_trip_keeps_everything_but_what_the_codecs_lose(person):
    decoded = schema.decode(schema.encode(person))
    for field in dataclasses.fields(person):
        before, after = getattr(person, field.name), getattr(decoded, field.name)
        if before is None or field.name not in LOSSY:
            np.testing.assert_array_equal(before, after, err_msg=field.name)


def test_round_trip_of_uv_and_normals_is_within_half_a_level():
    person = synthetic.person(np.random.default_rng(0))
    decoded = schema.decode(schema.encode(person))
    half = 0.5 / 65535 + 1e-7
    np.testing.assert_allclose(decoded.u, person.u, rtol=0, atol=half)
    np.testing.assert_allclose(decoded.v, person.v, rtol=0, atol=half)
    np.testing.assert_allclose(decoded.normal, person.normal, rtol=0, atol=2 * half)
    assert not decoded.normal[~person.mask].any()


def test_round_trip_of_the_image_is_close_to_jpeg_quality_95(person):
    decoded = schema.decode(schema.encode(person))
    difference = decoded.image.astype(int) - person.image
    # Luma: the codec halves the colours' resolution, which harms these flat, saturated shapes more.
    assert np.abs(difference @ [0.299, 0.587, 0.114]).mean() < 1.5
    assert np.abs(difference).mean() < 5


def test_encoding_again_gives_the_same_bytes(person):
    assert schema.encode(person) == schema.encode(person)


def test_what_is_absent_stays_absent():
    real = synthetic.person(np.random.default_rng(1), schema.REAL)
    assert not {"person/iuv", "person/normal", "others/mask"} & set(example_of(real).features.feature)
    decoded = schema.decode(schema.encode(real))
    assert all(getattr(decoded, name) is None for name in ("part", "u", "v", "normal", "others"))
    fields = schema.read(schema.encode(real))
    assert not {"iuv", "normal", "others"} & set(fields) and fields["ignore"]


def test_the_record_holds_no_key_outside_the_table(person):
    assert set(example_of(person).features.feature) <= schema.KEYS


@pytest.mark.parametrize("stored", [[schema.VERSION + 1], [0], [], [schema.VERSION, schema.VERSION]])
def test_another_version_is_refused(person, stored):
    example = example_of(person)
    example.features.feature["version"].int64_list.value[:] = stored
    with pytest.raises(schema.WrongRecordsError, match="somewhere: schema version"):
        schema.decode(example.SerializeToString(), "somewhere")


def test_a_missing_feature_is_named(person):
    example = example_of(person)
    del example.features.feature["person/mask"]
    with pytest.raises(InputError, match="'person/mask' is missing"):
        schema.decode(example.SerializeToString())


def test_bytes_that_are_no_example_are_refused():
    with pytest.raises(InputError, match=r"somewhere: not a tf\.train\.Example"):
        schema.decode(b"\xff\xff\xff", "somewhere")


def test_a_wrong_shape_is_refused_when_written(person):
    with pytest.raises(ValueError, match="visibility"):
        schema.encode(dataclasses.replace(person, visibility=np.zeros(16, int)))


def test_opencv_reads_pictures_as_tensorflow_does(person):
    fields = schema.read(schema.encode(person))
    in_graph = tf.io.decode_jpeg(fields["image"], dct_method="INTEGER_ACCURATE").numpy().astype(int)
    # Both are libjpeg; builds differ by rounding in the colour conversion.
    assert np.abs(in_graph - schema.decode_picture(fields["image"], "image")).max() <= 2
    mask = tf.io.decode_png(fields["mask"], channels=1)[..., 0]
    np.testing.assert_array_equal(schema.decode_picture(fields["mask"], "mask"), mask)
    for name in {"iuv", "normal"} & set(fields):
        levels = tf.io.decode_png(fields[name], channels=3, dtype=tf.uint16)
        np.testing.assert_array_equal(schema.decode_picture(fields[name], name), levels)


@pytest.mark.parametrize("name", ["image", "mask", "iuv"])
@pytest.mark.parametrize("harm", [lambda data: data[:-9], lambda data: b"no picture", lambda data: b""])
def test_a_broken_picture_is_refused(name, harm):
    fields = schema.read(schema.encode(synthetic.person(np.random.default_rng(0), size=(60, 60))))
    with pytest.raises(ValueError, match=f"{schema.BY_NAME[name].key}: not a {schema.BY_NAME[name].encoding} picture"):
        schema.decode_picture(harm(fields[name]), name)


def test_a_picture_of_another_kind_is_refused():
    fields = schema.read(schema.encode(synthetic.person(np.random.default_rng(0), size=(60, 60))))
    with pytest.raises(ValueError, match="person/mask: not a png8 picture"):
        schema.decode_picture(fields["iuv"], "mask")


@pytest.mark.parametrize("key", ["person/box", "person/keypoints", "domain", "person/mask"])
def test_a_feature_without_values_is_named(person, key):
    example = example_of(person)
    example.features.feature[key].Clear()
    with pytest.raises(ValueError, match=f"'{key}'"):
        schema.read(example.SerializeToString())


def test_the_table_of_the_manual_names_every_feature():
    table = schema.markdown_table()
    assert all(f"| `{feature.key}` |" in table for feature in schema.FEATURES)
    assert len(table.splitlines()) == len(schema.FEATURES) + 2
