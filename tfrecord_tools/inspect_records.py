"""Draw a contact sheet of people records, print what is in them, and write a page with their statistics.

python -m tfrecord_tools.inspect_records --input='records/*.tfrecord' --output=sheet.png --page=page.html
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from absl import flags
from PIL import Image

from simpose_tf import app, charts, files
from simpose_tf.data import schema
from simpose_tf.errors import InputError
from simpose_tf.visualize import statistics
from simpose_tf.visualize.sheets import contact_sheet, picture_sheet
from simpose_tf.visualize.statistics import Statistics
from tfrecord_tools import data_page
from tfrecord_tools.data_page import Group
from tfrecord_tools.data_statistics import add_person
from tfrecord_tools.progress import clock

# isort: split
import tensorflow as tf

_PROGRESS_SECONDS = 5.0


@dataclass(frozen=True)
class Settings:
    """What to draw and to write.

    Attributes:
      num: people on the sheet, spread evenly over the records.
      compact: many small pictures instead of all labels.
      page: the .html file with the statistics, if any.
      max_records: read no more than the first ones.
    """

    num: int = 16
    compact: bool = False
    page: str | None = None
    max_records: int | None = None


@dataclass(frozen=True)
class Inspected:
    """What the records hold: some of the people, each with its group, and every group's statistics."""

    kept: list[tuple[Group, schema.Person]] = field(default_factory=list)
    statistics: dict[Group, Statistics] = field(default_factory=dict)


def serialized_records(paths: Sequence[str]) -> Iterator[tuple[str, int, bytes]]:
    """Yield (file, index in it, bytes) of every record, in order. Raises InputError for a damaged file."""
    for path in paths:
        index = 0
        try:
            for serialized in tf.data.TFRecordDataset(path).as_numpy_iterator():
                yield path, index, serialized
                index += 1
        except tf.errors.DataLossError as error:
            raise InputError(f"{path}: damaged after {index} records: no TFRecord file, or cut off") from error


def inspect(paths: Sequence[str], num: int, max_records: int | None = None) -> Inspected:
    """Read records one by one.

    Args:
      paths: TFRecord files.
      num: how many people to keep, spread evenly.
      max_records: read no more than the first ones.

    Raises:
      InputError: no record, a damaged file, records of another schema version.
    """
    count = 0
    for count, _ in enumerate(serialized_records(paths), 1):
        if count == max_records:
            break
    if not count:
        raise InputError(f"--input: no records in {len(paths)} files, the first is {paths[0]!r}")
    chosen = set(np.linspace(0, count - 1, min(num, count)).round().astype(int).tolist())
    inspected = Inspected()
    for number, (path, index, serialized) in enumerate(_told(serialized_records(paths), count)):
        person = _decode(serialized, f"{path}, record {index}")
        group = data_page.group_of(path, person.domain)
        add_person(inspected.statistics.setdefault(group, Statistics()), person)
        if number in chosen:
            inspected.kept.append((group, person))
    return inspected


