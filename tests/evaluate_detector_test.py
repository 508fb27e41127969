"""Facts about `simpose_tf.evaluate_detector`."""

import json

import pytest

from simpose_tf import evaluate_detector
from tests.detection.small import write_records
from tests.inference import savedmodels
from tests.mains import run_main


@pytest.fixture
def records(tmp_path):
    return write_records(tmp_path / "val-0.tfrecord", 3)


def test_numbers_are_printed_and_written(records, tmp_path, capsys):
    found = savedmodels.save_detector(tmp_path / "detector")
    output = tmp_path / "new" / "numbers.json"
    arguments = [f"--detector={found}", f"--records={records}", f"--output={output}"]
    ended = run_main(evaluate_detector, arguments, capsys)
    assert ended.status == 0, ended.stderr
    assert "3 pictures, 3 people" in ended.stdout and "recall50" in ended.stdout
    told = json.loads(output.read_text())
    assert (told["pictures"], told["people"]) == (3, 3) and len(told["at_scores"]) == 7


@pytest.mark.parametrize(
    "arguments, fault",
    [
        ([], "--records: name records"),
        (["--records=nowhere*"], "--records: no file matches 'nowhere*'"),
    ],
)
def test_bad_input_is_one_line(arguments, fault, capsys):
    ended = run_main(evaluate_detector, arguments, capsys)
    assert ended.status == 2 and fault in ended.stderr and ended.stderr.count("\n") == 1


def test_what_is_no_detector_is_told(records, tmp_path, capsys):
    ended = run_main(evaluate_detector, [f"--detector={tmp_path}", f"--records={records}"], capsys)
    assert ended.status == 2 and "--detector" in ended.stderr
