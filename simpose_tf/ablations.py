"""Run the paper's ablations: train and evaluate every row of Tables 2, 3 and 4, write them beside the paper's numbers.

    python -m simpose_tf.ablations --table=2,3,4 --gin_file=gin_configs/ablations/quick.gin --output=DIR \
        --sim_records=GLOB --real_records=GLOB --val_sim=GLOB --val_real=GLOB [--seeds=3]

Each row is the base settings with one small file of gin_configs/ablations/. A killed run goes on when the same command
is given again; rows with equal settings (the 50 % of Table 2, .25 of Table 3, 1.00 of Table 4) are trained once. DIR
then holds `tableN.md`, `.csv`, `.json`, `.png` and `index.html`.
"""

import contextlib
import fcntl
import json
import os
import platform
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from absl import flags

from simpose_tf import app, configurables, files, run_folder, train
from simpose_tf.ablation import page, runs, writing
from simpose_tf.ablation.processes import Launch
from simpose_tf.ablation.runs import Inputs, Job
from simpose_tf.ablation.summary import Study
from simpose_tf.ablation.tables import TABLES, AblationConfig, Table
from simpose_tf.data import recordfiles, schema
from simpose_tf.errors import InputError

FLAGS = flags.FLAGS

RECORDS = (
    ("sim_records", schema.SIM, "train"),
    ("real_records", schema.REAL, "train"),
    ("val_sim", schema.SIM, "held out"),
    ("val_real", schema.REAL, "held out"),
)
_ROWS = Path(__file__).resolve().parents[1] / "gin_configs" / "ablations"

# Name of a row -> seed -> what its `result.json` holds.
Results = dict[str, dict[int, dict[str, Any]]]


def define_flags() -> None:
    """Define this main's flags."""
    app.define_gin_flags()
    flags.DEFINE_list("table", ["2", "3", "4"], "Tables to make, of 2 (sim share), 3 (uv weight), 4 (normal weight).")
    flags.DEFINE_string("output", None, "Folder of runs, tables, plots and page; runs that are done there are kept.")
    flags.DEFINE_string("sim_records", None, "Glob of simulated people to learn from.")
    flags.DEFINE_string("real_records", None, "Glob of real people to learn from.")
    flags.DEFINE_string("val_sim", None, "Glob of held-out simulated people.")
    flags.DEFINE_string("val_real", None, "Glob of held-out real people.")
    flags.DEFINE_integer("seeds", None, "Runs of each row; by default AblationConfig.seeds.", lower_bound=1)
    flags.DEFINE_string("initial_checkpoint", "", "Start every row from the weights of this checkpoint.")
    flags.DEFINE_string("rows", str(_ROWS), "Folder of the rows' gin files.")
    flags.DEFINE_integer("jobs", 1, "Runs at a time; each gets an equal share of the CPU cores.", lower_bound=1)


