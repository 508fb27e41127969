"""What a training run leaves in its folder so that it can be understood, and gone on with, later.

`config.gin` every binding as given; `config_used.gin` those that were used; `settings.json` the same values, flat: a
rerun is compared with them; `run.json` command, commit, versions; `data.json` names, sizes and hashes of the records.
"""

import dataclasses
import importlib.metadata
import json
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simpose_tf import files
from simpose_tf.errors import InputError

VERSIONS_OF = ("tensorflow", "tensorflow-addons", "tf-models-official", "numpy", "gin-config", "simpose_tf")

# What may change between the start of a run and its continuation.
MAY_CHANGE = (
    "TrainingConfig.steps",
    "TrainingConfig.checkpoint_every",
    "TrainingConfig.keep_checkpoints",
    "TrainingConfig.report_seconds",
    "PipelineConfig.max_damaged",
    "MonitorConfig.gradients_every",
    "MonitorConfig.evaluate_every",
    "MonitorConfig.people",
    "MonitorConfig.pictures",
    "MonitorConfig.batch_size",
    "ScheduleConfig.decay_from",
    "ScheduleConfig.warmup_steps",
    "DetectorConfig.checkpoint_every",
    "DetectorConfig.keep_checkpoints",
    "DetectorConfig.report_seconds",
    "DetectorConfig.evaluate_every",
    "DetectorConfig.pictures",
)


def flat_settings(configs: Sequence[Any], **more: Any) -> dict[str, Any]:
    """Return the fields of dataclasses as `Class.field` -> value, and `more` as it is."""
    flat = {f"{type(c).__name__}.{f.name}": getattr(c, f.name) for c in configs for f in dataclasses.fields(c)}
    return json.loads(json.dumps({**flat, **more}))


def read_json(path: Path) -> dict[str, Any]:
    """Return what a file of a run's folder holds. Raises InputError if that is no JSON object."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"--model_dir: {path} is not JSON ({error})") from error
    if not isinstance(content, dict):
        raise InputError(f"--model_dir: {path} is no JSON object")
    return content


def check(model_dir: Path, settings: dict[str, Any], records: dict[str, Sequence[str]], anew: bool) -> None:
    """Raise InputError unless a run with these settings and records may begin or go on in the folder.

    `anew`: nothing was learnt there yet, so other settings and mended records are welcome.
    """
    if anew:
        forget(model_dir)
    check_settings(model_dir, settings)
    check_data(model_dir, records)


def check_settings(model_dir: Path, settings: dict[str, Any]) -> None:
    """Raise InputError, naming the difference, if the folder holds a run with other settings than these."""
    path = model_dir / "settings.json"
    if not path.exists():
        return
    stored = read_json(path)
    different = [k for k in sorted({*stored, *settings}) if stored.get(k) != settings.get(k) and k not in MAY_CHANGE]
    if different:
        told = ", ".join(f"{k} is {settings.get(k)!r}, was {stored.get(k)!r}" for k in different)
        raise InputError(
            f"--model_dir: {str(model_dir)!r} was trained with another configuration ({told}); use a new folder"
        )


def check_data(model_dir: Path, records: dict[str, Sequence[str]]) -> None:
    """Raise InputError, naming the file, if the run in the folder saw other records (names and sizes are compared)."""
    path = model_dir / "data.json"
    if not path.exists():
        return
    stored = {(kind, f["name"], f["bytes"]) for kind, fs in read_json(path).items() for f in fs}
    given = {(kind, Path(f).name, Path(f).stat().st_size) for kind, fs in records.items() for f in fs}
    if stored != given:
        kind, name, _ = min(stored ^ given)
        raise InputError(
            f"--{kind}_records: {name!r} is not as it was when {str(model_dir)!r} was trained; "
            "use those records or a new folder"
        )


def forget(model_dir: Path) -> None:
    """Remove what a run left that ended before its first checkpoint: it binds no later one."""
    if not (model_dir / "settings.json").exists():
        return  # not a run's folder
    for name in ("initial", "summaries"):
        shutil.rmtree(model_dir / name, ignore_errors=True)
    for name in ("data.json", "settings.json", "damaged_records.json"):
        (model_dir / name).unlink(missing_ok=True)


def write(model_dir: Path, config_given: str, settings: dict[str, Any], records: dict[str, Sequence[str]]) -> None:
    """Record how this run was started; hashes of the data only at the first start."""
    files.write_text(model_dir / "config.gin", config_given)
    files.write_text(model_dir / "run.json", _json(_how()))
    if not (model_dir / "data.json").exists():
        files.write_text(model_dir / "data.json", _json({kind: _hashes(fs) for kind, fs in records.items()}))
    files.write_text(model_dir / "settings.json", _json(settings))


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def _hashes(paths: Sequence[str]) -> list[dict[str, Any]]:
    return [{"name": Path(p).name, "bytes": Path(p).stat().st_size, "sha256": files.sha256(p)} for p in paths]


def _how() -> dict[str, Any]:
    """Return the command, the commit and whether the checkout had changes, versions and the time."""
    return {
        "command": [sys.executable, *sys.argv],
        "commit": _git("rev-parse", "HEAD"),
        "dirty": bool(_git("status", "--porcelain")),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in VERSIONS_OF},
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def _git(*arguments: str) -> str:
    """Return what git says of the checkout that this file is in; empty outside one or without git."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, timeout=60, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
