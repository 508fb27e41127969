"""Data sets of files, and what their manifests tell."""

import json
from pathlib import Path

import numpy as np
import pytest

from simpose_tf.data import schema
from simpose_tf.errors import InputError
from simpose_tf.visualize.statistics import Statistics
from tests.dolls import doll, photographed
from tfrecord_tools import data_page
from tfrecord_tools.data_page import Group
from tfrecord_tools.data_statistics import add_person

MANIFEST = {
    "settings": {"cast": {"split": "val"}, "seed": 4},
    "made_with": ["llvmpipe 1"],
    "num_records": 12,
    "num_tasks": 5,
    "shards": [{"bytes": 1_500_000}, {"bytes": 500_000}],
    "skipped": ["a line"],
    "schema_version": 2,
    "versions": {"numpy": "1", "a": "2"},
    "fingerprint": "abc",
}


def counted() -> Statistics:
    result = Statistics()
    add_person(result, doll())
    return result


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("a/train-00000-of-00017.tfrecord", Group("a", "train", 1)),
        ("a/my-set-00016-of-00017.tfrecord", Group("a", "my-set", 1)),
        ("a/b/people.tfrecord", Group("a/b", "", 1)),
    ],
)
def test_shards_of_one_name_in_one_folder_are_a_data_set(path, group):
    assert data_page.group_of(path, schema.SIM) == group


def test_title_names_folder_shards_and_domain():
    assert Group("x/sim", "train", schema.SIM).title == "sim / train (simulated)"
    assert Group("x/real", "", schema.REAL).title == "real (photographs)"


def test_page_tells_what_the_manifest_says(tmp_path: Path):
    (tmp_path / "val.manifest.json").write_text(json.dumps(MANIFEST))
    group = Group(str(tmp_path), "val", schema.SIM)
    text = data_page.html_of({group: counted()}, {group: np.zeros((8, 8, 3), np.uint8)})
    for fact in (
        "12 in 2 files; 1 of them are shown here",
        "2.0 MB",
        "1 inputs",
        "a 2, numpy 1",
        "abc",
        ">val<",
        ">5<",
    ):
        assert fact in text, fact
    assert "&quot;seed&quot;: 4" in text  # all settings


def test_page_without_a_manifest_says_so(tmp_path: Path):
    real = Statistics()
    add_person(real, photographed(doll()))
    text = data_page.html_of({Group(str(tmp_path), "", schema.REAL): real}, {})
    assert "none beside the files" in text and "seed" not in text


@pytest.mark.parametrize("content", ["{", "[]", '{"settings": 3, "num_records": 1}', '{"settings": {}}'])
def test_broken_manifest_is_named(tmp_path: Path, content: str):
    (tmp_path / "val.manifest.json").write_text(content)
    with pytest.raises(InputError, match=r"val.manifest.json: no manifest of a data set"):
        data_page.read_manifest(Group(str(tmp_path), "val", schema.SIM))
