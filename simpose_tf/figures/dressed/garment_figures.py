"""People dressed in a user's MakeHuman garments (`--garments=DIR`): who wears what, and their cache on disk.

The folder is searched for .mhclo files: outfits, tops and bottoms, shoes, hair and hats (`makehuman_zones.kind_of`).
"""

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from simpose_tf import files
from simpose_tf.errors import InputError
from simpose_tf.figures import makehuman
from simpose_tf.figures.dressed.makehuman_clothes import Clothes, clear_of_face, load_clothes
from simpose_tf.figures.dressed.makehuman_dressing import Worn, dress
from simpose_tf.figures.dressed.makehuman_zones import ZONES, kind_of, zones
from simpose_tf.figures.figure import Figure, Material
from simpose_tf.figures.makehuman import Shape
from simpose_tf.figures.painted import body_fabrics, body_outfits
from simpose_tf.figures.painted.bodies import sample_shape
from simpose_tf.figures.painted.body_atlas import SIZE
from simpose_tf.figures.painted.body_outfits import Outfit
from simpose_tf.figures.painted.body_paint import paint
from simpose_tf.figures.painted.body_skin import Complexion, sample_complexion
from simpose_tf.figures.store import cache_path, read_figure, save_figure
from simpose_tf.splits import SPLITS, of_split

_VARIANTS = 2  # people in each outfit
_HAT_SHARE = 0.15
_VAL_SHARE = 0.25
_SHADER_PATTERNS = {"plain": "plain", "melange": "mottled", "denim": "denim", "stripes": "stripes", "checks": "checks"}
_SHADER_PATTERNS |= {"tartan": "checks", "dots": "print", "flowers": "print", "camouflage": "mottled", "knit": "plain"}
_TOPS = {"plain": 4.0, "melange": 1.0, "stripes": 1.5, "checks": 1.5, "flowers": 0.6}
_BOTTOMS = {"plain": 4.0, "denim": 4.0, "melange": 0.5}


def garment_figure_names(folder: str, split: str) -> tuple[str, ...]:
    """Return the names of the people in the garments of a folder; but for hair, a garment is in one split only.

    Raises InputError for files at fault, no outfit in the folder, or none left for the split.
    """
    if split not in SPLITS:
        raise InputError(f"--garments={folder}: no split {split!r}; one of {', '.join(SPLITS)}")
    outfits = _outfits(folder, split)
    if not outfits:
        raise InputError(f"--garments={folder}: no clothes for --split={split}; none may serve both splits")
    return tuple(f"garments-{name}-{variant}" for name in sorted(outfits) for variant in range(_VARIANTS))


def load_garment_figure(folder: str, name: str) -> Figure:
    """Return one of them, from the disk cache if it was built before (building takes seconds).

    Raises InputError for files at fault, or if there is nobody of that name.
    """
    outfit, _, variant = name.removeprefix("garments-").rpartition("-")
    split = next((split for split in SPLITS if outfit in _outfits(folder, split)), None)
    if not name.startswith("garments-") or split is None or variant not in map(str, range(_VARIANTS)):
        raise InputError(f"--garments={folder}: nobody is called {name!r}")
    path = cache_path(name, f"{name} {_digest(folder)} {_code_digest()}")
    if not path.is_file():
        save_figure(path, _build(name, _outfits(folder, split)[outfit], _share(folder, split)))
    return read_figure(path)


@functools.lru_cache(maxsize=4)
def _wardrobe(folder: str) -> dict[str, list[Clothes]]:
    """Return the garments of a folder by kind, each list in the order of names."""
    base = makehuman.load_base()
    paths = sorted(files.require_dir(folder, "--garments").rglob("*.mhclo"))
    result: dict[str, list[Clothes]] = {}
    for path in paths:
        clothes = load_clothes(path, len(base.vertices))
        kind = kind_of(clothes, base)
        result.setdefault(kind, []).append(clear_of_face(clothes, base) if kind == "hair" else clothes)
    if not result.keys() & {"full", "top", "bottom"}:
        raise InputError(f"--garments={folder}: no MakeHuman clothes (.mhclo) among {len(paths)} garments")
    return result


@functools.lru_cache(maxsize=8)
def _share(folder: str, split: str) -> dict[str, list[Clothes]]:
    """Return a split's garments by kind: all hair, but of everything else what the other split never wears."""
    result = {}
    for kind, ones in _wardrobe(folder).items():
        names = sorted({one.name for one in ones})
        if kind == "hair":
            result[kind] = ones
        elif split == "train" or len(names) > 1:  # a single one serves training
            chosen = of_split(names, split, f"--garments={folder}", _VAL_SHARE)
            result[kind] = [one for one in ones if one.name in chosen]
    return result


def _outfits(folder: str, split: str) -> dict[str, tuple[Clothes, ...]]:
    """Return what a split can wear together, by name: whole outfits, and tops each with a bottom."""
    wardrobe = _share(folder, split)
    result: dict[str, tuple[Clothes, ...]] = {one.name: (one,) for one in wardrobe.get("full", [])}
    tops, bottoms = wardrobe.get("top", []), wardrobe.get("bottom", [])
    for number in range(max(len(tops), len(bottoms))):
        pair = [kind[number % len(kind)] for kind in (bottoms, tops) if kind]
        result["+".join(one.name for one in pair)] = tuple(pair)
    return result


def gender_of(clothes: Sequence[Clothes]) -> str:
    """Return `male`, `female` or an empty string: for whom garments are, by their tags and names."""
    words = {word for one in clothes for word in (*one.tags, *one.name.lower().replace("-", "_").split("_"))}
    female, male = bool(words & {"female", "woman", "women"}), bool(words & {"male", "man", "men"})
    return "female" if female and not male else "male" if male and not female else ""


