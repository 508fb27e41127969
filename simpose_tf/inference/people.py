"""A predicted person: what the network says, put back into the picture; and its json forms."""

import base64
from dataclasses import dataclass

import cv2
import numpy as np

from simpose_tf import geometry
from simpose_tf.data import coco

# A pixel belongs to a person where the network says so with at least this probability.
MASK_THRESHOLD = 0.5

# Pixels that are sampled at once: large pictures go strip by strip.
_STRIP_PIXELS = 1 << 18

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
        sampled = [self._sample(x, strip) for strip in _strips(y, x)]
        names = ("mask", "part", "uv", "normal")
        return CropPeople(**{name: np.concatenate([getattr(s, name) for s in sampled]) for name in names})

    def sample_mask(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the mask of `sample`, float32 `[h,w]`, much faster."""
        return np.concatenate([self._taps(x, strip).mask(self.crop.mask) for strip in _strips(y, x)])

    def _sample(self, x: np.ndarray, y: np.ndarray) -> CropPeople:
        """Return `sample` of a grid that is small enough for some copies of it."""
        taps = self._taps(x, y)
        weights, places = taps.weights(), taps.places()
        parts = np.stack([self.crop.part[place] for place in places])
        part = _elected(parts, weights)
        same = weights * (parts == part)
        uv = sum(w[..., None] * self.crop.uv[place] for w, place in zip(same, places, strict=True))
        normal = sum(w[..., None] * self.crop.normal[place] for w, place in zip(weights, places, strict=True))
        length = np.linalg.norm(normal, axis=-1, keepdims=True)
        return CropPeople(
            mask=taps.mask(self.crop.mask),
            part=part,
            uv=np.asarray(uv / np.maximum(same.sum(0), 1e-9)[..., None], np.float32),
            normal=np.where(length > 1e-6, normal / np.maximum(length, 1e-6), [0, 0, -1]).astype(np.float32),
        )

    def _taps(self, x: np.ndarray, y: np.ndarray) -> "_Grid":
        """Return where the picture coordinates y `[h]` by x `[w]` lie in the crop."""
        scale_x, scale_y = self.crop_from_image[0, 0], self.crop_from_image[1, 1]
        return _Grid(
            _Taps.at(y * scale_y + self.crop_from_image[1, 2], self.crop.mask.shape[0]),
            _Taps.at(x * scale_x + self.crop_from_image[0, 2], self.crop.mask.shape[1]),
        )


def _strips(y: np.ndarray, x: np.ndarray) -> list[np.ndarray]:
    """Return y in strips that make small grids with x."""
    return np.array_split(y, -(-y.size * x.size // _STRIP_PIXELS))


def _elected(parts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the part `[h,w]` with the most weight among `parts` `[4,h,w]`; most places need no votes."""
    elected = parts[0].copy()
    torn = np.any(parts != parts[0], axis=0)
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


@dataclass(frozen=True)
class _Grid:
    """Bilinear interpolation on a grid: the taps of its rows and columns."""

    rows: _Taps
    columns: _Taps

    def weights(self) -> np.ndarray:
        """Return the weights `[4,h,w]` of the four pixels around each place."""
        return np.stack([np.outer(wy, wx) for wy in self.rows.weights for wx in self.columns.weights])

    def places(self) -> list[tuple[np.ndarray, ...]]:
        """Return the indices of these pixels."""
        return [np.ix_(iy, ix) for iy in self.rows.indices for ix in self.columns.indices]

    def mask(self, mask: np.ndarray) -> np.ndarray:
        """Return a crop's mask at the places, float32 `[h,w]`, 0 off the crop."""
        sampled = sum(w * mask[place] for w, place in zip(self.weights(), self.places(), strict=True))
        return np.asarray(sampled * np.outer(self.rows.inside, self.columns.inside), np.float32)


def of_answer(found: dict[str, np.ndarray], boxes_yxyx: np.ndarray) -> list[PredictedPerson]:
    """Return the people of `two_stage.people_of_boxes`, as numpy, as one object each."""
    height, width = found["mask"].shape[1:3]
    return [
        PredictedPerson(
            box_yxyx=box,
            score=float(found["score"][place]),
            keypoints=found["keypoints"][place],
            crop=CropPeople(**{name: found[name][place] for name in ("mask", "part", "uv", "normal")}),
            crop_from_image=geometry.crop_from_image(found["windows"][place], height, width),
            confidence=found["confidence"][place].astype(float) if "confidence" in found else None,
        )
        for place, box in enumerate(boxes_yxyx)
    ]


def iuv_image(dense: CropPeople) -> np.ndarray:
    """Return uint8 `[h,w,3]` channels I, U * 255, V * 255; 0 where the mask is below `MASK_THRESHOLD`.

    u and v are cut, not rounded, as the official encoder does.
    """
    uv = (np.clip(dense.uv, 0, 1) * 255).astype(np.uint8)
    iuv = np.concatenate([dense.part[..., None], uv], axis=-1)
    return np.where(dense.mask[..., None] >= MASK_THRESHOLD, iuv, 0).astype(np.uint8)


def densepose_entry(person: PredictedPerson, image_id: int) -> dict:
    """Return the person as an entry of the DensePose result list.

    `uv_data` is the base64 of a PNG of w x h pixels, w, h = max(int(box size), 1), whose pixel (i, j) lies at
    box corner + (j + 0.5, i + 0.5); its channels are those of `iuv_image`.
    """
    x, y, width, height = (float(value) for value in geometry.box_xywh_from_yxyx(person.box_yxyx))
    columns, rows = max(int(width), 1), max(int(height), 1)
    iuv = iuv_image(person.sample(x + np.arange(columns) + 0.5, y + np.arange(rows) + 0.5))
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
    rows, columns = person.region(image_size)
    mask = np.zeros(image_size, bool)
    mask[rows, columns] = person.sample_mask(*_centres(rows, columns)) >= MASK_THRESHOLD
    return coco.run_lengths(mask)


def _centres(rows: slice, columns: slice) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of the centres of the picture's pixels in a region."""
    return np.arange(columns.start, columns.stop) + 0.5, np.arange(rows.start, rows.stop) + 0.5


def encode_png(pixels: np.ndarray) -> bytes:
    """Return the PNG of pixels uint8 RGB `[h,w,3]`."""
    ok, data = cv2.imencode(".png", np.ascontiguousarray(pixels[..., ::-1]))
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
    for place, person in enumerate(people):
        region = person.region(image_size)
        dense = person.sample(*_centres(*region))
        wins = (dense.mask >= MASK_THRESHOLD) & (dense.mask > whole.mask[region])
        owner[region][wins] = place
        for name in ("mask", "part", "uv", "normal"):
            getattr(whole, name)[region][wins] = getattr(dense, name)[wins]
    return whole, owner
