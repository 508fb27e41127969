"""Cuts and colours that the catalogue combines."""

from simpose_tf.figures.dressed.dressing import Cloth
from simpose_tf.figures.dressed.garments import Shoes, Skirt, Top, Trousers
from simpose_tf.figures.makehuman import Shape

AFRICAN, ASIAN, EUROPEAN = (0.9, 0.05, 0.05), (0.05, 0.9, 0.05), (0.05, 0.05, 0.9)

PALE, FAIR, TAN, OLIVE = (0.91, 0.75, 0.67), (0.85, 0.68, 0.57), (0.74, 0.55, 0.43), (0.66, 0.49, 0.37)
BROWN, DARK, DEEP = (0.46, 0.32, 0.24), (0.32, 0.22, 0.17), (0.24, 0.16, 0.13)
BLACK_HAIR, BROWN_HAIR, BLOND = (0.08, 0.07, 0.07), (0.27, 0.17, 0.1), (0.72, 0.56, 0.32)
RED_HAIR, GREY_HAIR, WHITE_HAIR = (0.48, 0.22, 0.1), (0.5, 0.49, 0.47), (0.78, 0.77, 0.75)
CHESTNUT = (0.36, 0.2, 0.11)
BROWN_EYES, BLUE_EYES, GREEN_EYES = (0.25, 0.14, 0.08), (0.3, 0.45, 0.6), (0.32, 0.42, 0.28)
GREY_EYES = (0.4, 0.44, 0.46)

LEATHER, DARK_LEATHER, RUBBER = (0.35, 0.22, 0.14), (0.16, 0.11, 0.09), (0.82, 0.8, 0.76)

# Tops.
T_SHIRT = Top(0.55, 0.02, 0.95, 0.012, 0.6, details=("rib",))
LOOSE_T_SHIRT = Top(0.75, 0.015, 1.05, 0.014, 0.9, details=("rib",))
LONG_SLEEVE = Top(1.9, 0.01, 0.95, 0.011, 0.5, details=("rib", "cuffs"))
TANK = Top(0.0, 0.07, 0.9, 0.009, 0.3)
BLOUSE = Top(1.86, 0.05, 0.5, 0.010, 0.4, details=("cuffs",))
TUNIC = Top(1.5, 0.04, 1.15, 0.014, 0.7)
BODICE = Top(0.42, 0.06, 0.5, 0.009, 0.1)
ROLL_NECK = Top(1.92, 0.0, 0.9, 0.010, 0.35, details=("roll", "cuffs", "band"))
SHIRT = Top(1.92, 0.012, 0.92, 0.012, 0.6, details=("cuffs", "placket", "buttons", "collar", "chest"))
TUCKED_SHIRT = Top(1.92, 0.012, 0.5, 0.010, 0.5, details=("cuffs", "placket", "buttons", "collar"))
POLO = Top(0.6, 0.012, 0.98, 0.013, 0.7, details=("placket", "collar"))
HOODIE = Top(1.9, 0.012, 0.9, 0.018, 0.8, details=("cuffs", "band", "pouch", "hood"))
BLAZER = Top(1.93, 0.03, 1.08, 0.020, 0.7, (0.055, -0.03), ("lapels", "coat collar", "pockets"))
BOMBER = Top(1.9, 0.012, 0.72, 0.022, 0.8, (0.045, 0.075), ("cuffs", "band", "stand"))
CARDIGAN = Top(1.85, 0.02, 1.0, 0.017, 0.6, (0.05, 0.065), ("cuffs", "band"))
COAT_TOP = Top(1.95, 0.02, 0.5, 0.024, 0.6, (0.05, 0.05), ("coat collar", "cuffs"))

# Below the waist.
JEANS = Trousers(1.92, 0.009, 0.019, ("belt",))
SLACKS = Trousers(1.97, 0.010, 0.030, ("belt",))
LEGGINGS = Trousers(1.75, 0.005, 0.006)
WIDE = Trousers(1.96, 0.012, 0.060)
SHORTS, LONG_SHORTS = Trousers(0.62, 0.010, 0.026), Trousers(0.98, 0.010, 0.034)
FLARED, STRAIGHT, MAXI = Skirt(1.1, 0.16, 11, 0.006), Skirt(0.85, 0.06, 0, 0.006), Skirt(1.8, 0.13, 9, 0.006)
PLEATED, LONG_SKIRT = Skirt(0.72, 0.22, 19, 0.006), Skirt(1.55, 0.1, 7, 0.006)
COAT_SKIRT = Skirt(1.15, 0.07, 0, 0.012, (0.055, 0.10))

# Shoes.
SNEAKERS, LOW_SHOES = Shoes(0.008, 0.007), Shoes(-0.006, 0.006, DARK_LEATHER)
BOOTS, HIGH_BOOTS = Shoes(0.10, 0.008, DARK_LEATHER), Shoes(0.26, 0.007, DARK_LEATHER)
FLATS = Shoes(-0.022, 0.005, LEATHER)


def cloth(*color: float, **pattern) -> Cloth:
    """Return a cloth of an sRGB colour; `pattern`, `pattern_color`, `pattern_scale`, `roughness` as in `Cloth`."""
    return Cloth((color[0], color[1], color[2]), **pattern)


def denim(*color: float) -> Cloth:
    """Return a twill of an sRGB colour with white threads."""
    light = tuple(0.55 * c + 0.36 for c in color)
    return Cloth((color[0], color[1], color[2]), "denim", (light[0], light[1], light[2]), 0.004)


def person(gender: float, age: float, build: tuple[float, float, float], race: tuple, **features: float) -> Shape:
    """Return a body: macro axes and features of face and figure.

    Args:
      gender: 0 female, 1 male.
      age: .5 is 25 years, 1 is 90, .1875 is 12.
      build: muscle, weight, height.
      race: weights of African, Asian and European features; brought to sum 1.
      features: detail targets by name, `nose__nose_hump_incr=.5`; `l_` and `r_` targets by their common name,
        `cheek__cheek_bones_incr`.
    """
    total = sum(race)
    african, asian, european = (float(share) / total for share in race)
    details = tuple(pair for name, weight in features.items() for pair in _targets(name, weight))
    muscle, weight, height = build
    proportions = 0.6 if age >= _CHILD else 0.5  # younger ones have no targets for it
    return Shape(gender, age, muscle, weight, height, proportions, race=(african, asian, european), details=details)


_CHILD = 0.1875
_PAIRED = ("cheek", "eyes", "ears")


def _targets(name: str, weight: float) -> list[tuple[str, float]]:
    folder, _, rest = name.partition("__")
    target = rest.replace("_", "-")
    if folder in _PAIRED or target.startswith(("upperarm", "lowerarm", "upperleg", "lowerleg")):
        return [(f"{folder}/{side}-{target}", weight) for side in "lr"]
    return [(f"{folder}/{target}", weight)]
