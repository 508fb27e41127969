"""Which data set a record belongs to, what its manifest tells, and the page about it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simpose_tf.data import schema
from simpose_tf.errors import InputError
from simpose_tf.visualize import statistics_page
from simpose_tf.visualize.statistics import Statistics
from simpose_tf.visualize.statistics_page import Chapter

EXAMPLES = 5  # people drawn at the head of a data set's chapter
_SHARD = re.compile(r"(?P<name>.+)-\d{5}-of-\d{5}\.tfrecord")
_DOMAINS = ("photographs", "simulated")


@dataclass(frozen=True, order=True)
class Group:
    """A data set: folder, name of its shards (empty for other files), domain of the records."""

    folder: str
    name: str
    domain: int

    @property
    def title(self) -> str:
        """What the page calls it."""
        place = " / ".join(part for part in (Path(self.folder).absolute().name, self.name) if part)
        return f"{place} ({_DOMAINS[self.domain]})"


def group_of(path: str, domain: int) -> Group:
    """Return the data set that a record of a file belongs to."""
    matched = _SHARD.fullmatch(Path(path).name)
    return Group(str(Path(path).parent), matched["name"] if matched else "", domain)


def read_manifest(group: Group) -> dict | None:
    """Return the manifest beside the shards, or None where there is none. Raises InputError if it is none."""
    path = Path(group.folder) / f"{group.name}.manifest.json"
    if not group.name or not path.is_file():
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(manifest["settings"], dict) or not isinstance(manifest["num_records"], int):
            raise ValueError("settings or num_records are of another kind")
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: no manifest of a data set ({error})") from error
    return manifest


def html_of(counted: Mapping[Group, Statistics], sheets: Mapping[Group, np.ndarray]) -> str:
    """Return the page about data sets; `sheets` shows some people of each (those who have any)."""
    chapters = [_chapter(group, counted[group], sheets.get(group)) for group in sorted(counted)]
    people = sum(each.people for each in counted.values())
    intro = f"What is in {people:,} records of people, by tfrecord_tools.inspect_records."
    titles = ", ".join(chapter.title for chapter in chapters)
    return statistics_page.page(f"People in {titles}", intro, chapters)


def _chapter(group: Group, counted: Statistics, sheet: np.ndarray | None) -> Chapter:
    manifest = read_manifest(group)
    facts = _facts(counted) | (_manifest_facts(manifest, counted) if manifest else {})
    if not manifest:
        facts["manifest"] = "none beside the files"
    settings = json.dumps(manifest["settings"], indent=1, sort_keys=True) if manifest else ""
    return Chapter(group.title, group.domain == schema.SIM, facts, settings, counted, sheet)


def _facts(counted: Statistics) -> dict[str, str]:
    """Return what the records tell of their origin."""
    seeds = sorted({seed for _, seed, _ in counted.pictures})
    return {"source": ", ".join(sorted(counted.sources))} | (
        {"seed": ", ".join(map(str, seeds))} if schema.SIM in counted.domains else {}
    )


def _manifest_facts(manifest: Mapping, counted: Statistics) -> dict[str, str]:
    """Return what the manifest tells: name -> text, only what it holds."""
    settings, shards = manifest["settings"], manifest.get("shards", [])
    facts = {
        "split": settings.get("cast", settings).get("split"),
        "scenes" if schema.SIM in counted.domains else "photographs": manifest.get("num_tasks"),
        "records": f"{manifest['num_records']:,} in {len(shards)} files; {counted.people:,} of them are shown here",
        "bytes": f"{sum(shard.get('bytes', 0) for shard in shards) / 1e6:,.1f} MB" if shards else None,
        "left out": f"{len(manifest['skipped'])} inputs" if manifest.get("skipped") else None,
        "renderer": ", ".join(manifest.get("made_with", ())) or None,
        "schema version": manifest.get("schema_version"),
        "versions": _plain(manifest.get("versions")),
        "fingerprint": manifest.get("fingerprint"),
    }
    return {name: str(value) for name, value in facts.items() if value is not None}


def _plain(value: object) -> str | None:
    """Return a mapping as `name value, name value`; other values as they print."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {value[key]}" for key in sorted(value))
    return None if value is None else str(value)
