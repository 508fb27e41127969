"""A person's corrections of proposed parts: whole faces given to a part, and borders moved.

An edits file is JSON. It holds all corrections of the proposed parts; what is no longer in it is undone:

    {"parts": [{"part": "left_hand", "vertices": [10, 11, 12]},
               {"part": 4, "group": "glove"},
               {"part": "left_hand", "group": "#ff0000"},
               {"part": "left_hand", "faces": [7, 8]}],
     "seams": [{"between": ["torso_front", "right_upper_leg_front"], "vertices": [4, 90, 17]}]}

`parts`: faces whose corners are all named take the part (its name or number): by vertices of the file, counted from 0;
by a group, which is an OBJ's `g`, `o` or `usemtl`, a GLB's node, mesh or material, or the colour `#rrggbb` painted on
vertices; or faces themselves, the file's triangles counted from 0.
`seams`: the border between two parts is moved to the shortest way along edges through the named vertices, in their
order. A first or last vertex on the old border leaves the rest of it as it was; one on the rim of the two parts ends
the new border there; else the new border goes on to the end of the old one.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from simpose_tf.charts import NUM_PARTS, PART_NAMES
from simpose_tf.errors import InputError
from simpose_tf.surface import seams
from simpose_tf.surface.patches import absorb_crumbs, patch_count
from simpose_tf.surface.target import Target

_WAYS = ("vertices", "group", "faces")


@dataclass(frozen=True)
class PartEdit:
    """Faces for a part, named in one of three ways; `entry` is where the file says so."""

    entry: str
    part: int
    vertices: tuple[int, ...] = ()
    faces: tuple[int, ...] = ()
    group: str = ""


@dataclass(frozen=True)
class SeamEdit:
    """The border between two parts, through vertices of the file."""

    entry: str
    between: tuple[int, int]
    vertices: tuple[int, ...]


@dataclass(frozen=True)
class Edits:
    """All corrections of a file, in their order: parts first, then seams."""

    parts: tuple[PartEdit, ...]
    seams: tuple[SeamEdit, ...]


def parse_edits(data: object, place: str | os.PathLike) -> Edits:
    """Return the corrections of an edits file's JSON. Raises InputError that names the entry at fault."""
    if not isinstance(data, Mapping) or not set(data) <= {"parts", "seams"}:
        raise InputError(f"{place}: no edits: an object with the lists 'parts' and 'seams' is needed")
    lists = {key: data.get(key, []) for key in ("parts", "seams")}
    for key, entries in lists.items():
        if not isinstance(entries, list):
            raise InputError(f"{place}: {key}: not a list")
    if not lists["parts"] and not lists["seams"]:
        raise InputError(f"{place}: no edits in it")
    return Edits(
        tuple(_part_edit(entry, f"{place}: parts[{k}]") for k, entry in enumerate(lists["parts"])),
        tuple(_seam_edit(entry, f"{place}: seams[{k}]") for k, entry in enumerate(lists["seams"])),
    )


def _part_edit(entry: object, place: str) -> PartEdit:
    ways = [way for way in _WAYS if isinstance(entry, Mapping) and way in entry]
    if not isinstance(entry, Mapping) or len(ways) != 1 or set(entry) != {"part", ways[0]}:
        raise InputError(f"{place}: needs 'part' and one of {', '.join(_WAYS)}")
    part = _part(entry["part"], place)
    if ways[0] == "group":
        return PartEdit(place, part, group=str(entry["group"]))
    numbers = _numbers(entry[ways[0]], f"{place}: {ways[0]}", 1)
    return PartEdit(place, part, vertices=numbers) if ways[0] == "vertices" else PartEdit(place, part, faces=numbers)


def _seam_edit(entry: object, place: str) -> SeamEdit:
    if not isinstance(entry, Mapping) or set(entry) != {"between", "vertices"}:
        raise InputError(f"{place}: needs 'between' (two parts) and 'vertices'")
    between = entry["between"]
    if not isinstance(between, list) or len(between) != 2:
        raise InputError(f'{place}: between: two parts, like ["torso_front", "torso_back"]')
    first, second = (_part(value, place) for value in between)
    if first == second:
        raise InputError(f"{place}: between: twice the same part")
    return SeamEdit(place, (first, second), _numbers(entry["vertices"], f"{place}: vertices", 2))


def _part(value: object, place: str) -> int:
    """Return a part by its name or number."""
    if isinstance(value, str) and value in PART_NAMES[1:]:
        return PART_NAMES.index(value)
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= NUM_PARTS:
        return value
    raise InputError(f"{place}: no part {value!r}; there are {', '.join(PART_NAMES[1:])}, or 1 to {NUM_PARTS}")


