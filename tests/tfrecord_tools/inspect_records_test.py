"""The contact sheet's main: what it prints and draws, and how it refuses."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from simpose_tf.data import schema
from simpose_tf.errors import InputError
from tests.dolls import doll, photographed
from tfrecord_tools import inspect_records
from tfrecord_tools.data_page import Group
from tfrecord_tools.inspect_records import Settings


def write(path: Path, records: list[bytes]) -> str:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    return str(path)


def run_main(*args: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "tfrecord_tools.inspect_records", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_summary_counts_each_domain(tmp_path: Path) -> None:
    people = [doll(), dataclasses.replace(doll(), image_id=8), photographed(doll())]
    path = write(tmp_path / "a.tfrecord", [schema.encode(p) for p in people])
    inspected = inspect_records.inspect([path], 16)
    assert [p.domain for _, p in inspected.kept] == [schema.SIM, schema.SIM, schema.REAL]
    sim, real = (inspected.statistics[Group(str(tmp_path), "", d)] for d in (schema.SIM, schema.REAL))
    # The doll hides one ear (1) and lacks the label of the other (0).
    assert (len(sim.pictures), sim.visible[15], sim.hidden_shares[1], sim.dense) == (2, 2, 2, 2)
    assert (len(real.pictures), real.visible[15], real.dense) == (1, 1, 0)
    assert sim.part_pixels[2] == 2 * np.sum(doll().part == 2)
    assert sim.part_people[2] == 2 and sim.part_people[1] == 0
    lines = inspect_records.summary_lines([sim, real])
    assert lines[2].split() == ["sim", "2", "2", "2", "15.0", "1.0", "181", "181", "181", "px"]
    assert lines[1].split()[:4] == ["real", "1", "1", "0"]


def test_max_records_reads_the_first_ones(tmp_path: Path) -> None:
    people = [dataclasses.replace(photographed(doll()), person_id=i) for i in range(6)]
    path = write(tmp_path / "a.tfrecord", [schema.encode(p) for p in people])
    inspected = inspect_records.inspect([path], 2, max_records=4)
    assert [person.person_id for _, person in inspected.kept] == [0, 3]
    assert [s.people for s in inspected.statistics.values()] == [4]


def test_sheet_people_are_spread_over_the_records(tmp_path: Path) -> None:
    people = [dataclasses.replace(photographed(doll()), person_id=i) for i in range(9)]
    first = write(tmp_path / "a.tfrecord", [schema.encode(p) for p in people[:4]])
    second = write(tmp_path / "b.tfrecord", [schema.encode(p) for p in people[4:]])
    inspected = inspect_records.inspect([first, second], 3)
    assert [person.person_id for _, person in inspected.kept] == [0, 4, 8]


def test_main_writes_a_readable_sheet(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tfrecord", [schema.encode(doll()), schema.encode(photographed(doll()))])
    done = run_main(f"--input={path}", f"--output={tmp_path}/sheet.png", f"--page={tmp_path}/page.html")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "page.html").read_text()
    assert "(simulated): Parts" in page and "(photographs): What is lacking" in page
    assert "torso_front" in done.stdout
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size[1] > 2 * 300


def test_compact_sheet_has_ten_people_in_a_row(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tfrecord", [schema.encode(photographed(doll()))] * 12)
    inspect_records.write_sheet(path, str(tmp_path / "sheet.png"), Settings(num=12, compact=True))
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (6 + 10 * 186, 6 + 2 * (240 + 26))


def test_main_ends_with_one_line_and_status_2_on_bad_input(tmp_path: Path) -> None:
    done = run_main(f"--input={tmp_path}/*.tfrecord", f"--output={tmp_path}/sheet.png")
    assert done.returncode == 2
    assert done.stderr.strip().splitlines() == [f"error: --input: no file matches '{tmp_path}/*.tfrecord'"]
    assert list(tmp_path.iterdir()) == []


def test_damaged_records_raise(tmp_path: Path) -> None:
    path = Path(write(tmp_path / "a.tfrecord", [schema.encode(photographed(doll()))] * 2))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"a.tfrecord: damaged after 1 records"):
        inspect_records.inspect([str(path)], 4)
    other = tmp_path / "b.tfrecord"
    other.write_bytes(b"this is no record file, but text of some length")
    with pytest.raises(InputError, match=r"b.tfrecord: damaged after 0 records"):
        inspect_records.inspect([str(other)], 4)


def test_empty_file_raises(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tfrecord", [])
    with pytest.raises(InputError, match="no records in 1 files"):
        inspect_records.inspect([path], 4)


def test_other_schema_version_raises_and_names_the_record(tmp_path: Path) -> None:
    example = tf.train.Example.FromString(schema.encode(photographed(doll())))
    good = example.SerializeToString()
    example.features.feature["version"].int64_list.value[0] = schema.VERSION + 1
    path = write(tmp_path / "a.tfrecord", [good, example.SerializeToString()])
    with pytest.raises(InputError, match=r"a.tfrecord, record 1: schema version 4"):
        inspect_records.inspect([path], 4)


def test_record_whose_picture_is_none_raises(tmp_path: Path) -> None:
    example = tf.train.Example.FromString(schema.encode(photographed(doll())))
    example.features.feature["image/encoded"].bytes_list.value[0] = b"no jpeg"
    path = write(tmp_path / "a.tfrecord", [example.SerializeToString()])
    with pytest.raises(InputError, match=r"a.tfrecord, record 0: image/encoded: not a jpeg picture"):
        inspect_records.inspect([path], 4)


def test_output_must_be_png() -> None:
    with pytest.raises(InputError, match=r"--output: name a .png file, not 'sheet.gif'"):
        inspect_records.write_sheet("x", "sheet.gif", Settings())


def test_page_must_be_html(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--page: name a .html file, not 'page.png'"):
        inspect_records.write_sheet("x", str(tmp_path / "sheet.png"), Settings(page="page.png"))


def test_refusal_after_reading_leaves_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tfrecord", [schema.encode(photographed(doll())), b"\xff\xff"])
    with pytest.raises(InputError, match=r"a.tfrecord, record 1: not a tf.train.Example"):
        settings = Settings(page=str(tmp_path / "out" / "page.html"))
        inspect_records.write_sheet(path, str(tmp_path / "out" / "sheet.png"), settings)
    assert [p.name for p in tmp_path.iterdir()] == ["a.tfrecord"]