def main() -> None:
    """Check everything, make the runs that are missing, write the tables."""
    tables = _tables(FLAGS.table)
    output = files.output_folder(FLAGS.output, "--output")
    inputs, about = _inputs()
    configurables.load(FLAGS.gin_file, FLAGS.gin_param)
    config, base = configurables.get(AblationConfig), _settings(FLAGS.gin_file, FLAGS.gin_param)
    rows = _rows(inputs, output)
    with _alone(output):
        _check_study(output, base, inputs)
        jobs = _jobs(rows, tables, FLAGS.seeds or config.seeds)
        launch = Launch((os.cpu_count() or 1) // FLAGS.jobs if FLAGS.jobs > 1 else 0, app.say)
        baselines = runs.make_baselines(inputs, output / "baselines", launch.named("baselines"))
        results: Results = {}
        for done in _made(jobs, inputs, config.keep_checkpoints, launch):
            results.setdefault(done["row"], {})[done["seed"]] = done
            studies = [_study(table, rows, results, baselines) for table in tables]
            for study in studies:
                writing.write_tables(study, about | _effort(results), output)
        app.say(str(page.write_page(studies, about | _effort(results), output)))


def _tables(numbers: list[str]) -> list[Table]:
    """Return the tables by their numbers. Raises InputError for one that is none."""
    known = {str(table.number): table for table in TABLES}
    if not numbers or set(numbers) - set(known):
        raise InputError(f"--table: {','.join(numbers)!r} is not of {', '.join(known)}")
    return [known[number] for number in sorted(set(numbers))]


def _inputs() -> tuple[Inputs, dict[str, Any]]:
    """Return what the runs read, and what to tell about it. Raises InputError for what is missing or damaged."""
    about = {}
    for name, domain, use in RECORDS:
        glob = FLAGS[name].value
        if not glob:
            raise InputError(f"--{name}: missing")
        count = recordfiles.find(glob, f"--{name}", domain).count
        about[f"{schema.DOMAIN_NAMES[domain]} people, {use}"] = f"{count}"
    if FLAGS.initial_checkpoint:
        files.match(f"{FLAGS.initial_checkpoint}.index", "--initial_checkpoint")
    inputs = Inputs(
        tuple(FLAGS.gin_file or ()), tuple(FLAGS.gin_param or ()), FLAGS.sim_records, FLAGS.real_records,
        FLAGS.val_sim, FLAGS.val_real, FLAGS.initial_checkpoint,
    )  # fmt: skip
    given = [*inputs.gin_files, *inputs.gin_params]
    return inputs, {"settings": " ".join(given), **about}


def _settings(gin_files: list[str], gin_params: list[str] | None) -> dict[str, Any]:
    """Return all training settings of gin files, flat. Raises InputError for bad ones."""
    configurables.load(gin_files, gin_params)
    return run_folder.flat_settings([configurables.get(cls) for cls in train.SETTINGS])


def _rows(inputs: Inputs, output: Path) -> dict[str, Job]:
    """Return for each row of any table the run, with seed 0, that makes it; equal rows share the first one's.

    Raises InputError for a row without a file, or two rows of a table that a `--gin_param` made equal.
    """
    found: dict[str, Job] = {}
    folder = files.require_dir(FLAGS.rows, "--rows")
    for table in TABLES:
        for row in table.rows:
            override = str(files.require_file(str(folder / f"{row.name}.gin"), "--rows"))
            settings = _settings([*inputs.gin_files, override], list(inputs.gin_params))
            job = Job(row.name, override, 0, settings, output / "runs" / row.name)
            found[row.name] = next((other for other in found.values() if other.settings == settings), job)
        names = [found[row.name].row for row in table.rows]
        if len(set(names)) < len(names):
            raise InputError(f"--gin_param: makes rows of table {table.number} equal; leave out what they vary")
    return found


def _jobs(rows: dict[str, Job], tables: list[Table], seeds: int) -> list[Job]:
    """Return the runs that the tables need, all rows with seed 0 first."""
    needed = dict.fromkeys(rows[row.name].row for table in tables for row in table.rows)
    return [
        Job(name, rows[name].override, seed, rows[name].settings | {"seed": seed}, rows[name].folder / f"seed-{seed}")
        for seed in range(seeds)
        for name in needed
    ]


def _made(jobs: list[Job], inputs: Inputs, keep_checkpoints: bool, launch: Launch) -> Iterator[dict[str, Any]]:
    """Yield the results of all runs, those that are done first. Raises InputError if one fails."""
    done = [(job, job.result()) for job in jobs]
    kept = [result for _, result in done if result]
    left = [job for job, result in done if not result]
    app.say(f"{len(jobs)} runs, {len(kept)} done already")
    yield from kept
    clock, stopped = _Clock(len(left)), threading.Event()

    def make(job: Job) -> dict[str, Any]:
        if stopped.is_set():
            raise InputError("another run failed")
        return runs.make(job, inputs, keep_checkpoints, launch.named(job.name))

    with ThreadPoolExecutor(FLAGS.jobs) as pool:
        futures = {pool.submit(make, job): job for job in left}
        try:
            for future in as_completed(futures):
                name = futures[future].name
                if error := future.exception():
                    raise InputError(f"{name}: {error}") from error
                app.say(f"{name}: {clock.tick()}")
                yield future.result()
        finally:
            stopped.set()  # what has not begun never does


class _Clock:
    """Says how many runs are done and about how long the rest takes."""

    def __init__(self, runs_left: int) -> None:
        self._left, self._done, self._start = runs_left, 0, time.monotonic()

    def tick(self) -> str:
        """Return the line after one more run."""
        self._done += 1
        left = round((time.monotonic() - self._start) / self._done * (self._left - self._done))
        return f"done; {self._done} of {self._left}, about {left // 3600}:{left // 60 % 60:02d}:{left % 60:02d} left"


def _study(table: Table, rows: dict[str, Job], results: Results, baselines: dict[str, runs.Numbers]) -> Study:
    """Return a table's numbers, as far as there are any."""
    mine = {row.name: results.get(rows[row.name].row, {}) for row in table.rows}
    numbers = {name: {seed: result["numbers"] for seed, result in seeds.items()} for name, seeds in mine.items()}
    people = next((result["people"] for seeds in mine.values() for result in seeds.values()), {})
    return Study(table, numbers, baselines, people)


def _effort(results: Results) -> dict[str, str]:
    """Return what to tell about the runs: steps, CPU hours, program and machine."""
    every = [result for seeds in results.values() for result in seeds.values()]
    settings = every[0]["settings"]
    steps, batch = settings["TrainingConfig.steps"], settings["PipelineConfig.batch_size"]
    size = f"{settings['CropConfig.height']}x{settings['CropConfig.width']}"
    hours = sum(result["cpu_seconds"] for result in every) / 3600
    commits = sorted({result["commit"][:10] or "unknown" for result in every})
    return {
        "runs": f"{len(every)}, each {steps} steps of {batch} crops of {size}; {hours:.2f} CPU hours in all",
        "program": f"commit {', '.join(commits)}",
        "machine": f"{os.cpu_count()} CPU cores, {platform.machine()}, {platform.system()}",
    }


def _check_study(output: Path, settings: dict[str, Any], inputs: Inputs) -> None:
    """Record what all runs of a folder share. Raises InputError, naming the difference, if the folder has another."""
    shared: dict[str, Any] = {**settings, "--initial_checkpoint": inputs.initial_checkpoint}
    for name, _, _ in RECORDS:
        found = files.match(getattr(inputs, name), f"--{name}")
        shared[f"--{name}"] = [[Path(file).name, Path(file).stat().st_size] for file in found]
    path = output / "study.json"
    if not path.exists():
        files.write_text(path, json.dumps(shared, indent=1) + "\n")
        return
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        different = [key for key in sorted({*stored, *shared}) if stored.get(key) != shared.get(key)]
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"--output: {path} is damaged; use a new folder") from error
    if different:
        raise InputError(
            f"--output: the runs in {str(output)!r} were made with another {different[0]}; use a new folder"
        )


@contextlib.contextmanager
def _alone(output: Path) -> Iterator[None]:
    """Keep other runners out of a folder. Raises InputError if one is at work there."""
    output.mkdir(parents=True, exist_ok=True)
    with (output / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(f"--output: another simpose_tf.ablations is at work in {str(output)!r}") from error
        yield


if __name__ == "__main__":
    define_flags()
    app.run(main)
