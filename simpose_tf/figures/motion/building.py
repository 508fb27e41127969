"""The bank of poses that comes with the project: drawn, solved, checked on a true mesh, kept in `poses.npz`.

    python -m simpose_tf.figures.motion.building --output=FILE

builds it again (minutes). Pose i of a family and split comes from (family, split, i) alone, so the same poses come out
in any order. Each is drawn by its activity (`activities`, `floor`, `sports`), solved for its goals (`goals`), examined
on the reference body (`pose_checks`), and drawn again if a bound is broken or if it is too like an earlier one.
"""

import argparse
import ast
import hashlib
import multiprocessing
import os
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from simpose_tf.figures import joints
from simpose_tf.figures.motion import activities, floor, goals, humanoid3d, retarget, sports
from simpose_tf.figures.motion import checks as pose_checks
from simpose_tf.figures.motion.bank import MIN_DIFFERENCE, SPLITS, STEPS, clip_angles, differences, distinct_frames
from simpose_tf.figures.motion.clips import Clip
from simpose_tf.figures.motion.limbs import Draw, Sketch
from simpose_tf.figures.motion.reference_body import Landmark, ReferenceBody, reference_body
from simpose_tf.files import atomic_path

MAX_MISS = 0.03  # metres that a hand may be off what it reaches for
_MOST_TRIES = 60
_ROUNDS = 5
_VAL_SHARE = 0.2

# Families: who draws, and how many poses to train with. COCO's people mostly stand, walk, sit and do sports.
FAMILIES: dict[str, tuple[Callable[[Draw], Sketch], int]] = {
    "stand": (activities.stand, 400), "walk": (activities.walk, 260), "run": (activities.run, 100),
    "sit": (activities.sit, 220), "squat": (activities.squat, 64), "bend": (activities.bend, 90),
    "reach": (activities.reach, 80), "carry": (activities.carry, 70), "lean": (activities.lean, 40),
    "climb": (activities.climb, 40), "stretch": (activities.stretch, 50), "dance": (activities.dance, 60),
    "kneel": (floor.kneel, 64), "sit_on_ground": (floor.sit_on_ground, 64), "crawl": (floor.crawl, 32),
    "lie": (floor.lie, 48), "lunge": (sports.lunge, 48), "throw": (sports.throw, 60), "kick": (sports.kick, 60),
    "racket": (sports.racket, 80), "bat": (sports.bat, 48), "golf": (sports.golf, 32), "jump": (sports.jump, 60),
    "ski": (sports.ski, 56), "board": (sports.board, 80), "box": (sports.box, 40), "yoga": (sports.yoga, 50),
}  # fmt: skip
# The modules whose code decides what the poses are.
_RECIPE: tuple[str, ...] = (
    "joints",
    "kinematics",
    "motion/reference_body",
    "motion/goals",
    "motion/limbs",
    "motion/arms",
)
_RECIPE += ("motion/activities", "motion/floor", "motion/sports")


@dataclass(frozen=True)
class Drawn:
    """A pose of the bank: `angles` `[J, 3]` degrees of all bones, the goals it was drawn with, what was measured."""

    angles: np.ndarray
    posture: goals.Posture
    findings: pose_checks.Findings


def number_of(family: str, split: str) -> int:
    """Return how many poses of a family a split has."""
    count = FAMILIES[family][1]
    return count if split == "train" else max(8, round(_VAL_SHARE * count))


def seed_of(family: str, split: str, index: int, trial: int) -> list[int]:
    """Return the seed of a draw."""
    return [zlib.crc32(family.encode()), SPLITS.index(split), index, trial]


def attempt(family: str, split: str, index: int, trial: int) -> Drawn | None:
    """Draw, solve and examine one pose; None if it breaks a bound."""
    body, skin = reference_body(), dict[str, Landmark]()
    rng = np.random.default_rng(seed_of(family, split, index, trial))
    posture = FAMILIES[family][0](Draw(rng)).posture()
    for k in range(_ROUNDS):
        solved, miss = goals.solve(body, posture, skin)
        angles = _all_angles(body, posture, solved)
        gap = pose_checks.ground_gap(body, pose_checks.posed(body, angles), posture.ground)
        if gap > pose_checks.MAX_GAP:
            lowest = {name: mark for name, mark in skin.items() if name.startswith("lowest")}
            skin = pose_checks.skin_at(body, angles, posture.ground, f"lowest{k}") | lowest
            continue
        findings = pose_checks.examine(body, angles, posture.ground, posture.balance)
        if findings.good() and miss <= MAX_MISS:
            return Drawn(angles, posture, findings)
        if miss > MAX_MISS or not any(isinstance(reach.target, str) for reach in posture.reach):
            return None
        posture = _eased(posture, findings.depth)
    return None


