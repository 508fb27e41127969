"""The figures that come with the project, split into those to train on and those to test with, cached on disk."""

from simpose_tf.errors import InputError
from simpose_tf.figures.dressing import Cloth, FigureSpec, build
from simpose_tf.figures.figure import Figure
from simpose_tf.figures.garments import Shoes, Skirt, Top, Trousers
from simpose_tf.figures.makehuman import Shape
from simpose_tf.figures.store import cache_path, read_figure, save_figure

SPLITS = ("train", "val")

_AFRICAN, _ASIAN, _EUROPEAN = (0.9, 0.05, 0.05), (0.05, 0.9, 0.05), (0.05, 0.05, 0.9)

_PALE, _FAIR, _TAN, _OLIVE = (0.91, 0.75, 0.67), (0.85, 0.68, 0.57), (0.74, 0.55, 0.43), (0.66, 0.49, 0.37)
_BROWN, _DARK = (0.46, 0.32, 0.24), (0.32, 0.22, 0.17)
_BLACK_HAIR, _BROWN_HAIR, _BLOND = (0.08, 0.07, 0.07), (0.27, 0.17, 0.1), (0.72, 0.56, 0.32)
_RED_HAIR, _GREY_HAIR = (0.48, 0.22, 0.1), (0.6, 0.59, 0.57)
_BROWN_EYES, _BLUE_EYES, _GREEN_EYES = (0.25, 0.14, 0.08), (0.3, 0.45, 0.6), (0.32, 0.42, 0.28)

_T_SHIRT, _LONG_SLEEVE = Top(0.55, 0.02, 0.95, 0.011), Top(1.9, 0.01, 0.95, 0.010)
_TANK, _TUCKED, _BLOUSE = Top(0.0, 0.07, 0.9, 0.009), Top(0.5, 0.04, 0.5, 0.009), Top(1.86, 0.05, 0.5, 0.009)
_DRESS, _SUMMER_DRESS = Top(0.42, 0.06, 0.5, 0.009), Top(0.0, 0.08, 0.5, 0.009)
_JEANS, _SLACKS, _LEGGINGS = Trousers(1.9, 0.008, 0.018), Trousers(1.97, 0.009, 0.03), Trousers(1.75, 0.005, 0.006)
_SHORTS, _LONG_SHORTS = Trousers(0.62, 0.009, 0.026), Trousers(0.98, 0.009, 0.032)
_SNEAKERS, _BOOTS = Shoes(0.008, 0.007), Shoes(0.028, 0.008)


def _cloth(*color: float, **pattern) -> Cloth:
    return Cloth((color[0], color[1], color[2]), **pattern)


_WHITE, _BLACK, _DENIM = _cloth(0.9, 0.9, 0.88), _cloth(0.13, 0.13, 0.15), _cloth(0.22, 0.29, 0.42)

