"""The people to validate with: plain data. Their clothes, cuts and cloth, are nobody's of `people_train`."""

from simpose_tf.figures.dressed import wardrobe as w
from simpose_tf.figures.dressed.dressing import FigureSpec
from simpose_tf.figures.dressed.garments import Shoes, Skirt, Top, Trousers
from simpose_tf.figures.dressed.headwear import Hat
from simpose_tf.figures.dressed.wardrobe import cloth, denim, person

_TRAINERS, _ANKLE_BOOTS, _OXFORDS = (
    Shoes(0.004, 0.009),
    Shoes(0.07, 0.007, w.DARK_LEATHER),
    Shoes(-0.01, 0.007, w.LEATHER),
)
_CHINOS, _BERMUDAS = Trousers(1.88, 0.011, 0.024, ("belt",)), Trousers(0.8, 0.011, 0.030, ("belt",))
_SKINNY = Trousers(1.85, 0.006, 0.010, ("belt",))

SPECS: tuple[FigureSpec, ...] = (
    FigureSpec(
        "kaya", "val",
        person(0, 0.5, (0.5, 0.52, 0.5), w.EUROPEAN, head__head_invertedtriangular=0.4, nose__nose_point_up=0.3),
        w.PALE, "bob", w.RED_HAIR, w.GREEN_EYES,
        ((_ANKLE_BOOTS, cloth(0.35, 0.22, 0.15)), (Top(0.0, 0.08, 0.5, 0.009, 0.1), cloth(0.25, 0.42, 0.6)),
         (Skirt(0.95, 0.13, 9, 0.006), cloth(0.25, 0.42, 0.6))),
    ),
    FigureSpec(
        "luis", "val",
        person(1, 0.52, (0.6, 0.5, 0.5), (0.2, 0.2, 0.6), head__head_oval=0.4, nose__nose_scale_vert_incr=0.4),
        w.TAN, "curly", w.BROWN_HAIR, w.BROWN_EYES,
        ((_TRAINERS, cloth(0.2, 0.25, 0.4)), (_BERMUDAS, cloth(0.35, 0.37, 0.3)),
         (Top(0.6, 0.01, 0.98, 0.013, 0.75, details=("rib",)),
          cloth(0.85, 0.8, 0.7, pattern="stripes", pattern_color=(0.65, 0.25, 0.2), pattern_scale=0.12))),
        beard="stubble",
    ),
    FigureSpec(
        "mina", "val",
        person(0, 0.48, (0.5, 0.58, 0.46), (0.7, 0.1, 0.2), cheek__cheek_bones_incr=0.4, head__head_square=0.3),
        w.BROWN, "braids", w.BLACK_HAIR, w.BROWN_EYES,
        ((_TRAINERS, cloth(0.75, 0.75, 0.72)), (_SKINNY, denim(0.12, 0.14, 0.18)),
         (Top(1.9, 0.012, 0.8, 0.016, 0.7, details=("cuffs", "band", "hood")), cloth(0.74, 0.62, 0.7))),
    ),
    FigureSpec(
        "ugo", "val",
        person(1, 0.8, (0.45, 0.5, 0.54), (0.1, 0.1, 0.8), head__head_age_incr=0.5, nose__nose_curve_convex=0.5),
        w.FAIR, "crop", w.GREY_HAIR, w.GREY_EYES,
        ((_OXFORDS, cloth(0.2, 0.13, 0.1, roughness=0.6)), (_CHINOS, cloth(0.25, 0.26, 0.3)),
         (Top(1.9, 0.0, 0.9, 0.011, 0.5, details=("rib",)), cloth(0.4, 0.42, 0.4)),
         (Top(1.94, 0.015, 0.5, 0.024, 0.6, (0.045, 0.03), ("coat collar",)), cloth(0.2, 0.22, 0.28)),
         (Skirt(0.9, 0.05, 0, 0.012, (0.03, 0.06)), cloth(0.2, 0.22, 0.28))),
        beard="full", on_head=((Hat("beanie"), cloth(0.5, 0.25, 0.2)),),
    ),
    FigureSpec(
        "vera", "val",
        person(0, 0.62, (0.45, 0.42, 0.58), (0.05, 0.25, 0.7), head__head_rectangular=0.3, nose__nose_greek_incr=0.4),
        w.FAIR, "ponytail", w.BLOND, w.BLUE_EYES,
        ((_OXFORDS, cloth(0.15, 0.12, 0.12)), (Top(1.6, 0.06, 0.5, 0.009, 0.2), cloth(0.85, 0.83, 0.8)),
         (Skirt(0.98, 0.02, 0, 0.006), cloth(0.42, 0.42, 0.44)),
         (Top(1.9, 0.03, 1.0, 0.018, 0.6, (0.05, 0.02), ("lapels", "coat collar", "pockets")),
          cloth(0.42, 0.42, 0.44))),
    ),
    FigureSpec(
        "wim", "val", person(1, 0.19, (0.5, 0.4, 0.55), w.ASIAN, head__head_round=0.3), w.FAIR, "short", w.BLACK_HAIR,
        w.BROWN_EYES,
        ((_TRAINERS, cloth(0.7, 0.25, 0.2)), (_CHINOS, cloth(0.4, 0.36, 0.3)),
         (Top(0.7, 0.012, 1.0, 0.014, 0.8, details=("rib",)),
          cloth(0.3, 0.5, 0.45, pattern="print", pattern_color=(0.85, 0.82, 0.6), pattern_scale=0.1))),
    ),
)  # fmt: skip