def _eased(posture: goals.Posture, depth: float) -> goals.Posture:
    """Return a posture whose hands stay further away from the skin that they touch."""
    more = max(depth - 0.6 * pose_checks.MAX_DEPTH, 0.0)
    touches = tuple(replace(r, gap=r.gap + more) if isinstance(r.target, str) else r for r in posture.reach)
    return replace(posture, reach=touches)


def _all_angles(body: ReferenceBody, posture: goals.Posture, solved: np.ndarray) -> np.ndarray:
    """Return `[J, 3]` of all bones: the solved ones, and the fingers as drawn; as they will be stored."""
    by_name = posture.angles | dict(zip(body.chain.names, map(tuple, solved), strict=True))
    angles = np.array([by_name.get(name, (0.0, 0.0, 0.0)) for name in body.skeleton.names])
    return np.round(joints.within_limits(body.skeleton.names, angles) * STEPS) / STEPS


def draw_pose(place: tuple[str, str, int, int]) -> tuple[np.ndarray, int]:
    """Return the first pose that keeps all bounds, and its trial; `place`: family, split, index, first trial."""
    family, split, index, first = place
    for trial in range(first, _MOST_TRIES):
        drawn = attempt(family, split, index, trial)
        if drawn is not None:
            return drawn.angles, trial
    raise RuntimeError(f"{family}-{index:04d} ({split}): no pose within the bounds in {_MOST_TRIES} draws")


def build(workers: int) -> dict[str, np.ndarray]:
    """Return the arrays of the asset; the same for any number of workers."""
    names = reference_body().skeleton.names
    places = [(f, s, i, 0) for s in SPLITS for f in FAMILIES for i in range(number_of(f, s))]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        drawn = list(_with_progress(pool.imap(draw_pose, places, chunksize=4), len(places)))
        while True:
            angles = np.stack([pose for pose, _ in drawn])
            alike = differences(names, angles, angles) < MIN_DIFFERENCE
            again = np.nonzero(np.tril(alike, -1).any(1))[0]
            if not len(again):
                break
            new = pool.map(draw_pose, [(*places[k][:3], drawn[k][1] + 1) for k in again])
            for k, pose in zip(again, new, strict=True):
                drawn[k] = pose
    clips = [(clip.name, frame) for clip in map(humanoid3d.read_clip, humanoid3d.clip_files()) for frame in good(clip)]
    return {
        "bones": np.array(names),
        "families": np.array([place[0] for place in places]),
        "splits": np.array([place[1] for place in places]),
        "numbers": np.array([number(*place[:3]) for place in places], np.int16),
        "trials": np.array([trial for _, trial in drawn], np.int16),
        "angles": np.round(angles * STEPS).astype(np.int16),
        "clip_names": np.array([name for name, _ in clips]),
        "clip_frames": np.array([frame for _, frame in clips], np.int16),
        "recipe": np.array(recipe_hash()),
    }


def number(family: str, split: str, index: int) -> int:
    """Return the number in a pose's name: those of validation follow those of training."""
    return index + (FAMILIES[family][1] if split == "val" else 0)


def good(clip: Clip) -> list[int]:
    """Return the frames of a clip that differ enough and keep the bound on limbs inside the body."""
    body, angles = reference_body(), clip_angles(clip)[0]
    ordered = angles[:, [retarget.BONES.index(name) for name in body.skeleton.names]]
    frames = [int(frame) for frame in distinct_frames(clip)]
    return [
        f for f in frames if pose_checks.deepest(body, pose_checks.posed(body, ordered[f])) <= pose_checks.MAX_DEPTH
    ]


def _with_progress(items: Iterable, total: int) -> Iterator:
    """Yield the items, telling on stderr how many came and how long the rest will take."""
    start = time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        left = (time.monotonic() - start) / done * (total - done)
        print(f"\rposes {done}/{total}, {left / 60:.1f} min left ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def recipe_hash() -> str:
    """Return a hash of what decides the poses: the code (without imports, comments and docstrings) and the families."""
    digest = hashlib.sha256(repr([(name, row[1]) for name, row in FAMILIES.items()]).encode())
    for module in _RECIPE:
        tree = ast.parse((Path(__file__).parents[1] / f"{module}.py").read_text(encoding="utf-8"))
        tree.body = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if (
                isinstance(body, list)
                and body
                and isinstance(body[0], ast.Expr)
                and isinstance(body[0].value, ast.Constant)
            ):
                body[0] = ast.Pass()
        digest.update(ast.dump(tree).encode())
    return digest.hexdigest()


def main(arguments: list[str] | None = None) -> None:
    """Build the bank and write it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", required=True, help="the .npz to write")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: all cores)")
    options = parser.parse_args(arguments)
    arrays = build(max(1, options.workers))
    with atomic_path(options.output) as temporary:
        np.savez_compressed(temporary, **arrays)
    print(f"{options.output}: {len(arrays['angles'])} poses, recipe {arrays['recipe']}")


if __name__ == "__main__":
    main()
