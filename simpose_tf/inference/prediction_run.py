"""A whole run of `simpose_tf.predict`: pictures, then clips, then the lists and pages of all of them.

What is done is noted in run.jsonl; results.json and the pages are made of the files that lie there, so a run that goes
on and one that was never stopped leave the same, and nothing of a picture stays in memory.
"""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simpose_tf import files
from simpose_tf.densepose import results
from simpose_tf.errors import InputError
from simpose_tf.inference import picture_files, pipeline, result_list, video, wording
from simpose_tf.inference.people import PredictedPerson
from simpose_tf.inference.picture_files import Wanted
from simpose_tf.inference.pictures import read_picture
from simpose_tf.inference.pipeline import Progress
from simpose_tf.inference.run_log import RunLog
from simpose_tf.inference.video import ClipJob, ClipOptions
from simpose_tf.inference.work import ClipWork, Plan, Predict, Work, require_one
from simpose_tf.visualize import prediction_page
from simpose_tf.visualize.prediction_page import PagePicture

Say = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What a user asked for.

    Attributes:
      output: folder.
      wanted: which files and layers.
      clips: about videos.
      settings: JSON values that decide what the outputs look like; where they differ from those of the run that the
        folder holds, nothing of it is taken as done.
      redo: take nothing as done in any case.
      parallel: pictures whose people may be asked for at the same time; 1: one after the other, in the caller's thread.
    """

    output: Path
    wanted: Wanted
    clips: ClipOptions
    settings: dict[str, Any]
    redo: bool = False
    parallel: int = 1


@dataclass(frozen=True)
class ReadPicture:
    """A picture and its pixels uint8 RGB `[H,W,3]`, or the fault of one that cannot be read."""

    item: Work
    image: np.ndarray | None
    fault: str = ""


@dataclass(frozen=True)
class AnsweredPicture:
    """A picture, its pixels and its people."""

    item: Work
    image: np.ndarray
    found: list[PredictedPerson]


def predict_all(predict: Predict, planned: Plan, request: Request, say: Say) -> None:
    """Predict all pictures and clips and write everything.

    Raises:
      InputError: not one picture or clip is readable; nothing is written then.
      OSError: a file cannot be written; all files that are there are whole.
    """
    skipped: list[str] = []

    def skip(line: str) -> None:
        say(f"skipped: {line}")
        skipped.append(line)

    for line in planned.skipped:
        skip(line)
    log = RunLog(request.output, request.settings, request.redo)
    if log.changed:
        say(f"--output: holds a run with other settings ({', '.join(log.changed)}); all is done anew")
    _predict_pictures(predict, planned.pictures, request, log, say, skip)
    _predict_clips(predict, planned, request, log, say, skip)
    pictures = [item for item in planned.pictures if log.has(item)]
    clips = [item for item in planned.clips if log.has(item)]
    require_one([*pictures, *clips], skipped, "pictures and clips" if planned.clips else "pictures")
    people = _write_lists(pictures, clips, request)
    summary = f"{wording.people(people)} in {_counted(pictures, clips)}"
    _write_pages(pictures, clips, request, log, [summary, *(f"Skipped: {line}" for line in skipped)])
    say(f"{summary}, {len(skipped)} skipped: {request.output / 'index.html'}")


def _counted(pictures: list[Work], clips: list[ClipWork]) -> str:
    """Return how many pictures and clips there are, as text."""
    kinds = [(len(pictures), "picture")] if pictures or not clips else []
    kinds += [(len(clips), "clip")] if clips else []
    return " and ".join(wording.counted(*kind) for kind in kinds)


def _predict_pictures(predict: Predict, work: list[Work], request: Request, log: RunLog, say: Say, skip: Say) -> None:
    """Predict the pictures that are not done; reading, predicting and writing go on at the same time."""
    left = [item for item in work if not log.is_whole(item, picture_files.file_names(item.name, request.wanted))]
    if len(left) < len(work):
        say(f"{len(work) - len(left)} of {len(work)} pictures are done already (--redo does them anew)")

    def write(one: AnsweredPicture) -> int:
        write_picture(one, request)
        log.add(one.item, size=one.image.shape[:2], people=len(one.found))
        return len(one.found)

    progress, people = Progress(len(left), "pictures", say), 0
    readable = _readable(pipeline.in_order(read, left, pipeline.READERS, _share), skip)
    answers = _answers(predict, readable, request.parallel)
    written = pipeline.in_order(write, answers, pipeline.writers(), lambda one: _share(one.item))
    for done, found in enumerate(written, 1):
        people += found
        progress(done, people)


def _share(item: Work) -> float:
    return pipeline.share_of(item.size[0] * item.size[1])


def read(item: Work) -> ReadPicture:
    """Return a picture's pixels, or its fault."""
    try:
        return ReadPicture(item, read_picture(item.path))
    except InputError as error:
        return ReadPicture(item, None, str(error))


