"""Measure what a rendered picture costs: CPU seconds by stage on one core, then pictures per second with all cores.

    python -m tfrecord_tools.bench_render --gin_file=gin_configs/render_figures.gin

CPU seconds count all threads of the process, Mesa's too; the card is waited for after each stage. As in a process that
has written hundreds of pictures, programs, tiles and the figures' buffers are there before the clock starts; bodies of
the source "body", of which there are too many to be kept, are new in every picture.
"""

import multiprocessing
import os
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import tensorflow as tf
from absl import flags

from simpose_tf import app, configurables
from simpose_tf.data.window import WindowConfig
from simpose_tf.figures.cast import Cast, CastConfig
from simpose_tf.sim import gl
from simpose_tf.sim.annotate import SimPeopleFilter
from simpose_tf.sim.renderer import RenderConfig
from simpose_tf.sim.sampler import SceneConfig
from simpose_tf.sim.surroundings import SurroundingsConfig
from tfrecord_tools.scene_records import Media, SceneWriter

_BODIES_FORGOTTEN = 12  # pictures after which the caches hold other bodies
_DRAWING = ("upload", "shadow", "colour", "labels")
_ROWS = {
    "sample": "draw the scene at random, pose",
    "upload": "normals, upload",
    "shadow": "shadow",
    "colour": "colour",
    "labels": "labels",
    "keypoints": "keypoints, masks",
    "encode": "crop and encode, write",
}


class Watch:
    """Adds up CPU seconds by stage."""

    def __init__(self) -> None:
        """Start the clock."""
        self.seconds: dict[str, float] = defaultdict(float)
        self._last = time.process_time()

    def __call__(self, stage: str) -> None:
        """Count the time since the last call for `stage`."""
        gl.context().finish()
        now = time.process_time()
        self.seconds[stage] += now - self._last
        self._last = now


def render(writer: SceneWriter, indices: range, watch: Watch) -> None:
    """Write the records of some scenes to a file that is thrown away."""
    with tempfile.TemporaryDirectory() as folder, tf.io.TFRecordWriter(str(Path(folder) / "records")) as output:
        for index in indices:
            stage = writer.sample(index)
            watch("sample")
            rendering, labels = writer.draw(stage, watch)
            watch("keypoints")
            for record in writer.encode(stage, rendering, labels, index):
                output.write(record)
            watch("encode")


def warm_up(writer: SceneWriter, indices: range) -> None:
    """Load what a long run has at hand: the pictures' figures and tiles, then other bodies in place of their own."""
    render(writer, indices, Watch())
    if writer.cast.config.source == "body":
        render(writer, range(indices.stop + 1000, indices.stop + 1000 + _BODIES_FORGOTTEN), Watch())


def _share(writer: SceneWriter, indices: range, ready: object, times: object) -> None:
    """Render a share of the pictures, warmed up, from the moment when all processes are ready."""
    warm_up(writer, indices)
    ready.wait()  # type: ignore[attr-defined]
    start = time.time()
    render(writer, indices, Watch())
    times.put((start, time.time()))  # type: ignore[attr-defined]


def pictures_per_second(writer: SceneWriter, num_images: int, workers: int) -> float:
    """Render `num_images` pictures in each of `workers` processes at once; return the rate of all."""
    spawn = multiprocessing.get_context("spawn")  # a context of OpenGL does not survive a fork
    ready, times = spawn.Barrier(workers), spawn.Queue()
    shares = [range(k * num_images, (k + 1) * num_images) for k in range(workers)]
    processes = [spawn.Process(target=_share, args=(writer, share, ready, times), daemon=True) for share in shares]
    for process in processes:
        process.start()
    spans = [times.get(timeout=600) for _ in processes]
    for process in processes:
        process.join()
    return workers * num_images / (max(end for _, end in spans) - min(start for start, _ in spans))


def table(seconds: dict[str, float], num_images: int) -> str:
    """Return the stages' CPU seconds per picture as lines, with the sums that matter."""
    lines = [f"{text:32s} {seconds[key] / num_images:6.3f}" for key, text in _ROWS.items()]
    drawing = sum(seconds[key] for key in _DRAWING) / num_images
    lines.append(f"{'drawing (upload to labels)':32s} {drawing:6.3f}")
    lines.append(f"{'a finished picture':32s} {sum(seconds.values()) / num_images:6.3f}")
    return "\n".join(lines)


def main() -> None:
    """Print the measurements."""
    options = flags.FLAGS
    os.environ.setdefault("LP_NUM_THREADS", "1")  # Mesa's own threads
    configurables.load(options.gin_file, options.gin_param)
    scene = configurables.get(SceneConfig, min_people=options.people, max_people=options.people)
    others = [configurables.get(c) for c in (SurroundingsConfig, RenderConfig, WindowConfig, SimPeopleFilter)]
    cast = Cast(configurables.get(CastConfig), options.split)
    writer = SceneWriter(scene, *others, cast, options.seed, Media())
    cast.prepare()
    indices = range(options.num_images)
    warm_up(writer, indices)
    people = [len(writer.sample(index).posed) for index in indices]
    watch = Watch()
    render(writer, indices, watch)
    app.say(
        f"{gl.renderer_name()}; {scene.width}x{scene.height}, {sum(people) / len(people):.1f} people placed on average"
    )
    app.say(f"CPU seconds per picture, mean of {options.num_images}:")
    app.say(table(watch.seconds, options.num_images))
    if options.workers:
        rate = pictures_per_second(writer, options.num_images, options.workers)
        app.say(f"{rate:.2f} pictures per second with {options.workers} processes")


def define_flags() -> None:
    """Define the flags of this main."""
    app.define_gin_flags()
    flags.DEFINE_integer("num_images", 8, "Pictures to measure, in each process.", lower_bound=1)
    flags.DEFINE_integer("people", 12, "People that each scene asks for.", lower_bound=1)
    flags.DEFINE_integer("seed", 0, "Seed of the scenes.")
    flags.DEFINE_enum("split", "train", ["train", "val"], "Whose figures.")
    flags.DEFINE_integer(
        "workers", os.cpu_count(), "Processes of the second measurement; 0 leaves it out.", lower_bound=0
    )


if __name__ == "__main__":
    define_flags()
    app.run(main)
