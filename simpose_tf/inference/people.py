"""A predicted person: what the network says, put back into the picture; and its json forms."""

import base64
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from simpose_tf import geometry
from simpose_tf.data import coco

# A pixel belongs to a person where the network says so with at least this probability.
MASK_THRESHOLD = 0.5

# Pixels that are sampled at once: large pictures go strip by strip.
_STRIP_PIXELS = 1 << 18

# The maps of `CropPeople`.
DENSE = ("mask", "part", "uv", "normal")

# Rows and columns `[n]` of places on a grid.
Places = tuple[np.ndarray, np.ndarray]

# COCO's category id of people.
PERSON = 1

# What `densepose_entry` tells.
ENTRY_KEYS = ("image_id", "category_id", "bbox", "score", "uv_shape", "uv_data")


@dataclass(frozen=True)
class CropPeople:
    """The dense answers for one crop of H x W pixels, numpy, as `decode.decode_maps` returns them for it.

    Attributes:
      mask: float32 `[H,W]` probability.
      part: uint8 `[H,W]` 1..24.
      uv: float32 `[H,W,2]` in [0, 1].
      normal: float32 `[H,W,3]` unit, camera frame.
    """

    mask: np.ndarray
    part: np.ndarray
    uv: np.ndarray
    normal: np.ndarray


@dataclass(frozen=True)
class PredictedPerson:
    """A person in a picture.

    Attributes:
      box_yxyx: `[4]` the box that was asked for, picture pixels.
      score: in [0, 1].
      keypoints: float `[17,3]`: x, y in continuous picture pixels, score.
      crop: the dense answers on the crop's pixels.
      crop_from_image: `[3,3]` takes picture to crop coordinates.
      confidence: `[5]` in [0, 1], `scores.CONFIDENCES`; None from an export that does not tell.
    """

    box_yxyx: np.ndarray
    score: float
    keypoints: np.ndarray
    crop: CropPeople
    crop_from_image: np.ndarray
    confidence: np.ndarray | None = None

    def region(self, image_size: tuple[int, int]) -> tuple[slice, slice]:
        """Return the rows and columns of the picture (height, width) that the crop covers, at least one each."""
        height, width = self.crop.mask.shape
        corners = geometry.transform_points(
            np.linalg.inv(self.crop_from_image), np.array([[0, 0], [width, height]], float)
        )
        first = np.clip(np.floor(corners[0, ::-1]).astype(int), 0, np.array(image_size) - 1)
        last = np.clip(np.ceil(corners[1, ::-1]).astype(int), first + 1, image_size)
        return slice(int(first[0]), int(last[0])), slice(int(first[1]), int(last[1]))

    def sample(self, x: np.ndarray, y: np.ndarray) -> CropPeople:
        """Return the dense answers at the grid of picture coordinates y `[h]` by x `[w]` (continuous).

        Mask and normals are bilinear. A place takes the part with the most bilinear weight among its four pixels,
        and the mean uv of those: uv of different parts is never mixed. Off the crop the mask is 0.
        """
        rows, columns = self._taps(x, y)
        places = (np.divmod(numbers, x.size) for numbers in _strips(np.arange(y.size * x.size), 1))
        sampled = [self._sample(rows.take(row), columns.take(column)) for row, column in places]
        whole = {name: np.concatenate([getattr(one, name) for one in sampled]) for name in DENSE}
        return CropPeople(**{name: values.reshape(y.size, x.size, *values.shape[1:]) for name, values in whole.items()})

    def own(self, x: np.ndarray, y: np.ndarray) -> Iterator[Places]:
        """Yield the places of the grid of `sample` that are the person's: the mask is at least `MASK_THRESHOLD`.

        They come strip by strip, as rows and columns `[n]` of the grid. The rest is not looked at more than needed.
        """
        rows, columns = self._taps(x, y)
        # A mean of four pixels is not above all of them, but for the rounding.
        high = self.crop.mask >= MASK_THRESHOLD - 1e-3
        near_columns = columns.near(high.any(axis=0))
        across = columns.take(near_columns)
        for near_rows in _strips(rows.near(high.any(axis=1)), near_columns.size):
            row, column = np.nonzero(_grid_mask(self.crop.mask, rows.take(near_rows), across) >= MASK_THRESHOLD)
            yield near_rows[row], near_columns[column]

    def own_sample(self, x: np.ndarray, y: np.ndarray) -> Iterator[tuple[Places, CropPeople]]:
        """Yield the places of `own` with the dense answers of `sample` there, `[n]`, `[n,2]` and `[n,3]`."""
        rows, columns = self._taps(x, y)
        for row, column in self.own(x, y):
            yield (row, column), self._sample(rows.take(row), columns.take(column))

    def _sample(self, rows: "_Taps", columns: "_Taps") -> CropPeople:
        """Return the dense answers at the n places that the taps of their rows and columns tell."""
        pairs = list(itertools.product((0, 1), (0, 1)))
        weights = np.stack([rows.weights[i] * columns.weights[j] for i, j in pairs])
        pixels = np.stack([rows.indices[i] * self.crop.mask.shape[1] + columns.indices[j] for i, j in pairs])
        parts = self.crop.part.ravel()[pixels]
        part = _elected(parts, weights)
        same = weights * (parts == part)
        uv = _weighted(self.crop.uv.reshape(-1, 2), pixels, same) / np.maximum(same.sum(0), 1e-9)
        normal = _weighted(self.crop.normal.reshape(-1, 3), pixels, weights)
        length = np.linalg.norm(normal, axis=0)
        facing = np.where(length > 1e-6, normal / np.maximum(length, 1e-6), [[0], [0], [-1]])
        mask = _weighted(self.crop.mask.reshape(-1, 1), pixels, weights)[0] * (rows.inside & columns.inside)
        return CropPeople(mask.astype(np.float32), part, uv.T.astype(np.float32), facing.T.astype(np.float32))

    def _taps(self, x: np.ndarray, y: np.ndarray) -> tuple["_Taps", "_Taps"]:
        """Return where the picture coordinates y `[h]` and x `[w]` lie among the crop's rows and columns."""
        scale_x, scale_y = self.crop_from_image[0, 0], self.crop_from_image[1, 1]
        return (
            _Taps.at(y * scale_y + self.crop_from_image[1, 2], self.crop.mask.shape[0]),
            _Taps.at(x * scale_x + self.crop_from_image[0, 2], self.crop.mask.shape[1]),
        )


