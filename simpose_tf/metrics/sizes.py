"""The sizes of people, as COCO cuts them."""

from typing import TypeVar

SMALL, MEDIUM, LARGE = NAMES = ("small", "medium", "large")

# Areas between which a person is medium, pixels of the picture (`pycocotools.cocoeval.Params.areaRng`).
_MEDIUM_AREAS = (32.0**2, 96.0**2)

_T = TypeVar("_T")


def size_name(area: float) -> str:
    """Return `small`, `medium` or `large` for a person's area in pixels of the picture.

    COCO counts a person of exactly 32^2 or 96^2 pixels in both ranges; here it belongs to the medium ones.
    """
    low, high = _MEDIUM_AREAS
    return SMALL if area < low else MEDIUM if area <= high else LARGE


def ordered(groups: dict[str, _T]) -> list[tuple[str, _T]]:
    """Return the (size, value) that there are, small ones first."""
    return [(name, groups[name]) for name in NAMES if name in groups]
