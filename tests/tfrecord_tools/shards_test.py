import errno
import hashlib
import json
from pathlib import Path

import pytest
import tensorflow as tf

from simpose_tf.errors import InputError
from tfrecord_tools.beam import BeamRun
from tfrecord_tools.data_set import DataSet
from tfrecord_tools.shards import write_shards


def make(task):
    """Two records a task; task 3 leaves something out."""
    return [b"first %d" % task, b"second %d" % task], (["task 3 is odd"] if task == 3 else [])


def fail_on_five(task):
    if task == 5:
        raise InputError("task 5 is bad")
    return make(task)


def nothing(task):
    return [], [f"task {task} gave nothing"]


class Called:
    """Makes records and counts its calls in a file, as Beam calls a copy; after `good` calls it raises."""

    def __init__(self, log, good=100, fault=None):
        self.log, self.good, self.fault = log, good, fault

    def __call__(self, task):
        with self.log.open("a") as log:
            log.write(f"{task}\n")
        if len(self.calls()) > self.good:
            raise self.fault
        return make(task)

    def calls(self):
        return self.log.read_text().split() if self.log.exists() else []


def data_set(folder, shards=3, settings=None, name="train"):
    return DataSet(str(folder), name, shards, settings or {"seed": 1})


def read(path):
    return [r.numpy() for r in tf.data.TFRecordDataset(str(path))]


def bytes_of(folder):
    return {p.name: p.read_bytes() for p in sorted(Path(folder).iterdir())}


def test_shard_i_holds_every_nth_task_in_order(tmp_path):
    manifest = write_shards(range(7), make, data_set(tmp_path), BeamRun())
    assert read(tmp_path / "train-00001-of-00003.tfrecord") == [b"first 1", b"second 1", b"first 4", b"second 4"]
    assert manifest["num_records"] == 14
    assert manifest["skipped"] == ["task 3 is odd"]
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "train-00000-of-00003.tfrecord",
        "train-00001-of-00003.tfrecord",
        "train-00002-of-00003.tfrecord",
        "train.manifest.json",
    ]


def test_manifest_tells_the_truth_about_the_files(tmp_path):
    returned = write_shards(range(7), make, data_set(tmp_path), BeamRun(), ["known before"])
    manifest = json.loads((tmp_path / "train.manifest.json").read_text())
    assert manifest == json.loads(json.dumps(returned))
    assert manifest["settings"] == {"seed": 1}
    assert manifest["skipped"] == ["known before", "task 3 is odd"]
    for shard in manifest["shards"]:
        data = (tmp_path / shard["file"]).read_bytes()
        assert shard["sha256"] == hashlib.sha256(data).hexdigest()
        assert shard["bytes"] == len(data)
        assert shard["records"] == len(read(tmp_path / shard["file"]))


def test_finished_shards_are_kept_and_lost_ones_written_again(tmp_path):
    write_shards(range(7), make, data_set(tmp_path), BeamRun())
    before = bytes_of(tmp_path)
    kept, lost = tmp_path / "train-00000-of-00003.tfrecord", tmp_path / "train-00001-of-00003.tfrecord"
    time = kept.stat().st_mtime_ns
    lost.unlink()
    (tmp_path / ".train-00001-of-00003.tfrecord.123.part.tfrecord").write_bytes(b"half")
    write_shards(range(7), make, data_set(tmp_path), BeamRun())
    assert kept.stat().st_mtime_ns == time
    assert bytes_of(tmp_path) == before


def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path):
    write_shards(range(7), make, data_set(tmp_path / "whole"), BeamRun())
    broken, again = Called(tmp_path / "broken", 4, KeyboardInterrupt()), Called(tmp_path / "again")
    with pytest.raises(BaseException):  # noqa: B017  as Beam passes it on
        write_shards(range(7), broken, data_set(tmp_path / "cut"), BeamRun())
    assert not (tmp_path / "cut" / "train.manifest.json").exists()
    assert not list((tmp_path / "cut").glob("*.part*"))
    done = len(list((tmp_path / "cut").glob("train-*.tfrecord")))
    write_shards(range(7), again, data_set(tmp_path / "cut"), BeamRun())
    assert bytes_of(tmp_path / "cut") == bytes_of(tmp_path / "whole")
    assert done >= 1
    assert 0 < len(again.calls()) < 7