def _told(records: Iterator[tuple[str, int, bytes]], count: int) -> Iterator[tuple[str, int, bytes]]:
    """Yield the first `count` records and say every few seconds how far they are."""
    start = said = time.monotonic()
    for done, record in enumerate(records, 1):
        yield record
        now = time.monotonic()
        if now - said > _PROGRESS_SECONDS:
            said, left = now, (now - start) / done * (count - done)
            bar = ("#" * (20 * done // count)).ljust(20, ".")
            app.say(f"[{bar}] {done}/{count} records read, {done / (now - start):.0f} records/s, {clock(left)} left")
        if done == count:
            return


def _decode(serialized: bytes, place: str) -> schema.Person:
    """Return the person of a record; a picture in it that does not decode is an InputError as well."""
    try:
        return schema.decode(serialized, place)
    except (ValueError, IndexError) as error:
        raise InputError(f"{place}: {error}") from error


def caption(person: schema.Person) -> str:
    """Return the line above a person's row."""
    height, width = person.image.shape[:2]
    box = person.box_yxyx[2] - person.box_yxyx[0]
    name = f", {person.figure_id}" if person.figure_id else ""
    pose = f", {person.pose}" if person.pose else ""
    return (
        f"{schema.DOMAIN_NAMES[person.domain]}: {person.source}, image {person.image_id}, "
        f"person {person.person_id}{name}{pose}; record {width} x {height}, box {box:.0f} high"
    )


def short_caption(person: schema.Person) -> str:
    """Return the line below a person's small picture."""
    return " ".join(filter(None, [f"{person.image_id}/{person.person_id}", person.pose, person.figure_id]))


def summary_lines(counted: Sequence[Statistics]) -> list[str]:
    """Return the printed summary, one line for each domain; each of the statistics is of one domain."""
    lines = ["domain   people  pictures  dense  visible keypoints  hidden  box height (5 %, median, 95 %)"]
    for domain, name in enumerate(schema.DOMAIN_NAMES):
        s = statistics.total(c for c in counted if domain in c.domains)
        if s.people:
            low, middle, high = statistics.percentiles(s.record_heights, (5, 50, 95))
            _, hidden, visible = s.visibility.sum(0) / s.people
            lines.append(
                f"{name:6} {s.people:8} {len(s.pictures):9} {s.dense:6} "
                f"{visible:18.1f} {hidden:7.1f} {low:8.0f} {middle:6.0f} {high:6.0f} px"
            )
    return lines + _part_lines(statistics.total(counted))


def _part_lines(s: Statistics) -> list[str]:
    if not s.dense:
        return []
    pixels, people = 100 * s.part_pixels / max(int(s.part_pixels.sum()), 1), 100 * s.part_people / s.dense
    lines = ["part                         of the pixels  of the people with parts"]
    return lines + [
        f"{p:2} {charts.PART_NAMES[p]:25} {pixels[p]:10.2f} % {people[p]:15.1f} %" for p in range(1, len(pixels))
    ]


def define_flags() -> None:
    """Define this main's flags."""
    flags.DEFINE_string("input", None, "Glob of TFRecord files with people records.")
    flags.DEFINE_string("output", None, "The contact sheet to write, a .png file.")
    flags.DEFINE_string("page", None, "Also write this .html page with the statistics of each data set.")
    flags.DEFINE_integer("num", 16, "People on the sheet, spread evenly over the records.", lower_bound=1)
    flags.DEFINE_bool("compact", False, "Ten people in a row, without labels: to look at hundreds.")
    flags.DEFINE_integer("max_records", None, "Read no more than the first records.", lower_bound=1)


def main() -> None:
    """Do what the flags say."""
    options = flags.FLAGS
    settings = Settings(options.num, options.compact, options.page, options.max_records)
    write_sheet(options.input, options.output, settings)


def write_sheet(pattern: str | None, output: str | None, settings: Settings) -> None:
    """Print the summary of the records of a glob, draw some of the people, write the page. Raises InputError."""
    if not output or not output.lower().endswith(".png"):
        raise InputError(f"--output: name a .png file, not {output!r}")
    files.output_file(output, "--output")
    if settings.page is not None:
        if not settings.page.lower().endswith((".html", ".htm")):
            raise InputError(f"--page: name a .html file, not {settings.page!r}")
        files.output_file(settings.page, "--page")
    inspected = inspect(files.match(pattern or "", "--input"), settings.num, settings.max_records)
    for line in summary_lines(list(inspected.statistics.values())):
        app.say(line)
    people = [person for _, person in inspected.kept]
    if settings.compact:
        sheet = picture_sheet(people, [short_caption(person) for person in people])
    else:
        sheet = contact_sheet(people, [caption(person) for person in people])
    with files.atomic_path(output) as temporary:
        Image.fromarray(sheet).save(temporary)
    app.say(f"{len(people)} people drawn: {output}")
    if settings.page is not None:
        files.write_text(settings.page, data_page.html_of(inspected.statistics, _examples(inspected)))
        app.say(f"statistics: {settings.page}")


def _examples(inspected: Inspected) -> dict[Group, np.ndarray]:
    """Return a short contact sheet for every group that has people among those kept."""
    shown: dict[Group, np.ndarray] = {}
    for group in inspected.statistics:
        people = [person for of, person in inspected.kept if of == group]
        chosen = np.unique(np.linspace(0, len(people) - 1, min(len(people), data_page.EXAMPLES)).round().astype(int))
        if people:
            shown[group] = contact_sheet([people[i] for i in chosen], [caption(people[i]) for i in chosen], 220)
    return shown


if __name__ == "__main__":
    define_flags()
    app.run(main)
