"""Write a data set as TFRecord shards: the same bytes for any number of workers, whole files or none.

    NAME-00000-of-00004.tfrecord ...   the records; shard i holds the tasks i, i + 4, i + 8, ... in that order
    NAME.manifest.json                 written last: settings, versions, counts, what was skipped, hashes

While a run lasts each finished shard has a hidden note beside it. A run that was killed goes on from there
when it is started again with the same settings; with others it is refused: a folder never holds a mixture.
"""

import json
import platform
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import tensorflow as tf

import simpose_tf
from simpose_tf import files
from simpose_tf.data import schema
from simpose_tf.errors import InputError
from tfrecord_tools.beam import BeamRun, for_each
from tfrecord_tools.data_set import DataSet
from tfrecord_tools.progress import Progress

PROGRESS_SECONDS = 2.0

# What becomes of one task: serialised records, and one line for each thing that had to be left out.
MakeRecords = Callable[[Any], tuple[Sequence[bytes], Sequence[str]]]


def write_shards(
    tasks: Sequence[Any],
    make_records: MakeRecords,
    data_set: DataSet,
    run: BeamRun,
    skipped: Sequence[str] = (),
    made_with: Callable[[], str] | None = None,
) -> dict:
    """Write the records of all tasks, unless they are there already, and return the manifest.

    Args:
      tasks: picklable; their order decides the order of the records.
      make_records: task -> (serialised records, lines on what was skipped); picklable, from a module that a
        fresh process can import (not from a main), and a pure function of the task. InputError ends the run.
      data_set: where to, and the settings that decide the bytes.
      run: how the work is run.
      skipped: lines on what was left out before, for the manifest.
      made_with: picklable; asked once per shard where it is written, for the manifest: the renderer's name.

    Raises:
      InputError: no task, the folder holds shards of other settings, `make_records` raised it, or nothing at
        all came out (then nothing is left in the folder).
      OSError: the machine is at fault, as a full disk; finished shards stay.
    """
    files.output_folder(data_set.output, "--output")
    if not tasks:
        raise InputError(f"{data_set.name}: nothing to write")
    if not 1 <= data_set.num_shards <= len(tasks):
        raise InputError(f"--num_shards={data_set.num_shards}: must be 1..{len(tasks)} for {len(tasks)} inputs")
    finished = _finished(data_set)
    _refuse_other_shards(data_set, finished)
    _remove_leftovers(data_set)
    missing = [i for i in range(data_set.num_shards) if i not in finished]
    elements = [(i, list(tasks[i :: data_set.num_shards])) for i in missing]
    with Progress(data_set, len(tasks), missing):
        for_each(elements, partial(_write_shard, data_set, make_records, made_with), run)
    _raise_faults(data_set)
    manifest = _manifest(data_set, _finished(data_set), len(tasks))
    manifest["skipped"] = [*skipped, *manifest["skipped"]]
    _raise_if_empty(data_set, manifest)
    files.write_text(data_set.manifest, json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    _remove_notes(data_set)
    return manifest


def _write_shard(
    data_set: DataSet, make_records: MakeRecords, made_with: Callable[[], str] | None, element: tuple[int, list]
) -> None:
    """Write one shard, then the note that says so; a fault of input or machine goes into a file for the main."""
    index, tasks = element
    if data_set.stopped.is_file():
        return
    try:
        with files.atomic_path(data_set.shard(index)) as temporary:
            note = _write_records(tasks, make_records, temporary, data_set.progress(index))
            note |= {"fingerprint": data_set.fingerprint, "bytes": Path(temporary).stat().st_size}
            note["sha256"] = files.sha256(temporary)
            note |= {"made_with": made_with()} if made_with else {}
            # The note comes first: a shard without one would be taken for a stranger's.
            files.write_text(data_set.note(index), json.dumps(note))
    except InputError as error:
        files.write_text(data_set.fault(index), json.dumps(str(error)))
    except (OSError, tf.errors.OpError) as error:  # a full disk: its room is free again, as the shard was removed
        reason = error.message if isinstance(error, tf.errors.OpError) else str(error)
        files.write_text(data_set.stopped, json.dumps(reason))


def _write_records(tasks: list, make_records: MakeRecords, path: str, progress: Path) -> dict:
    """Write the records of a shard's tasks to `path` and return their number and what was skipped."""
    count, skipped, said = 0, [], time.monotonic()
    with tf.io.TFRecordWriter(path) as writer:
        for done, task in enumerate(tasks, 1):
            records, lines = make_records(task)
            for record in records:
                writer.write(record)
            count += len(records)
            skipped += lines
            if time.monotonic() - said > PROGRESS_SECONDS:
                files.write_text(progress, json.dumps({"tasks": done, "records": count}))
                said = time.monotonic()
    return {"tasks": len(tasks), "records": count, "skipped": skipped}


def _finished(data_set: DataSet) -> dict[int, dict]:
    """Return the notes of shards that are whole; raise InputError for shards of other settings."""
    notes: dict[int, dict] = {}
    if data_set.manifest.is_file():
        manifest = _read_json(data_set.manifest)
        _check_fingerprint(data_set, manifest, data_set.manifest)
        notes = {shard["index"]: shard for shard in manifest["shards"]}
    for index in range(data_set.num_shards):
        if data_set.note(index).is_file():
            notes[index] = _read_json(data_set.note(index))
            _check_fingerprint(data_set, notes[index], data_set.shard(index))
    return {i: note for i, note in notes.items() if _has_size(data_set.shard(i), note["bytes"])}


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _read_json(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); delete it or write elsewhere") from error


def _check_fingerprint(data_set: DataSet, found: dict, place: Path) -> None:
    if not isinstance(found, dict) or found.get("fingerprint") != data_set.fingerprint:
        raise InputError(f"{place}: written with other settings or by other code; delete it or name another --output")


def _refuse_other_shards(data_set: DataSet, finished: dict[int, dict]) -> None:
    """Raise InputError for shards of this name that are not this run's."""
    known = {data_set.shard(i) for i in finished}
    known |= {data_set.shard(i) for i in range(data_set.num_shards) if data_set.note(i).is_file()}
    if data_set.manifest.is_file():
        known |= {data_set.shard(i) for i in range(data_set.num_shards)}
    for path in sorted(Path(data_set.output).glob(f"{data_set.name}-*-of-*.tfrecord")):
        if path not in known:
            raise InputError(f"{path}: of another run; delete it or name another --output")


def _remove_leftovers(data_set: DataSet) -> None:
    """Remove what a killed run left: half-written files, words on progress, old faults."""
    data_set.stopped.unlink(missing_ok=True)
    for index in range(data_set.num_shards):
        stem = data_set.shard(index).stem
        for pattern in (
            f".{stem}.*.part*",
            f".{stem}.progress.json",
            f".{stem}.fault.json",
            f"..{stem}.*.part*",
        ):
            for path in Path(data_set.output).glob(pattern):
                path.unlink(missing_ok=True)


def _raise_faults(data_set: DataSet) -> None:
    """Raise the first InputError of the workers, if there was one, and take back what the run wrote.

    Raises OSError for a fault of the machine, after which finished shards stay.
    """
    for index in range(data_set.num_shards):
        if data_set.fault(index).is_file():
            line = json.loads(data_set.fault(index).read_text(encoding="utf-8"))
            _remove_all(data_set)
            raise InputError(line)
    if data_set.stopped.is_file():
        reason = json.loads(data_set.stopped.read_text(encoding="utf-8"))
        data_set.stopped.unlink()
        raise OSError(f"{data_set.name}: {reason}; the same command goes on where this one stopped")


def _raise_if_empty(data_set: DataSet, manifest: dict) -> None:
    """Remove everything and raise InputError if no record came out."""
    if manifest["num_records"]:
        return
    _remove_all(data_set)
    skipped = manifest["skipped"]
    reason = f"; {len(skipped)} faults, the first: {skipped[0]}" if skipped else ""
    raise InputError(f"{data_set.name}: not one record came out of {manifest['num_tasks']} inputs{reason}")


def _remove_all(data_set: DataSet) -> None:
    """Remove the shards and all that belongs to them; the folder too if it is empty then."""
    for index in range(data_set.num_shards):
        data_set.shard(index).unlink(missing_ok=True)
    _remove_notes(data_set)
    data_set.manifest.unlink(missing_ok=True)
    if not any(Path(data_set.output).iterdir()):
        Path(data_set.output).rmdir()


def _remove_notes(data_set: DataSet) -> None:
    _remove_leftovers(data_set)
    for index in range(data_set.num_shards):
        data_set.note(index).unlink(missing_ok=True)


def _manifest(data_set: DataSet, finished: dict[int, dict], num_tasks: int) -> dict:
    """Return what the data set is; no times and no paths, so that equal data have equal manifests."""
    shards = [{**finished[i], "index": i, "file": data_set.shard(i).name} for i in range(data_set.num_shards)]
    packages = ("tensorflow", "numpy", "opencv-python-headless", "apache-beam", "pycocotools")
    return {
        "name": data_set.name,
        "fingerprint": data_set.fingerprint,
        "settings": dict(data_set.settings),
        "schema_version": schema.VERSION,
        "versions": {"simpose_tf": simpose_tf.__version__, "python": platform.python_version()}
        | {package: metadata.version(package) for package in packages},
        "made_with": sorted({shard["made_with"] for shard in shards if "made_with" in shard}),
        "num_tasks": num_tasks,
        "num_records": sum(shard["records"] for shard in shards),
        "skipped": [line for shard in shards for line in shard["skipped"]],
        "shards": shards,
    }
