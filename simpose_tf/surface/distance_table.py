"""All pairs of geodesic distances in one file, written in blocks of rows that survive a kill, and read by mapping it.

The file is a one-dimensional float32 `.npy`: the lower triangle, row by row, without the diagonal; i > j is entry
i (i - 1) / 2 + j, as in DensePose's own `Pdist_matrix`. While it grows it is called `.NAME.part`, beside `.NAME.json`
that tells which blocks are done and of what mesh.
"""

import concurrent.futures
import hashlib
import io
import json
import mmap
import multiprocessing
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from simpose_tf.errors import InputError
from simpose_tf.files import write_text
from simpose_tf.surface import geodesics

_ROWS = {"graph": 32, "exact": 4}  # of a block
_SPAWN = multiprocessing.get_context("spawn")
_TELL, _SAVE = 5.0, 0.5  # seconds between two lines of progress, and between two saves of what is done


@dataclass(frozen=True)
class TableJob:
    """What a table is made of.

    Attributes:
      vertices: `[V, 3]`.
      faces: `[F, 3]`.
      order: `[N]` the vertex that each row of the table is about; -1 for one off the surface, which is infinitely far.
      method: one of `geodesics.METHODS`.
    """

    vertices: np.ndarray
    faces: np.ndarray
    order: np.ndarray
    method: str

    @property
    def blocks(self) -> list[tuple[int, int]]:
        """First and last (exclusive) row of each block."""
        rows, count = _ROWS[self.method], len(self.order)
        return [(first, min(first + rows, count)) for first in range(0, count, rows)]

    def fingerprint(self) -> str:
        """Return a hash of all that decides the table's numbers."""
        parts = [self.vertices.astype(np.float64), self.faces.astype(np.int64), self.order.astype(np.int64)]
        setting = f"1 {self.method} {geodesics.CROSSINGS} {_ROWS[self.method]} {[len(p) for p in parts]}"
        return hashlib.sha256(setting.encode() + b"".join(p.tobytes() for p in parts)).hexdigest()


