"""Draw a contact sheet of people records and print what is in them.

python -m tfrecord_tools.inspect_records --input='records/*.tfrecord' --output=sheet.png
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from absl import flags
from PIL import Image

from simpose_tf import app, charts, files
from simpose_tf.data import schema
from simpose_tf.errors import InputError
from simpose_tf.visualize.sheets import contact_sheet

# isort: split
import tensorflow as tf

_PROGRESS_SECONDS = 5.0


@dataclass
class Summary:
    """What the people of one domain are like: one entry per person, but for the counters."""

    pictures: set[tuple[str, int]] = field(default_factory=set)
    visible: list[int] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)
    box_heights: list[float] = field(default_factory=list)
    dense: int = 0
    part_pixels: Counter = field(default_factory=Counter)
    part_people: Counter = field(default_factory=Counter)

    def add(self, person: schema.Person) -> None:
        """Count a person."""
        self.pictures.add((person.source, person.image_id))
        self.visible.append(int(np.sum(person.visibility == 2)))
        self.hidden.append(int(np.sum(person.visibility == 1)))
        self.box_heights.append(float(person.box_yxyx[2] - person.box_yxyx[0]))
        if person.part is not None:
            self.dense += 1
            ids, counts = np.unique(person.part[person.part > 0], return_counts=True)
            self.part_pixels.update(dict(zip(ids.tolist(), counts.tolist(), strict=True)))
            self.part_people.update(ids.tolist())


def serialized_records(paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield (place, bytes) of every record of the files, in order. Raises InputError for a damaged file."""
    for path in paths:
        index = 0
        try:
            for serialized in tf.data.TFRecordDataset(path).as_numpy_iterator():
                yield f"{path}, record {index}", serialized
                index += 1
        except tf.errors.DataLossError as error:
            raise InputError(f"{path}: damaged after {index} records: no TFRecord file, or cut off") from error


def inspect(paths: Sequence[str], num: int) -> tuple[list[schema.Person], dict[int, Summary]]:
    """Read all records.

    Args:
      paths: TFRecord files.
      num: how many people to keep, spread evenly.

    Returns:
      the people kept, and a summary for each domain.

    Raises:
      InputError: no record, a damaged file, records of another schema version.
    """
    count = sum(1 for _ in serialized_records(paths))
    if not count:
        raise InputError(f"--input: no records in {len(paths)} files, the first is {paths[0]!r}")
    chosen = set(np.linspace(0, count - 1, min(num, count)).round().astype(int).tolist())
    kept: list[schema.Person] = []
    summaries: dict[int, Summary] = {}
    said = time.monotonic()
    for index, (place, serialized) in enumerate(serialized_records(paths)):
        person = _decode(serialized, place)
        summaries.setdefault(person.domain, Summary()).add(person)
        if index in chosen:
            kept.append(person)
        if time.monotonic() - said > _PROGRESS_SECONDS:
            said = time.monotonic()
            app.say(f"{index + 1}/{count} records read")
    return kept, summaries


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
    return (
        f"{schema.DOMAIN_NAMES[person.domain]}: {person.source}, image {person.image_id}, "
        f"person {person.person_id}{name}; record {width} x {height}, box {box:.0f} high"
    )


def summary_lines(summaries: dict[int, Summary]) -> list[str]:
    """Return the printed summary."""
    lines = ["domain   people  pictures  dense  visible keypoints  hidden  box height (5 %, median, 95 %)"]
    for domain, s in sorted(summaries.items()):
        low, middle, high = np.percentile(s.box_heights, [5, 50, 95])
        lines.append(
            f"{schema.DOMAIN_NAMES[domain]:6} {len(s.visible):8} {len(s.pictures):9} {s.dense:6} "
            f"{np.mean(s.visible):18.1f} {np.mean(s.hidden):7.1f} {low:8.0f} {middle:6.0f} {high:6.0f} px"
        )
    pixels = sum((s.part_pixels for s in summaries.values()), Counter())
    people = sum((s.part_people for s in summaries.values()), Counter())
    dense = sum(s.dense for s in summaries.values())
    if dense:
        lines.append("part                         of the pixels  of the people with parts")
        lines += [
            f"{p:2} {charts.PART_NAMES[p]:25} {100 * pixels[p] / pixels.total():10.2f} % "
            f"{100 * people[p] / dense:15.1f} %"
            for p in range(1, charts.NUM_PARTS + 1)
        ]
    return lines


def define_flags() -> None:
    """Define this main's flags."""
    flags.DEFINE_string("input", None, "Glob of TFRecord files with people records.")
    flags.DEFINE_string("output", None, "The contact sheet to write, a .png file.")
    flags.DEFINE_integer("num", 16, "People on the sheet, spread evenly over the records.", lower_bound=1)


def main() -> None:
    """Do what the flags say."""
    write_sheet(flags.FLAGS.input, flags.FLAGS.output, flags.FLAGS.num)


def write_sheet(pattern: str | None, output: str | None, num: int) -> None:
    """Print the summary of the records that match a glob and draw `num` of the people. Raises InputError."""
    if not output or not output.lower().endswith(".png"):
        raise InputError(f"--output: name a .png file, not {output!r}")
    files.output_file(output, "--output")
    paths = files.match(pattern or "", "--input")
    people, summaries = inspect(paths, num)
    for line in summary_lines(summaries):
        app.say(line)
    sheet = contact_sheet(people, [caption(person) for person in people])
    with files.atomic_path(output) as temporary:
        Image.fromarray(sheet).save(temporary)
    app.say(f"{len(people)} people drawn: {output}")


if __name__ == "__main__":
    define_flags()
    app.run(main)