def _numbers(value: object, place: str, fewest: int) -> tuple[int, ...]:
    whole = isinstance(value, list) and all(isinstance(n, int) and not isinstance(n, bool) for n in value)
    if not isinstance(value, list) or not whole or len(value) < fewest:
        raise InputError(f"{place}: a list of at least {fewest} whole numbers is needed")
    return tuple(value)


def corrected(target: Target, part: np.ndarray, edits: Edits) -> np.ndarray:
    """Return parts `[F]` uint8 of a mesh's faces with a person's corrections of `part` `[F]`.

    Crumbs of parts that a correction cuts off go to the part around them. Raises InputError that names the entry for
    vertices, faces and groups that are not there, parts that do not touch, ways that do not exist, and parts that
    would fall into pieces or vanish.
    """
    part = np.array(part, np.uint8)
    for edit in edits.parts:
        chosen = _chosen(target, edit)
        part = _checked(target, part, np.where(chosen, edit.part, part), edit.entry)
    for seam in edits.seams:
        vertices = _working_vertices(target, seam)
        moved = seams.moved_border(target.vertices, target.faces, part, seam.between, vertices, seam.entry)
        part = _checked(target, part, moved, seam.entry)
    return part


def _chosen(target: Target, edit: PartEdit) -> np.ndarray:
    """Return the faces `[F]` bool that a correction names."""
    if edit.faces:
        _check_range(edit.faces, len(target.file_faces), "triangle", edit.entry)
        chosen = np.isin(target.corner[:, 0] // 3, edit.faces)
    else:
        named = np.zeros(len(target.file_vertices), bool)
        if edit.vertices:
            _check_range(edit.vertices, len(named), "vertex", edit.entry)
            named[list(edit.vertices)] = True
        else:
            named = _group(target, edit)
        ours = np.zeros(len(target.vertices), bool)
        np.logical_or.at(ours, target.faces, named[target.file_faces.ravel()[target.corner]])
        chosen = ours[target.faces].all(1)
    if not chosen.any():
        what = f"group {edit.group!r}" if edit.group else "what it names"
        raise InputError(f"{edit.entry}: {what} holds no whole face of the mesh")
    return chosen


def _group(target: Target, edit: PartEdit) -> np.ndarray:
    """Return the vertices `[W]` bool of a group. Raises InputError if there is none of that name."""
    if edit.group in target.groups:
        return target.groups[edit.group]
    lower = edit.group.lower()
    if lower in target.groups:  # colours may be written in capitals
        return target.groups[lower]
    names = sorted(target.groups, key=lambda name: (name.startswith("#"), name))
    there = (
        f"there are {', '.join(names[:12])}{' ...' if len(names) > 12 else ''}" if names else "the file has no groups"
    )
    raise InputError(f"{edit.entry}: no group {edit.group!r}; {there}")


def _check_range(numbers: tuple[int, ...], count: int, what: str, entry: str) -> None:
    for number in numbers:
        if not 0 <= number < count:
            raise InputError(f"{entry}: {what} {number} is not there; the file's are 0 to {count - 1}")


def _working_vertices(target: Target, seam: SeamEdit) -> list[int]:
    """Return our vertex for each of the file's that a seam names; of several at one place one between the two parts."""
    _check_range(seam.vertices, len(target.file_vertices), "vertex", seam.entry)
    of_file = target.file_faces.ravel()[target.corner]
    found = []
    for vertex in seam.vertices:
        ours = target.faces[of_file == vertex]
        if not len(ours):
            raise InputError(f"{seam.entry}: vertex {vertex} belongs to no face that is charted")
        found.append(int(ours[0]))
    return found


def _checked(target: Target, before: np.ndarray, after: np.ndarray, entry: str) -> np.ndarray:
    """Return corrected parts without crumbs. Raises InputError if a part vanishes or falls into more pieces."""
    after = absorb_crumbs(target.faces, before, after.astype(np.uint8))
    for part in np.unique(before[before != after]).tolist() + np.unique(after[before != after]).tolist():
        name, pieces = PART_NAMES[part], patch_count(target.faces, after == part)
        if not pieces:
            raise InputError(f"{entry}: {name} would have no faces left")
        if (before == part).any() and pieces > patch_count(target.faces, before == part):
            raise InputError(f"{entry}: {name} would fall into {pieces} pieces")
    return after