def _strips(rows: np.ndarray, columns: int) -> list[np.ndarray]:
    """Return row numbers in strips that have few places each."""
    return np.array_split(rows, max(-(-rows.size * columns // _STRIP_PIXELS), 1))


def _weighted(values: np.ndarray, pixels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the sums `[C,n]` of values `[N,C]` at four pixels `[4,n]` each, by their weights."""
    channels = np.ascontiguousarray(values.T)
    return sum(w * channels.take(at, axis=1) for w, at in zip(weights, pixels, strict=True))


def _elected(parts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the part `[n]` with the most weight among `parts` `[4,n]`; most places need no votes."""
    elected = parts[0].copy()
    torn = np.flatnonzero(np.any(parts != parts[0], axis=0))
    choices, shares = parts[:, torn], weights[:, torn]
    votes = np.stack([np.sum(shares * (choices == choice), axis=0) for choice in choices])
    elected[torn] = np.take_along_axis(choices, np.argmax(votes, axis=0)[None], axis=0)[0]
    return elected


@dataclass(frozen=True)
class _Taps:
    """Linear interpolation along one axis: two indices and two weights for each place, and whether it is inside."""

    indices: tuple[np.ndarray, np.ndarray]
    weights: tuple[np.ndarray, np.ndarray]
    inside: np.ndarray

    @classmethod
    def at(cls, places: np.ndarray, size: int) -> "_Taps":
        """Return the taps of continuous places on an axis of `size` pixels; the outermost pixels go on outwards."""
        index = np.clip(places - 0.5, 0, size - 1)
        low = np.minimum(np.floor(index).astype(int), max(size - 2, 0))
        high = np.minimum(low + 1, size - 1)
        return cls((low, high), (1 - (index - low), index - low), (places >= 0) & (places <= size))

    def take(self, numbers: np.ndarray) -> "_Taps":
        """Return the taps of some places."""
        (low, high), (first, second) = self.indices, self.weights
        return _Taps((low[numbers], high[numbers]), (first[numbers], second[numbers]), self.inside[numbers])

    def near(self, pixels: np.ndarray) -> np.ndarray:
        """Return the numbers of the places inside that touch one of the pixels, bool `[size]`."""
        return np.flatnonzero((pixels[self.indices[0]] | pixels[self.indices[1]]) & self.inside)


def _grid_mask(mask: np.ndarray, rows: _Taps, columns: _Taps) -> np.ndarray:
    """Return a crop's mask, bilinear, float32 `[h,w]`, at rows by columns that are inside."""
    taps = itertools.product(
        zip(rows.weights, rows.indices, strict=True), zip(columns.weights, columns.indices, strict=True)
    )
    sampled = sum(np.outer(wy, wx) * mask[iy].take(ix, axis=1) for (wy, iy), (wx, ix) in taps)
    return np.asarray(sampled, np.float32)


def of_answer(found: dict[str, np.ndarray], boxes_yxyx: np.ndarray) -> list[PredictedPerson]:
    """Return the people of `two_stage.people_of_boxes`, as numpy, as one object each."""
    height, width = found["mask"].shape[1:3]
    return [
        PredictedPerson(
            box_yxyx=box,
            score=float(found["score"][place]),
            keypoints=found["keypoints"][place],
            crop=CropPeople(**{name: found[name][place] for name in DENSE}),
            crop_from_image=geometry.crop_from_image(found["windows"][place], height, width),
            confidence=found["confidence"][place].astype(float) if "confidence" in found else None,
        )
        for place, box in enumerate(boxes_yxyx)
    ]


def iuv_image(dense: CropPeople) -> np.ndarray:
    """Return uint8 `[h,w,3]` channels I, U * 255, V * 255; 0 where the mask is below `MASK_THRESHOLD`."""
    iuv = np.zeros((*dense.mask.shape, 3), np.uint8)
    strips = max(-(-dense.mask.size // _STRIP_PIXELS), 1)
    maps = (np.array_split(values, strips) for values in (iuv, dense.mask, dense.part, dense.uv))
    for into, mask, part, uv in zip(*maps, strict=True):
        own = mask >= MASK_THRESHOLD
        into[own] = _iuv(part[own], uv[own])
    return iuv


def _iuv(part: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Return uint8 `[n,3]` of parts `[n]` and uv `[n,2]`; u and v are cut, not rounded, as the official encoder."""
    return np.concatenate([part[:, None], (np.clip(uv, 0, 1) * 255).astype(np.uint8)], axis=1)


def densepose_entry(person: PredictedPerson, image_id: int) -> dict:
    """Return the person as an entry of the DensePose result list.

    `uv_data` is the base64 of a PNG of w x h pixels, w, h = max(int(box size), 1), whose pixel (i, j) lies at
    box corner + (j + 0.5, i + 0.5); its channels are those of `iuv_image`.
    """
    x, y, width, height = (float(value) for value in geometry.box_xywh_from_yxyx(person.box_yxyx))
    columns, rows = max(int(width), 1), max(int(height), 1)
    iuv = np.zeros((rows, columns, 3), np.uint8)
    for places, dense in person.own_sample(x + np.arange(columns) + 0.5, y + np.arange(rows) + 0.5):
        iuv[places] = _iuv(dense.part, dense.uv)
    return {
        "image_id": image_id,
        "category_id": PERSON,
        "bbox": [x, y, width, height],
        "score": float(person.score),
        "uv_shape": [3, rows, columns],
        "uv_data": base64.b64encode(encode_png(iuv)).decode("ascii"),
    }


def person_json(person: PredictedPerson, image_id: int, image_size: tuple[int, int]) -> dict:
    """Return the person as the per-picture json holds it: the DensePose entry, COCO keypoints, mask as COCO RLE.

    COCO's keypoints name pixels by their index: continuous coordinates less 0.5.
    """
    xy = person.keypoints[:, :2] - 0.5
    flat = np.concatenate([xy, person.keypoints[:, 2:]], axis=1).round(3).ravel()
    entry = densepose_entry(person, image_id)
    return entry | {"keypoints": flat.tolist(), "segmentation": mask_rle(person, image_size)}


def mask_rle(person: PredictedPerson, image_size: tuple[int, int]) -> dict:
    """Return the person's mask in the whole picture as COCO RLE with text counts."""
    region = person.region(image_size)
    mask = np.zeros(image_size, np.uint8, order="F")
    for places in person.own(*_centres(*region)):
        mask[region][places] = 1
    return coco.run_lengths(mask)


def _centres(rows: slice, columns: slice) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of the centres of the picture's pixels in a region."""
    return np.arange(columns.start, columns.stop) + 0.5, np.arange(rows.start, rows.stop) + 0.5


def encode_png(pixels: np.ndarray) -> bytes:
    """Return the PNG of pixels uint8 RGB `[h,w,3]`."""
    ok, data = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    if not ok:
        raise ValueError(f"OpenCV could not encode {pixels.shape} {pixels.dtype} as PNG")
    return data.tobytes()


def compose(people: list[PredictedPerson], image_size: tuple[int, int]) -> tuple[CropPeople, np.ndarray]:
    """Put all people into one picture; a pixel goes to the person with the highest mask probability.

    Returns:
      the dense answers on the picture's pixels, mask 0 where nobody is, and int `[H,W]`: whose pixel it is, the
      person's place in the list, -1 nobody's (no mask reaches `MASK_THRESHOLD`).
    """
    height, width = image_size
    whole = CropPeople(
        mask=np.zeros((height, width), np.float32),
        part=np.zeros((height, width), np.uint8),
        uv=np.zeros((height, width, 2), np.float32),
        normal=np.zeros((height, width, 3), np.float32),
    )
    owner = np.full((height, width), -1, np.int32)
    for number, person in enumerate(people):
        region = person.region(image_size)
        for places, dense in person.own_sample(*_centres(*region)):
            wins = np.flatnonzero(dense.mask > whole.mask[region][places])
            won = places[0][wins], places[1][wins]
            owner[region][won] = number
            for name in DENSE:
                getattr(whole, name)[region][won] = getattr(dense, name)[wins]
    return whole, owner