def test_other_settings_or_another_number_of_shards_are_refused(tmp_path):
    write_shards(range(7), make, data_set(tmp_path), BeamRun())
    before = bytes_of(tmp_path)
    with pytest.raises(InputError, match="other settings"):
        write_shards(range(7), make, data_set(tmp_path, settings={"seed": 2}), BeamRun())
    with pytest.raises(InputError, match="other settings"):
        write_shards(range(7), make, data_set(tmp_path, shards=2), BeamRun())
    assert bytes_of(tmp_path) == before


def test_shards_of_unknown_origin_are_refused(tmp_path):
    stranger = tmp_path / "train-00000-of-00003.tfrecord"
    stranger.write_bytes(b"")
    with pytest.raises(InputError, match="of another run"):
        write_shards(range(7), make, data_set(tmp_path), BeamRun())
    assert stranger.exists()


def test_two_names_share_a_folder(tmp_path):
    write_shards(range(3), make, data_set(tmp_path), BeamRun())
    write_shards(range(3), make, data_set(tmp_path, name="val"), BeamRun())
    assert len(list(tmp_path.glob("*.tfrecord"))) == 6


def test_input_error_of_a_task_ends_the_run_and_leaves_nothing(tmp_path):
    with pytest.raises(InputError, match=r"^task 5 is bad$"):
        write_shards(range(7), fail_on_five, data_set(tmp_path / "out"), BeamRun())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "fault",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        tf.errors.ResourceExhaustedError(None, None, "a.tfrecord; No space left on device"),
    ],
)
def test_full_disk_stops_the_run_which_goes_on_from_there(tmp_path, fault):
    full = Called(tmp_path / "calls", 3, fault)
    write_shards(range(7), make, data_set(tmp_path / "whole", shards=7), BeamRun())
    with pytest.raises(OSError, match=r"^train: .*No space left on device; the same command goes on"):
        write_shards(range(7), full, data_set(tmp_path / "full", shards=7), BeamRun())
    assert len(full.calls()) == 4  # nobody tried after the fault
    kept = {path.name for path in (tmp_path / "full").iterdir()}
    assert len(kept) == 6 and sum(name.endswith("note.json") for name in kept) == 3  # three shards and their notes
    write_shards(range(7), make, data_set(tmp_path / "full", shards=7), BeamRun())
    assert bytes_of(tmp_path / "full") == bytes_of(tmp_path / "whole")


def test_no_record_at_all_is_an_error_and_leaves_nothing(tmp_path):
    with pytest.raises(InputError, match="not one record came out of 4 inputs; 4 faults, the first: task 0"):
        write_shards(range(4), nothing, data_set(tmp_path / "out"), BeamRun())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("shards", [0, 8])
def test_number_of_shards_out_of_range_raises(tmp_path, shards):
    with pytest.raises(InputError, match=f"--num_shards={shards}"):
        write_shards(range(7), make, data_set(tmp_path, shards=shards), BeamRun())


def test_unknown_runner_raises(tmp_path):
    with pytest.raises(InputError, match="--runner=NoSuchRunner"):
        write_shards(range(7), make, data_set(tmp_path), BeamRun("NoSuchRunner"))
    with pytest.raises(InputError, match="--workers=0"):
        write_shards(range(7), make, data_set(tmp_path), BeamRun(workers=0))


@pytest.mark.parametrize("word", ["--no_such_option=3", "--direct_num_worker=3", "stray"])
def test_option_that_beam_does_not_know_is_told_and_leaves_nothing(tmp_path, word):
    with pytest.raises(InputError, match=f"^--beam_option={word}: Beam has no such option"):
        write_shards(range(7), make, data_set(tmp_path / "out"), BeamRun(options=[word]))
    assert not (tmp_path / "out").exists()


def test_option_of_beam_with_a_bad_value_is_told(tmp_path, capfd):
    with pytest.raises(InputError, match=r"^--beam_option: argument --direct_num_workers: invalid int value: 'x'"):
        write_shards(range(7), make, data_set(tmp_path), BeamRun(options=["--direct_num_workers=x"]))
    assert not capfd.readouterr().err


def test_options_of_beam_are_taken(tmp_path):
    options = ["--direct_running_mode=in_memory", "--job_name", "mine"]
    assert write_shards(range(3), make, data_set(tmp_path), BeamRun(options=options))["num_records"] == 6
