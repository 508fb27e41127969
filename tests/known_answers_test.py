"""Algorithm 1 as a whole, on meshes whose charts are known."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from simpose_tf.figures.fitting.fit import fit_body
from simpose_tf.figures.makehuman import Shape
from simpose_tf.figures.own.chart_file import FileCharts, file_charts
from simpose_tf.figures.own.mesh_repair import MeshFile, sound
from simpose_tf.surface.carry import carry_charts
from simpose_tf.surface.reference import open_reference
from tests import charted_people as people

CHILD, OLD = Shape(age=0.25, height=0.4), Shape(gender=0.3, age=1.0, muscle=0.3)
FAT, THIN = Shape(gender=1.0, weight=1.0, muscle=0.3), Shape(gender=0.0, weight=0.0, muscle=0.3, height=0.6)
STRONG = Shape(gender=1.0, muscle=1.0, weight=0.7)
SHIRT_AND_TROUSERS = (1, 2, 7, 8, 9, 10, 15, 16, 17, 18)


def charted(known: people.Known) -> FileCharts:
    target = sound(MeshFile(known.vertices, known.faces, {}, None, (), "memory"))
    fit = fit_body(target, lambda line: None)
    fitted = replace(open_reference(), vertices=fit.body)
    return file_charts(target, carry_charts(fit.vertices, target.faces, fitted, lambda line: None))


def assert_close(known: people.Known, mean: float, high: float, right_part: float) -> None:
    result = charted(known)
    found = people.errors(known, result.part, result.uv)
    assert not result.folds.any()
    assert np.nanmax(found.mean) < mean and np.nanmax(found.worst_5_percent) < high
    assert found.right_part > right_part


def test_the_reference_gets_its_own_charts():
    assert_close(people.itself(), 0.005, 0.02, 0.999)


def test_a_quarter_of_the_faces_is_enough():
    assert_close(people.decimated(people.itself(), 6689), 0.03, 0.1, 0.95)


VARIANTS: dict[str, Callable[[], people.Known]] = {
    "remeshed": lambda: people.remeshed(people.itself()),
    "posed": lambda: people.posed(people.ARMS_DOWN_KNEE_UP),
    "in centimetres": lambda: people.replace(people.itself(), vertices=100 * people.itself().vertices),
    "with noise": lambda: people.noisy(people.itself(), 0.002, np.random.default_rng(0)),
    "dressed": lambda: people.dressed(people.itself(), SHIRT_AND_TROUSERS, 0.015),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_charts_survive(name):
    assert_close(VARIANTS[name](), 0.03, 0.1, 0.95)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [CHILD, OLD, FAT, THIN, STRONG], ids=["child", "old", "fat", "thin", "strong"])
def test_landmarks_of_other_bodies_lie_within_two_centimetres(shape):
    known = people.of_shape(shape)
    result = charted(known)
    assert not result.folds.any()
    assert max(people.landmark_errors(known, result.part, result.uv).values()) < 0.02