def _build(name: str, clothes: Sequence[Clothes], wardrobe: dict[str, list[Clothes]]) -> Figure:
    """Draw a body, hair and shoes of the wardrobe that go with an outfit, and dress them."""
    rng = np.random.default_rng(list(hashlib.sha256(name.encode()).digest()[:8]))
    gender = gender_of(clothes) or str(rng.choice(["female", "male"]))
    shape = _adult(rng, gender)
    complexion = sample_complexion(rng, shape)
    hair = _pick(rng, wardrobe.get("hair", []), gender)
    if hair is not None:
        complexion = replace(complexion, style="short")
    shoes = _pick(rng, wardrobe.get("shoes", []), gender)
    hat = _pick(rng, wardrobe.get("hat", []), gender) if rng.random() < _HAT_SHARE and hair is None else None
    worn = [
        _worn(rng, one, kind, complexion)
        for one, kind in ((shoes, "shoes"), *((one, "full") for one in clothes), (hair, "hair"), (hat, "hat"))
        if one is not None
    ]
    beneath = _painted_beneath(rng, clothes, shoes is not None, gender, wardrobe)
    return dress(name, shape, paint(complexion, beneath, rng), worn)


def _adult(rng: np.random.Generator, gender: str) -> Shape:
    """Draw a grown-up of a gender."""
    shape = sample_shape(rng)
    value = min(shape.gender, 1 - shape.gender)
    cup = shape.cup or 0.4
    return replace(shape, gender=1 - value if gender == "male" else value, age=max(shape.age, 0.42), cup=cup)


def _pick(rng: np.random.Generator, clothes: Sequence[Clothes], gender: str) -> Clothes | None:
    """Draw one of the garments that suit a gender; None if there is none."""
    fitting = [one for one in clothes if gender_of([one]) in ("", gender)]
    return fitting[int(rng.integers(len(fitting)))] if fitting else None


def _painted_beneath(
    rng: np.random.Generator, clothes: Sequence[Clothes], shod: bool, gender: str, wardrobe: dict[str, list[Clothes]]
) -> Outfit:
    """Return what is painted on the skin where no garment of the folder is worn: a missing top, bottom or shoes."""
    drawn = body_outfits.sample_outfit(rng, gender == "male", 0.5)
    kinds = {kind for kind, ones in wardrobe.items() for one in ones if one in clothes}
    bottom = drawn.bottom if kinds == {"top"} else None
    tops = drawn.tops if kinds == {"bottom"} else ()
    return Outfit(tops, bottom, None if shod else drawn.shoes, tucked=False)


def _worn(rng: np.random.Generator, clothes: Clothes, kind: str, complexion: Complexion) -> Worn:
    """Colour a garment: its own texture if that is there, else a cloth for each of its zones."""
    base = makehuman.load_base()
    if clothes.look.texture is not None and clothes.texture_uv is not None:
        cutout = clothes.look.transparent or kind == "hair"
        material = Material(kind, clothes.look.color, 0.8, jitter_hue=kind != "hair", cutout=cutout)
        return Worn(clothes, kind, np.zeros(len(clothes.faces), int), (material,), _read_texture(clothes.look.texture))
    zone = zones(clothes, kind, base)
    return Worn(clothes, kind, zone, _zone_materials(rng, complexion))


def _zone_materials(rng: np.random.Generator, complexion: Complexion) -> tuple[Material, ...]:
    """Return a material for each of `ZONES`."""
    top, bottom = body_fabrics.sample_fabric(rng, _TOPS), body_fabrics.sample_fabric(rng, _BOTTOMS)
    light = body_fabrics.Fabric((0.88, 0.88, 0.86))
    plain = {name: body_fabrics.Fabric(body_fabrics.dyed(rng)) for name in ("shoes", "socks", "hat", "trim")}
    leather = body_fabrics.mixed((0.10, 0.08, 0.07), (0.45, 0.30, 0.18), float(rng.random()))
    plain["shoes"] = body_fabrics.Fabric(leather) if rng.random() < 0.5 else plain["shoes"]
    fabrics = {"top": top, "bottom": bottom, "inner": light, "soles": light, **plain}
    result = []
    for name in ZONES:
        if name == "hair":
            result.append(Material("hair", complexion.hair, 0.6, "mottled", _darker(complexion.hair), 0.02))
            continue
        cloth = fabrics[name]
        pattern = _SHADER_PATTERNS[cloth.pattern]
        result.append(Material(name, cloth.color, 0.9, pattern, cloth.second, cloth.period, jitter_hue=name != "soles"))
    return tuple(result)


def _darker(color: body_fabrics.Color) -> body_fabrics.Color:
    return body_fabrics.mixed(color, (0.0, 0.0, 0.0), 0.35)


def _read_texture(path: Path) -> np.ndarray:
    """Return a picture as `[SIZE, SIZE, 4]` uint8 sRGB and alpha. Raises InputError if it is none."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.dtype != np.uint8:
        raise InputError(f"{path}: no picture of 8 bits per channel")
    if picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    code = cv2.COLOR_BGR2RGBA if picture.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
    return cv2.resize(cv2.cvtColor(picture, code), (SIZE, SIZE), interpolation=cv2.INTER_AREA)


@functools.lru_cache(maxsize=4)
def _digest(folder: str) -> str:
    return files.digest(folder)


@functools.cache
def _code_digest() -> str:
    """Return a hash of the sources that these figures depend on."""
    figures = Path(__file__).parents[1]
    sources = [figures / "makehuman.py", *sorted((figures / "painted").glob("bod*.py")), Path(__file__)]
    sources += [figures / "blend_shapes.py", *sorted((figures / "dressed").glob("makehuman*.py"))]
    return hashlib.sha256("".join(files.sha256(path) for path in sources).encode()).hexdigest()
