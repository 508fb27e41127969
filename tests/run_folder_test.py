"""Facts about `simpose_tf.run_folder`."""

import json
from dataclasses import dataclass

import pytest

from simpose_tf import run_folder
from simpose_tf.errors import InputError


@dataclass(frozen=True)
class TrainingConfig:
    steps: int
    momentum: float


def settings(steps=10, momentum=0.9, seed=0):
    return run_folder.flat_settings([TrainingConfig(steps, momentum)], seed=seed)


@pytest.fixture
def records(tmp_path):
    path = tmp_path / "sim-0.tfrecord"
    path.write_bytes(b"12345")
    return {"sim": [str(path)]}


@pytest.fixture
def folder(tmp_path, records):
    run_folder.write(tmp_path / "run", "TrainingConfig.steps = 10\n", settings(), records)
    return tmp_path / "run"


def test_settings_are_flat():
    assert settings(seed=3) == {"TrainingConfig.steps": 10, "TrainingConfig.momentum": 0.9, "seed": 3}


def test_the_same_settings_and_more_steps_are_accepted(folder, tmp_path):
    run_folder.check_settings(folder, settings())
    run_folder.check_settings(folder, settings(steps=20))
    run_folder.check_settings(tmp_path / "new", settings(momentum=0.5))


@pytest.mark.parametrize(
    ("change", "told"),
    [({"momentum": 0.5}, r"TrainingConfig.momentum is 0.5, was 0.9"), ({"seed": 1}, "seed is 1, was 0")],
)
def test_other_settings_are_refused_by_name(folder, change, told):
    with pytest.raises(InputError, match=told):
        run_folder.check_settings(folder, settings(**change))


def test_a_setting_that_is_new_is_refused(folder):
    with pytest.raises(InputError, match="extra is 1, was None"):
        run_folder.check_settings(folder, {**settings(), "extra": 1})


def test_data_is_hashed_and_other_data_refused(folder, records, tmp_path):
    (stored,) = json.loads((folder / "data.json").read_text())["sim"]
    assert stored["name"] == "sim-0.tfrecord" and stored["bytes"] == 5
    assert stored["sha256"] == "5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5"  # of "12345"
    run_folder.check_data(folder, records)
    (tmp_path / "sim-0.tfrecord").write_bytes(b"123456")
    with pytest.raises(InputError, match=r"--sim_records: 'sim-0.tfrecord' is not as it was"):
        run_folder.check_data(folder, records)


def test_command_commit_and_versions_are_told(folder):
    told = json.loads((folder / "run.json").read_text())
    assert set(told) == {"command", "commit", "dirty", "python", "versions", "started"}
    assert told["versions"]["tensorflow"].startswith("2.")
    assert (folder / "config.gin").read_text() == "TrainingConfig.steps = 10\n"


def test_run_without_a_checkpoint_is_forgotten_and_other_folders_are_left_alone(tmp_path):
    run, other = tmp_path / "run", tmp_path / "other"
    for folder in (run, other):
        (folder / "initial").mkdir(parents=True)
        (folder / "data.json").write_text("{}")
    (run / "settings.json").write_text("{}")
    run_folder.forget(run)
    run_folder.forget(other)
    assert not list(run.iterdir())
    assert {p.name for p in other.iterdir()} == {"initial", "data.json"}
