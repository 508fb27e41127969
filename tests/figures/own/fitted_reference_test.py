from dataclasses import replace

import numpy as np
import pytest

from simpose_tf.figures.fitting.fit import BodyFit
from simpose_tf.figures.own import fitted_reference as module
from simpose_tf.surface.reference import open_reference
from simpose_tf.surface.target import Target

OPEN = open_reference()
BODY = OPEN.vertices.astype(float)
SHAPED = BODY * [1.2, 1.1, 0.9] + [0, 0, 0.1]  # as if fitted to another person


@pytest.fixture
def fits(monkeypatch, tmp_path) -> list[Target]:
    """The templates that were fitted; the open body lies exactly on them, as they are made from it."""
    seen: list[Target] = []

    def known_fit(target: Target, say) -> BodyFit:
        seen.append(target)
        return BodyFit(target.vertices, BODY, np.eye(3), 1.0, np.zeros(3), 0.0, ())

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(module, "fit_body", known_fit)
    return seen


def test_the_open_reference_takes_the_bodys_vertices(fits):
    moved = module.fitted_reference(OPEN, SHAPED, print)
    np.testing.assert_array_equal(moved.vertices, SHAPED)
    np.testing.assert_array_equal(moved.uv, OPEN.uv)
    assert not fits


def test_another_template_moves_with_the_body_and_is_fitted_once(fits, tmp_path):
    used = np.unique(OPEN.faces[OPEN.part > 2])  # without the torso, in another order
    order = np.random.default_rng(0).permutation(used)
    number = np.full(len(BODY), -1)
    number[order] = np.arange(len(order))
    rows = OPEN.part > 2
    other = replace(
        OPEN, name="densepose", vertices=OPEN.vertices[order], faces=number[OPEN.faces[rows]], part=OPEN.part[rows],
        uv=OPEN.uv[rows],
    )  # fmt: skip
    for _ in range(2):
        moved = module.fitted_reference(other, SHAPED, print)
        np.testing.assert_allclose(moved.vertices, SHAPED[order], atol=1e-6)
    assert len(fits) == 1
    (kept,) = (tmp_path / "simpose_tf" / "references").iterdir()
    kept.write_bytes(kept.read_bytes()[:100])  # a run that was killed on a bad disk
    module.fitted_reference(other, SHAPED, print)
    assert len(fits) == 2
    module.fitted_reference(replace(other, vertices=other.vertices * 1.01), SHAPED, print)
    assert len(fits) == 3
