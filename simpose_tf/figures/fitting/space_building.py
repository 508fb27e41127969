"""Build the asset of `fitting.space`: how people's shapes differ, as a few dozen directions.

    python -m simpose_tf.figures.fitting.space_building --output=simpose_tf/figures/fitting/space.npz

Shapes are drawn all over MakeHuman's space, its corners included, from babies to old people. Each is brought to the
reference's size and place, for size is a parameter of its own; what is left is reduced by principal components about
the reference, so that all coefficients 0 are the reference itself.
"""

import argparse

import numpy as np

from simpose_tf.errors import InputError
from simpose_tf.figures import makehuman
from simpose_tf.figures.fitting.space import save_space
from simpose_tf.figures.makehuman import BaseMesh, Shape
from simpose_tf.figures.painted.bodies import sample_details
from simpose_tf.surface.reference import open_reference

_SEED, _NUM_SHAPES, _NUM_DIRECTIONS = 20041, 1800, 40
_AGES, _AGE_SHARES = ((0.0, 0.1875), (0.1875, 0.4), (0.4, 0.66), (0.66, 1.0)), (0.1, 0.2, 0.45, 0.25)


def sample_shape(rng: np.random.Generator) -> Shape:
    """Draw a person from anywhere in the shape space; every fifth value lies at an end of its axis."""
    age = _between(rng, *_AGES[rng.choice(len(_AGES), p=_AGE_SHARES)], at_end=0.2)
    gender = _between(rng, 0, 1, at_end=0.6)
    race = rng.dirichlet([0.45] * 3)
    muscle, weight, height, proportions, cup, firmness = (_between(rng, 0, 1, at_end=0.2) for _ in range(6))
    return Shape(
        gender=gender,
        age=age,
        muscle=muscle,
        weight=weight,
        height=height,
        proportions=proportions,
        cup=cup,
        firmness=firmness,
        race=(race[0], race[1], race[2]),
        details=sample_details(rng) if rng.random() < 0.7 else (),
    )


def _between(rng: np.random.Generator, low: float, high: float, at_end: float) -> float:
    """Draw from a range, with probability `at_end` one of its ends."""
    value = rng.uniform(low, high)
    return float(rng.choice([low, high])) if rng.random() < at_end else float(value)


def build_space(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return points of the reference `[P, 3]`, directions `[K, P, 3]` and the shapes' log sizes on them `[K]`.

    Points are the body's vertices, then the heads and the tails of all bones. The coefficients of random people have
    unit variance; the log of a person's size over the reference's is nearly linear in them.
    """
    base, num = makehuman.load_base(), len(open_reference().vertices)
    rest = _points(base, makehuman.shape_vertices(base, Shape()), num)
    drawn = _draw(base, rng, num)
    centred = drawn - drawn[:, :num].mean(1, keepdims=True)
    goal = rest - rest[:num].mean(0)
    size = (centred[:, :num] ** 2).sum((1, 2)) / (centred[:, :num] * goal[:num]).sum((1, 2))
    change = (centred / size[:, None, None] - goal).reshape(len(drawn), -1)
    values, vectors = np.linalg.eigh(change @ change.T)
    order = np.argsort(-values)[:_NUM_DIRECTIONS]
    coefficients = vectors[:, order] * np.sqrt(len(drawn))
    directions = (vectors[:, order].T @ change / np.sqrt(len(drawn))).reshape(-1, *rest.shape)
    sizes = np.linalg.lstsq(coefficients, np.log(size), rcond=None)[0]
    return rest, directions, sizes


def _draw(base: BaseMesh, rng: np.random.Generator, num: int) -> np.ndarray:
    """Return points `[S, P, 3]` of random shapes."""
    shapes = [sample_shape(rng) for _ in range(_NUM_SHAPES)]
    weights = [{**makehuman.target_weights(shape), **dict(shape.details)} for shape in shapes]
    names = [name for name in sorted(set().union(*weights)) if makehuman.has_target(name)]
    table = np.array([[row.get(name, 0.0) for name in names] for row in weights], np.float32)
    block = np.zeros((len(names), num + 2 * len(base.bones), 3), np.float32)
    for row, name in enumerate(names):
        ids, offsets = makehuman.read_target(name)
        whole = np.zeros_like(base.vertices)
        whole[ids] = offsets
        block[row] = _points(base, whole, num)
    moved = (table @ block.reshape(len(names), -1)).reshape(len(shapes), -1, 3)
    return _points(base, base.vertices, num) + moved.astype(float)


def _points(base: BaseMesh, values: np.ndarray, num: int) -> np.ndarray:
    """Return values of the body's vertices and the means at the heads and tails of the bones, `[P, 3]`."""
    heads, tails = ([values[np.array(bone[end])].mean(0) for bone in base.bones] for end in (2, 3))
    return np.concatenate([values[:num], heads, tails])


def main() -> None:
    """Write the asset."""
    # Plain argparse: `figures` lies below `simpose_tf.app`, and this main is for those who change the shape space.
    parser = argparse.ArgumentParser(description="Build the directions in which shapes differ.")
    parser.add_argument("--output", required=True, help="The .npz file to write.")
    output = parser.parse_args().output
    try:
        save_space(output, *build_space(np.random.default_rng(_SEED)))
    except InputError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