def _readable(pictures: Iterator[ReadPicture], skip: Say) -> Iterator[ReadPicture]:
    """Yield the pictures that can be read; the others are told of."""
    for one in pictures:
        if one.image is None:
            skip(one.fault)
        else:
            yield one


def _answers(predict: Predict, pictures: Iterator[ReadPicture], parallel: int) -> Iterator[AnsweredPicture]:
    """Yield the pictures with their people."""

    def answer(one: ReadPicture) -> AnsweredPicture:
        assert one.image is not None
        return AnsweredPicture(one.item, one.image, predict(one.image, one.item.boxes_yxyx, one.item.scores))

    if parallel == 1:
        return map(answer, pictures)
    return pipeline.in_order(answer, pictures, parallel, lambda one: max(_share(one.item), 1 / parallel))


def write_picture(one: AnsweredPicture, request: Request) -> None:
    """Draw and write the files of one picture."""
    item, title = one.item, Path(one.item.path).name
    height, width = one.image.shape[:2]
    about = picture_files.picture_json(item.name, title, item.image_id, (height, width), one.found)
    picture_files.save(request.output, about)
    for drawn in picture_files.draw(item.name, one.image, one.found, request.wanted):
        picture_files.save(request.output, drawn)


def _predict_clips(predict: Predict, planned: Plan, request: Request, log: RunLog, say: Say, skip: Say) -> None:
    """Predict the clips that are not done, one after the other. Their frames' ids follow the pictures'."""
    first_id = max((item.image_id for item in planned.pictures), default=0) + 1
    for item in planned.clips:
        whole = log.is_whole(item, video.output_names(item.name))
        if whole and log.facts(item)["first_id"] == first_id:
            say(f"{Path(item.path).name} is done already (--redo does it anew)")
        else:
            job = ClipJob(item, first_id, request.wanted, request.clips)
            try:
                done = video.predict_clip(predict, job, request.output, say)
            except InputError as error:
                skip(str(error))
                continue
            log.add(item, first_id=first_id, **dataclasses.asdict(done))
        first_id = log.facts(item)["last_id"] + 1


def _write_lists(pictures: list[Work], clips: list[ClipWork], request: Request) -> int:
    """Write results.json, and results.npz if asked for; return the number of people."""
    path = request.output / "results.json"
    jsons = [request.output / f"{item.name}.json" for item in pictures]
    lines = [request.output / video.output_names(item.name)[1] for item in clips]
    people = result_list.write(path, result_list.entries(jsons, lines))
    if "npz" in request.wanted.dumps:
        results.write_results_npz(request.output / "results.npz", results.read_results(path))
    return people


def _write_pages(pictures: list[Work], clips: list[ClipWork], request: Request, log: RunLog, notes: list[str]) -> None:
    """Write index.html, and index_2.html and so on where there are many pictures."""
    names = prediction_page.page_names(len(pictures))
    films = [video.page_clip(item, log.facts(item)["frames"], log.facts(item)["tracks"]) for item in clips]
    for number, name in enumerate(names):
        shown = pictures[number * prediction_page.ROWS : (number + 1) * prediction_page.ROWS]
        rows = [_row(item, log, request.wanted) for item in shown]
        links = prediction_page.page_links(names, number)
        first = number == 0
        text = prediction_page.page("SimPose predictions", notes if first else [], rows, films if first else [], links)
        files.write_text(request.output / name, text)
    for path in request.output.glob("index_*.html"):  # of a longer run before
        if path.name not in names and path.stem.removeprefix("index_").isdecimal():
            path.unlink()


def _row(item: Work, log: RunLog, wanted: Wanted) -> PagePicture:
    facts = log.facts(item)
    return picture_files.page_row(item.name, Path(item.path).name, facts["size"], facts["people"], wanted)
