"""One run of an ablation: a row with a seed goes through `train`, `export` and `evaluate`, each a process of its own.

DIR/study.json              what all runs of the folder share: settings and records
DIR/runs/ROW/seed-S/        model/ (the training run), saved_model/, evaluation.json, log.txt
DIR/runs/ROW/seed-S/result.json   written last: the run is done
DIR/baselines/              the untrained network and the best constant predictor, once for all rows
"""

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simpose_tf import files
from simpose_tf.ablation.processes import Launch, run_module
from simpose_tf.errors import InputError

# Domain -> key of `simpose_tf.evaluate` -> number.
Numbers = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Inputs:
    """What every run of a study reads.

    Attributes:
      gin_files: of the base settings.
      gin_params: bindings over all files.
      sim_records, real_records, val_sim, val_real: globs of records.
      initial_checkpoint: to start every row from, or empty.
    """

    gin_files: tuple[str, ...]
    gin_params: tuple[str, ...]
    sim_records: str
    real_records: str
    val_sim: str
    val_real: str
    initial_checkpoint: str = ""


@dataclass(frozen=True)
class Job:
    """A run to be made.

    Attributes:
      row: name of the row.
      override: its gin file.
      seed: of the run.
      settings: all that the run is trained with, flat, the seed among it.
      folder: of the run.
    """

    row: str
    override: str
    seed: int
    settings: dict[str, Any]
    folder: Path

    @property
    def name(self) -> str:
        """Return what lines of progress call it."""
        return f"{self.row} seed {self.seed}"

    def result(self) -> dict[str, Any] | None:
        """Return what the finished run left, None if it is not done. Raises InputError for other settings."""
        path = self.folder / "result.json"
        if not path.exists():
            return None
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            different = [k for k in sorted({*stored["settings"], *self.settings}) if _differ(stored, self.settings, k)]
            complete = {"numbers", "people", "cpu_seconds"} <= set(stored)
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"--output: {path} is damaged; remove {self.folder}") from error
        if different or not complete:
            what = f"{different[0]} differs" if different else "a key is missing"
            raise InputError(f"--output: {path} is of another run ({what}); remove {self.folder}, or use a new folder")
        return stored


def _differ(stored: dict[str, Any], settings: dict[str, Any], key: str) -> bool:
    return stored["settings"].get(key) != settings.get(key)


def make(job: Job, inputs: Inputs, keep_checkpoints: bool, launch: Launch) -> dict[str, Any]:
    """Make a run, or go on with one that was cut short, and return what its `result.json` holds.

    Raises InputError if a stage fails.
    """
    start = time.monotonic()
    model, saved, evaluation = (job.folder / name for name in ("model", "saved_model", "evaluation.json"))
    log = job.folder / "log.txt"
    cpu = run_module("simpose_tf.train", train_arguments(inputs, (job.override,), job.seed, model), log, launch)
    cpu += run_module("simpose_tf.export", [f"--model_dir={model}", f"--output={saved}"], log, launch)
    cpu += run_module("simpose_tf.evaluate", _evaluate_arguments(inputs, saved, evaluation), log, launch)
    result = {"row": job.row, "seed": job.seed, "settings": job.settings, **read_evaluation(evaluation)}
    result |= {"cpu_seconds": round(cpu, 1), "wall_seconds": round(time.monotonic() - start, 1)}
    result["commit"] = json.loads((model / "run.json").read_text(encoding="utf-8"))["commit"]
    files.write_text(job.folder / "result.json", json.dumps(result, indent=1, sort_keys=True) + "\n")
    if not keep_checkpoints:
        drop_checkpoints(model)
    return result


def make_baselines(inputs: Inputs, folder: Path, launch: Launch) -> dict[str, Numbers]:
    """Measure the untrained network of the base settings and the best constant predictor; column -> numbers.

    The network is that of seed 0 before its first step. Done once for a folder.
    """
    evaluation, model, saved = folder / "evaluation.json", folder / "model", folder / "untrained"
    if not evaluation.exists():
        one_step = Inputs(**{**vars(inputs), "gin_params": (*inputs.gin_params, "TrainingConfig.steps=1")})
        log, untrained = folder / "log.txt", model / "initial" / "ckpt-0"
        run_module("simpose_tf.train", train_arguments(one_step, (), 0, model), log, launch)
        export = [f"--model_dir={model}", f"--output={saved}", f"--checkpoint={untrained}"]
        run_module("simpose_tf.export", export, log, launch)
        training = [f"--train_records={glob}" for glob in (inputs.sim_records, inputs.real_records)]
        run_module("simpose_tf.evaluate", [*_evaluate_arguments(inputs, saved, evaluation), *training], log, launch)
        drop_checkpoints(model)
    return {
        "untrained": read_evaluation(evaluation, "model")["numbers"],
        "constant": read_evaluation(evaluation, "constant")["numbers"],
    }


def train_arguments(inputs: Inputs, overrides: Sequence[str], seed: int, model: Path) -> list[str]:
    """Return the arguments of `simpose_tf.train` for a row."""
    start = [f"--initial_checkpoint={inputs.initial_checkpoint}"] if inputs.initial_checkpoint else []
    return [
        *(f"--gin_file={path}" for path in (*inputs.gin_files, *overrides)),
        *(f"--gin_param={binding}" for binding in inputs.gin_params),
        f"--model_dir={model}",
        f"--sim_records={inputs.sim_records}",
        f"--real_records={inputs.real_records}",
        f"--seed={seed}",
        *start,
    ]


def _evaluate_arguments(inputs: Inputs, saved: Path, evaluation: Path) -> list[str]:
    records = [f"--records={glob}" for glob in (inputs.val_sim, inputs.val_real)]
    return [f"--model={saved}", *records, f"--output={evaluation}"]


def read_evaluation(path: Path, column: str = "model") -> dict[str, Any]:
    """Return `numbers` and `people` of an evaluation's column. Raises InputError if the file holds none."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))["table"]
        numbers: Numbers = {}
        for row in table:
            if row[column] is not None:
                numbers.setdefault(row["domain"], {})[row["metric"]] = float(row[column])
        return {"numbers": numbers, "people": {row["domain"]: row["people"] for row in table}}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no result of simpose_tf.evaluate ({error})") from error


def drop_checkpoints(model: Path) -> None:
    """Remove a training run's checkpoints; its curves and settings stay."""
    for name in ("checkpoints", "initial"):
        shutil.rmtree(model / name, ignore_errors=True)