@dataclass(frozen=True)
class DistanceTable:
    """Distances between any two of N vertices.

    Attributes:
      entries: `[N (N - 1) / 2]` float32, mapped from the file.
      count: N.
    """

    entries: np.ndarray
    count: int

    def __call__(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Return the distances float32 between vertices i and j, arrays of shapes that broadcast.

        Raises IndexError if one is not in 0..N-1.
        """
        i, j = np.broadcast_arrays(np.asarray(i, np.int64), np.asarray(j, np.int64))
        if i.size and (min(i.min(), j.min()) < 0 or max(i.max(), j.max()) >= self.count):
            raise IndexError(f"the table knows vertices 0..{self.count - 1}")
        high, low = np.maximum(i, j), np.minimum(i, j)
        same = high == low
        entry = np.where(same, 0, entries_before(high) + low)
        if not len(self.entries):
            return np.zeros(i.shape, np.float32)
        return np.where(same, np.float32(0), self.entries[entry])

    def release(self) -> None:
        """Give the memory of what was looked up back; the file stays mapped."""
        mapped = getattr(self.entries, "_mmap", None)
        if mapped is not None:
            mapped.madvise(mmap.MADV_DONTNEED)


def open_table(path: str | os.PathLike) -> DistanceTable:
    """Map a table. Raises InputError if the file is none."""
    try:
        entries = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path}: no distance table (.npy): {error}") from error
    size = entries.size if isinstance(entries, np.ndarray) else 0
    count = (1 + int(np.sqrt(1 + 8 * size) + 0.5)) // 2
    if not isinstance(entries, np.ndarray) or entries.dtype != np.float32 or entries.shape != (entries_before(count),):
        raise InputError(f"{path}: no distance table: the lower triangle of a matrix as float32 is expected")
    return DistanceTable(entries, count)


def entries_before(row: np.ndarray | int) -> np.ndarray | int:
    """Return the number of the first entry of a row."""
    return row * (row - 1) // 2


def write_table(path: str | os.PathLike, job: TableJob, workers: int, say: Callable[[str], None]) -> None:
    """Write the table of a job; go on where an earlier call for the same job was cut off.

    Memory does not grow with the table: a worker holds the graph and one block of rows.

    Args:
      path: the file, complete as soon as it is there.
      job: what to write.
      workers: processes.
      say: told how far it is.

    Raises:
      InputError: too little room on the disk.
    """
    path = Path(path)
    part, notes = path.with_name(f".{path.name}.part"), path.with_name(f".{path.name}.json")
    done = _resume(part, notes, job, say)
    todo = [number for number in range(len(job.blocks)) if number not in done]
    clock = _Clock(len(job.blocks), len(todo), say)
    graph = None
    if job.method == "graph":
        say("joining vertices by straight lines")
        graph = geodesics.straight_line_graph(job.vertices, job.faces)
    arguments = (job, graph, str(part), os.getpid())
    pool = concurrent.futures.ProcessPoolExecutor(workers, _SPAWN, _start_worker, arguments)
    try:
        saved = time.monotonic()
        for finished in concurrent.futures.as_completed([pool.submit(_write_block, number) for number in todo]):
            done.add(finished.result())
            clock.tick()
            if time.monotonic() - saved > _SAVE:
                _save_notes(part, notes, job, done)
                saved = time.monotonic()
        _save_notes(part, notes, job, done)
    finally:
        pool.shutdown(cancel_futures=True)
    os.replace(part, path)
    notes.unlink(missing_ok=True)


def _resume(part: Path, notes: Path, job: TableJob, say: Callable[[str], None]) -> set[int]:
    """Return the blocks that an earlier call has written; start an empty file if there was none for this job."""
    if part.exists() and notes.exists():
        earlier = json.loads(notes.read_text())
        if earlier["fingerprint"] == job.fingerprint():
            say(f"going on: {len(earlier['done'])} of {len(job.blocks)} blocks are there")
            return set(earlier["done"])
        say("starting anew: what is there belongs to another mesh or method")
    header = table_header(len(job.order))
    size = len(header) + 4 * int(entries_before(len(job.order)))
    part.parent.mkdir(parents=True, exist_ok=True)
    part.unlink(missing_ok=True)
    free = shutil.disk_usage(part.parent).free
    if free < size:
        raise InputError(f"{part.parent}: {size / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free")
    with open(part, "wb") as stream:
        stream.write(header)
        stream.truncate(size)
    _save_notes(part, notes, job, set())
    return set()


def table_header(count: int) -> bytes:
    """Return the bytes that a .npy file of the table of `count` vertices begins with."""
    stream = io.BytesIO()
    shape = (int(entries_before(count)),)
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return stream.getvalue()


def _save_notes(part: Path, notes: Path, job: TableJob, done: set[int]) -> None:
    """Write down which blocks are on the disk."""
    with open(part, "rb+") as stream:
        os.fsync(stream.fileno())
    write_text(notes, json.dumps({"fingerprint": job.fingerprint(), "done": sorted(done)}))


class _Clock:
    """Lines of progress with the time left."""

    def __init__(self, blocks: int, todo: int, say: Callable[[str], None]) -> None:
        self._blocks, self._todo, self._say = blocks, todo, say
        self._done, self._began, self._told = 0, time.monotonic(), time.monotonic()

    def tick(self) -> None:
        """Count a block; say so if it is time."""
        self._done += 1
        now = time.monotonic()
        if now - self._told < _TELL and self._done < self._todo:
            return
        self._told = now
        left = round((now - self._began) / self._done * (self._todo - self._done))
        finished = self._blocks - self._todo + self._done
        share = f"{finished / self._blocks:.1%}"
        self._say(
            f"{finished} of {self._blocks} blocks  {share}  {left // 3600}:{left // 60 % 60:02d}:{left % 60:02d} left"
        )


@dataclass
class _Worker:
    """What a worker process holds: the job, the open file, and the graph of straight lines."""

    job: TableJob
    file: int
    blocks: list[tuple[int, int]]
    graph: sp.csr_matrix | None


_WORKER: list[_Worker] = []  # one per process, made by its initializer


def _start_worker(job: TableJob, graph: sp.csr_matrix | None, part: str, parent: int) -> None:
    """Prepare a process: open the file, and see to it that the process leaves when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers to Ctrl-C
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    _WORKER.append(_Worker(job, os.open(part, os.O_WRONLY), job.blocks, graph))


def _leave_with(parent: int) -> None:
    """End this process soon after its parent was killed: nobody else would."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def _write_block(number: int) -> int:
    """Compute a block of rows and write it to its place in the file; return its number."""
    worker = _WORKER[0]
    first, last = worker.blocks[number]
    order = worker.job.order
    rows = _rows(worker, order[first:last])
    own = order[:last]
    entries = [np.where(own[:i] < 0, np.inf, rows[i - first, own[:i]]) for i in range(first, last)]
    data = np.concatenate(entries).astype("<f4").tobytes()
    os.pwrite(worker.file, data, len(table_header(len(order))) + 4 * int(entries_before(first)))
    return number


def _rows(worker: _Worker, vertices: np.ndarray) -> np.ndarray:
    """Return the distances `[R, V]` from vertices `[R]` to all; infinite for -1."""
    job = worker.job
    known, place = np.unique(vertices[vertices >= 0], return_inverse=True)
    result = np.full((len(vertices), len(job.vertices)), np.inf)
    if len(known):
        if worker.graph is None:
            found = geodesics.distances(job.vertices, job.faces, known, "exact")
        else:
            found = geodesics.graph_distances(worker.graph, known)
        result[vertices >= 0] = found[place]
    return result
