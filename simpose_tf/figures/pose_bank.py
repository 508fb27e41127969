"""The bank of poses that comes with the project: drawn, solved, checked on a true mesh, kept in `poses.npz`.

    python -m simpose_tf.figures.pose_bank --output=FILE

builds it again (minutes). Pose i of a family and split comes from (family, split, i) alone, so the same poses come out
in any order. Each is drawn by its activity (`activities`, `floor`, `sports`), solved for its goals (`goals`), examined on
the reference body (`pose_checks`), and drawn again if a bound is broken or if it is too like an earlier one.
"""

import argparse
import functools
import hashlib
import multiprocessing
import os
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from simpose_tf.errors import InputError
from simpose_tf.figures import activities, floor, goals, joints, pose_checks, sports
from simpose_tf.figures.limbs import Draw, Sketch
from simpose_tf.figures.reference_body import ReferenceBody, reference_body
from simpose_tf.files import atomic_path

ASSET = Path(__file__).with_name("poses.npz")
SPLITS = ("train", "val")
MIN_DIFFERENCE = 12.0  # degrees: some joint of a pose differs by so much from that of any other pose of the bank
MAX_MISS = 0.03  # metres that a hand may be off what it reaches for, and that rough balls of limbs may overlap
_MOST_TRIES = 60
_ROUNDS_ON_SKIN = 4
_STEPS = 100.0  # angles are stored in hundredths of a degree
_VAL_SHARE = 0.2

# Families: who draws, and how many poses to train with. COCO's people mostly stand, walk, sit and do sports.
FAMILIES: dict[str, tuple[Callable[[Draw], Sketch], int]] = {
    "stand": (activities.stand, 400), "walk": (activities.walk, 260), "run": (activities.run, 120),
    "sit": (activities.sit, 260), "squat": (activities.squat, 80), "bend": (activities.bend, 110),
    "reach": (activities.reach, 100), "carry": (activities.carry, 90), "lean": (activities.lean, 50),
    "climb": (activities.climb, 50), "stretch": (activities.stretch, 60), "dance": (activities.dance, 70),
    "kneel": (floor.kneel, 80), "sit_on_ground": (floor.sit_on_ground, 80), "crawl": (floor.crawl, 40),
    "lie": (floor.lie, 60), "lunge": (sports.lunge, 60), "throw": (sports.throw, 70), "kick": (sports.kick, 70),
    "racket": (sports.racket, 100), "bat": (sports.bat, 60), "golf": (sports.golf, 40), "jump": (sports.jump, 70),
    "ski": (sports.ski, 70), "board": (sports.board, 100), "box": (sports.box, 50), "yoga": (sports.yoga, 60),
}  # fmt: skip


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


def attempt(family: str, split: str, index: int, trial: int) -> Drawn | None:
    """Draw, solve and examine one pose; None if it breaks a bound."""
    seed = [zlib.crc32(family.encode()), SPLITS.index(split), index, trial]
    body, skin = reference_body(), {}
    posture = FAMILIES[family][0](Draw(np.random.default_rng(seed))).posture()
    for k in range(_ROUNDS_ON_SKIN):
        solved, miss = goals.solve(body, posture, skin)
        angles = _all_angles(body, posture, solved)
        gap = pose_checks.ground_gap(body, pose_checks.posed(body, angles), posture.ground)
        if gap <= pose_checks.MAX_GAP:
            break
        skin = pose_checks.skin_at(body, angles, posture.ground, f"lowest{k}") | {
            name: mark for name, mark in skin.items() if name.startswith("lowest")
        }
    if miss > MAX_MISS or gap > pose_checks.MAX_GAP:
        return None
    findings = pose_checks.examine(body, angles, posture.ground, posture.balance)
    return Drawn(angles, posture, findings) if findings.good() else None


def _all_angles(body: ReferenceBody, posture: goals.Posture, solved: np.ndarray) -> np.ndarray:
    """Return `[J, 3]` of all bones: the solved ones, and the fingers as drawn; as they will be stored."""
    by_name = posture.angles | dict(zip(body.chain.names, map(tuple, solved), strict=True))
    angles = np.array([by_name.get(name, (0.0, 0.0, 0.0)) for name in body.skeleton.names])
    return np.round(joints.within_limits(body.skeleton.names, angles) * _STEPS) / _STEPS


def draw_pose(place: tuple[str, str, int, int]) -> tuple[Drawn, int]:
    """Return the first pose from a trial on that keeps all bounds, and its trial; place: family, split, index, trial."""
    family, split, index, first = place
    for trial in range(first, _MOST_TRIES):
        drawn = attempt(family, split, index, trial)
        if drawn is not None:
            return drawn, trial
    raise RuntimeError(f"{family}-{index:04d} ({split}): no pose within the bounds in {_MOST_TRIES} draws")