SPECS: tuple[FigureSpec, ...] = (
    FigureSpec(
        "anna", "train", Shape(0, 0.5, 0.5, 0.48, 0.5, 0.65, race=_EUROPEAN), _FAIR, "long", _BROWN_HAIR,
        _GREEN_EYES,
        ((_SNEAKERS, _WHITE), (_JEANS, _DENIM), (_T_SHIRT, _cloth(0.75, 0.25, 0.3))),
    ),
    FigureSpec(
        "boris", "train", Shape(1, 0.55, 0.6, 0.55, 0.5, 0.6, race=_EUROPEAN), _PALE, "short", _BROWN_HAIR,
        _BLUE_EYES,
        ((_SNEAKERS, _BLACK), (_SLACKS, _cloth(0.45, 0.41, 0.34)),
         (_LONG_SLEEVE,
          _cloth(0.85, 0.85, 0.82, pattern="stripes", pattern_color=(0.2, 0.27, 0.45), pattern_scale=0.045))),
    ),
    FigureSpec(
        "chloe", "train", Shape(0, 0.45, 0.5, 0.45, 0.45, 0.7, race=_AFRICAN), _BROWN, "bun", _BLACK_HAIR,
        _BROWN_EYES,
        ((_SNEAKERS, _cloth(0.7, 0.55, 0.3)), (_DRESS, _cloth(0.85, 0.62, 0.2)),
         (Skirt(1.1, 0.16, 11, 0.006), _cloth(0.85, 0.62, 0.2))),
    ),
    FigureSpec(
        "dayo", "train", Shape(1, 0.5, 0.65, 0.5, 0.46, 0.65, race=_AFRICAN), _DARK, "bald", _BLACK_HAIR,
        _BROWN_EYES,
        ((_SNEAKERS, _cloth(0.75, 0.2, 0.15)), (_LONG_SHORTS, _cloth(0.2, 0.22, 0.25)),
         (_TANK, _cloth(0.88, 0.86, 0.8))),
    ),
    FigureSpec(
        "emi", "train", Shape(0, 0.5, 0.45, 0.42, 0.4, 0.6, race=_ASIAN), _FAIR, "bob", _BLACK_HAIR, _BROWN_EYES,
        ((_BOOTS, _BLACK), (_BLOUSE, _cloth(0.82, 0.84, 0.88)),
         (Skirt(0.85, 0.05, 0, 0.006),
          _cloth(0.35, 0.15, 0.2, pattern="checks", pattern_color=(0.55, 0.5, 0.42), pattern_scale=0.06))),
    ),
    FigureSpec(
        "farid", "train", Shape(1, 0.62, 0.5, 0.62, 0.5, 0.5, race=(0.2, 0.3, 0.5)), _OLIVE, "crop", _BLACK_HAIR,
        _BROWN_EYES,
        ((_BOOTS, _cloth(0.3, 0.2, 0.13)), (_JEANS, _cloth(0.3, 0.33, 0.38)),
         (_T_SHIRT, _cloth(0.2, 0.38, 0.3, pattern="mottled", pattern_color=(0.25, 0.42, 0.34)))),
    ),
    FigureSpec(
        "gita", "train", Shape(0, 0.65, 0.45, 0.62, 0.45, 0.5, race=(0.2, 0.5, 0.3)), _TAN, "bun", _GREY_HAIR,
        _BROWN_EYES,
        ((_SNEAKERS, _cloth(0.4, 0.3, 0.35)), (_LEGGINGS, _cloth(0.18, 0.17, 0.22)),
         (Top(1.5, 0.03, 1.0, 0.013), _cloth(0.5, 0.3, 0.5))),
    ),
    FigureSpec(
        "hugo", "train", Shape(1, 0.42, 0.45, 0.42, 0.5, 0.6, race=_ASIAN), _FAIR, "short", _BLACK_HAIR,
        _BROWN_EYES,
        ((_SNEAKERS, _WHITE), (Top(1.9, 0.0, 0.5, 0.010), _cloth(0.3, 0.45, 0.65)),
         (Trousers(1.97, 0.014, 0.03), _BLACK)),
    ),
    FigureSpec(
        "ines", "train", Shape(0, 0.48, 0.55, 0.5, 0.55, 0.7, race=(0.3, 0.1, 0.6)), _TAN, "long", _BLACK_HAIR,
        _BROWN_EYES,
        ((_SNEAKERS, _cloth(0.85, 0.8, 0.75)), (_SHORTS, _cloth(0.75, 0.72, 0.62)), (_TANK, _cloth(0.2, 0.5, 0.55))),
    ),
    FigureSpec(
        "jonas", "train", Shape(1, 0.8, 0.42, 0.6, 0.48, 0.5, race=_EUROPEAN), _PALE, "crop", _GREY_HAIR, _BLUE_EYES,
        ((_BOOTS, _cloth(0.25, 0.17, 0.12)), (_SLACKS, _cloth(0.3, 0.28, 0.26)),
         (_LONG_SLEEVE, _cloth(0.45, 0.2, 0.18, pattern="checks", pattern_color=(0.2, 0.2, 0.28), pattern_scale=0.08))),
    ),
    FigureSpec(
        "kaya", "val", Shape(0, 0.5, 0.5, 0.52, 0.5, 0.6, race=_EUROPEAN), _PALE, "bob", _RED_HAIR, _GREEN_EYES,
        ((_BOOTS, _cloth(0.35, 0.22, 0.15)), (_SUMMER_DRESS, _cloth(0.25, 0.4, 0.6)),
         (Skirt(0.95, 0.12, 9, 0.006), _cloth(0.25, 0.4, 0.6))),
    ),
    FigureSpec(
        "luis", "val", Shape(1, 0.52, 0.6, 0.5, 0.52, 0.65, race=(0.2, 0.2, 0.6)), _TAN, "short", _BROWN_HAIR,
        _BROWN_EYES,
        ((_SNEAKERS, _cloth(0.2, 0.25, 0.4)), (_SHORTS, _cloth(0.35, 0.37, 0.3)),
         (_T_SHIRT, _cloth(0.85, 0.8, 0.7, pattern="stripes", pattern_color=(0.65, 0.25, 0.2), pattern_scale=0.12))),
    ),
    FigureSpec(
        "mina", "val", Shape(0, 0.55, 0.5, 0.55, 0.5, 0.6, race=(0.6, 0.2, 0.2)), _BROWN, "short", _BLACK_HAIR,
        _BROWN_EYES,
        ((_SNEAKERS, _BLACK), (_JEANS, _cloth(0.16, 0.18, 0.24)), (_LONG_SLEEVE, _cloth(0.78, 0.76, 0.7))),
    ),
)  # fmt: skip


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
