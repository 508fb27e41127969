"""The figures that come with the project, split into those to train on and those to test with, cached on disk."""

from simpose_tf.errors import InputError
from simpose_tf.figures.dressed import people_train, people_val
from simpose_tf.figures.dressed.dressing import FigureSpec, build
from simpose_tf.figures.figure import Figure
from simpose_tf.figures.store import cache_path, read_figure, save_figure

SPLITS = ("train", "val")
SPECS: tuple[FigureSpec, ...] = (*people_train.SPECS, *people_val.SPECS)


def figure_names(split: str) -> tuple[str, ...]:
    """Return the names of the figures of `train` or `val`; nobody is in both. Raises InputError for another split."""
    if split not in SPLITS:
        raise InputError(f"figures: no split {split!r}; one of {', '.join(SPLITS)}")
    return tuple(spec.name for spec in SPECS if spec.split == split)


def load_figure(name: str) -> Figure:
    """Return a figure of the catalogue, from the disk cache if it was built before.

    Raises InputError if there is no such figure.
    """
    spec = next((spec for spec in SPECS if spec.name == name), None)
    if spec is None:
        raise InputError(f"figures: no figure {name!r}; there are {', '.join(s.name for s in SPECS)}")
    path = cache_path(name, repr(spec))
    if not path.is_file():
        save_figure(path, build(spec))
    return read_figure(path)
