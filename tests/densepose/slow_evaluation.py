"""DensePose's evaluation by the letter of its rules: loops over pictures, thresholds, detections, people and points.

Plain Python on the json values; nothing of `simpose_tf.densepose` or `simpose_tf.metrics` is used, so that a fault
there cannot hide here. The rules are numbered as they stand in the docstrings below.
"""

import math

import numpy as np
from pycocotools import mask as coco_mask
from scipy import ndimage

KAPPA = {
    **dict.fromkeys((1, 2), 0.351), **dict.fromkeys((3, 4), 0.107), **dict.fromkeys((5, 6), 0.126),
    **dict.fromkeys((7, 8, 9, 10), 0.237), **dict.fromkeys((11, 12, 13, 14), 0.173),
    **dict.fromkeys((15, 16, 17, 18), 0.142), **dict.fromkeys((19, 20, 21, 22), 0.128),
    **dict.fromkeys((23, 24), 0.150),
}  # fmt: skip
THRESHOLDS = [0.5 + 0.05 * k for k in range(10)]
RANGES = {"": (0, 1e10), "m": (32**2, 96**2), "l": (96**2, 1e10)}


class Slow:
    """An evaluation of json values; `iuvs` are the pixels [h, w, 3] of the results, in their order."""

    def __init__(self, truth, results, iuvs, body):
        self.truth, self.body, self.known = truth, body, {}
        self.images = {image["id"]: image for image in truth["images"]}
        self.results = [{**r, "iuv": iuv, "n": n} for n, (r, iuv) in enumerate(zip(results, iuvs, strict=True))]

    def ten(self, kind, matching="densepose", kappa=None):
        """Rule 8: without any result all is -1."""
        if not self.results:
            return dict.fromkeys(("AP", "AP50", "AP75", "APm", "APl", "AR", "AR50", "AR75", "ARm", "ARl"), -1)
        numbers = {}
        for letter, area in RANGES.items():
            rows = [self._curve(kind, matching, kappa, area, t) for t in THRESHOLDS]
            for name, place in (("AP", 0), ("AR", 1)):
                numbers[name + letter] = mean([row[place] for row in rows])
                if not letter:
                    numbers[name + "50"], numbers[name + "75"] = rows[0][place], rows[5][place]
        return numbers

    def _curve(self, kind, matching, kappa, area, threshold):
        """Precision over 101 recalls, and the highest recall, of all pictures at one threshold."""
        ranked, people = [], 0
        for image in sorted(self.images):
            found, count = self._picture(kind, matching, kappa, area, image)
            people += count
            ranked += [(score, hit[threshold], ignored[threshold]) for score, hit, ignored in found]
        if not people:
            return -1, -1
        ranked.sort(key=lambda one: -one[0])  # stable
        right, wrong, recalls, precisions = 0, 0, [], []
        for _, hit, ignored in ranked:
            right, wrong = right + (hit and not ignored), wrong + (not hit and not ignored)
            recalls.append(right / people)
            precisions.append(right / (right + wrong) if right + wrong else 0.0)
        total = 0.0
        for k in range(101):
            reached = [p for r, p in zip(recalls, precisions, strict=True) if r >= k / 100 - 1e-12]
            total += max(reached, default=0.0)
        return total / 101, recalls[-1] if recalls else 0.0

    def _picture(self, kind, matching, kappa, area, image):
        """Detections as (score, hit by threshold, ignored by threshold), and the people that count."""
        people = [a for a in self.truth["annotations"] if a["image_id"] == image]
        found = sorted([r for r in self.results if r["image_id"] == image], key=lambda r: -r["score"])[:20]  # rule 6
        ignored = {a["id"]: "dp_x" not in a or not area[0] <= a["area"] <= area[1] for a in people}  # rules 5, 6
        people = [a for a in people if not ignored[a["id"]]] + [a for a in people if ignored[a["id"]]]
        alike = {(r["n"], a["id"]): self._alike(kind, kappa, r, a) for r in found for a in people}
        hits = {r["n"]: {} for r in found}
        skips = {r["n"]: {} for r in found}
        for threshold in THRESHOLDS:
            taken = set()
            for r in found:
                best, chosen = threshold, None
                for a in people:
                    if a["id"] in taken and not a.get("iscrowd"):
                        continue
                    if chosen and not ignored[chosen["id"]] and ignored[a["id"]]:
                        break
                    if alike[r["n"], a["id"]] >= best - 1e-12 and alike[r["n"], a["id"]] > 0:
                        best, chosen = alike[r["n"], a["id"]], a
                hits[r["n"]][threshold] = chosen is not None
                skips[r["n"]][threshold] = ignored[chosen["id"]] if chosen else False
                taken |= {chosen["id"]} if chosen else set()
            if matching == "densepose" and all(ignored.values()):  # rule 7a
                for r in found:
                    skips[r["n"]][threshold] = True
        if matching == "densepose":
            self._left_over(people, found, ignored, taken, hits, skips)
        for r in found:
            for t in THRESHOLDS:
                outside = not area[0] <= r["bbox"][2] * r["bbox"][3] <= area[1]
                skips[r["n"]][t] = skips[r["n"]][t] or (outside and not hits[r["n"]][t])
        count = sum(not flag for flag in ignored.values())
        return [(r["score"], hits[r["n"]], skips[r["n"]]) for r in found], count

    def _left_over(self, people, found, ignored, taken, hits, skips):
        """Rule 7b; `taken` at the last threshold."""
        last = THRESHOLDS[-1]
        for r in found:
            if hits[r["n"]][last]:
                continue
            best, chosen = 0.8, None
            for a in people:
                overlap = box_iou(r["bbox"], a["bbox"], a.get("iscrowd"))
                if (a["id"] not in taken or a.get("iscrowd")) and overlap >= best:
                    best, chosen = overlap, a
            if chosen:
                for t in THRESHOLDS:
                    skips[r["n"]][t] = ignored[chosen["id"]]
                if ignored[chosen["id"]]:
                    hits[r["n"]][last] = True
                    taken.add(chosen["id"])

    def _alike(self, kind, kappa, r, a):
        key = kind, kappa, r["n"], a["id"]
        if key not in self.known:
            gps = self._gps(kappa, r, a) if kind != "iou" else 1.0
            iou = self._mask_iou(r, a) if kind != "gps" else 1.0
            self.known[key] = {"gps": gps, "iou": iou, "gpsm": math.sqrt(gps * iou)}[kind]
        return self.known[key]

    def _gps(self, kappa, r, a):
        """Rules 1 to 4."""
        if "dp_x" not in a:
            return 0.0
        values = []
        for x, y, part, u, v in zip(a["dp_x"], a["dp_y"], a["dp_I"], a["dp_U"], a["dp_V"], strict=True):
            if not part:
                continue
            column = math.trunc(x * a["bbox"][2] / 255 + a["bbox"][0] - r["bbox"][0])
            row = math.trunc(y * a["bbox"][3] / 255 + a["bbox"][1] - r["bbox"][1])
            value = 0.0
            if 0 <= row < int(r["bbox"][3]) and 0 <= column < int(r["bbox"][2]) and r["iuv"][row, column, 0]:
                i, bu, bv = (int(c) for c in r["iuv"][row, column])
                apart = self._apart(self._nearest(part, u, v), self._nearest(i, bu / 255, bv / 255))
                value = math.exp(-(apart**2) / (2 * (kappa or KAPPA[int(part)]) ** 2))
            values.append(value)
        return sum(values) / len(values) if values else 0.0

    def _nearest(self, part, u, v):
        parts, uv, _, _ = self.body
        best = None
        for number in range(len(parts)):
            if parts[number] == part:
                apart = math.dist(uv[number], (u, v))
                if best is None or apart < best[0]:
                    best = apart, number
        return best[1]

    def _apart(self, a, b):
        _, _, index, triangle = self.body
        i, j = max(index[a], index[b]), min(index[a], index[b])
        return float(triangle[i * (i - 1) // 2 + j]) if i > j else 0.0

    def _mask_iou(self, r, a):
        """Rule 9."""
        size = self.images[r["image_id"]]["height"], self.images[r["image_id"]]["width"]
        pred, true = self._placed(r["iuv"][..., 0] > 0, r["bbox"], size), self._true_mask(a, size)
        both = (pred & true).sum()
        whole = pred.sum() if a.get("iscrowd") else (pred | true).sum()
        return both / whole if both else 0.0

    def _true_mask(self, a, size):
        if "dp_masks" in a:
            union = np.zeros((256, 256))
            for part in a["dp_masks"]:
                if part:
                    union = np.maximum(union, coco_mask.decode(part))
            width, height = max(a["bbox"][2], 1), max(a["bbox"][3], 1)
            stretched = ndimage.zoom(union, (height / 256, width / 256), order=1, prefilter=False) > 0.5
            return self._placed(stretched, a["bbox"], size)
        if a.get("segmentation"):
            return coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(a["segmentation"], *size))) > 0
        return np.zeros(size, bool)

    def _placed(self, mask, box, size):
        whole = np.zeros(size, bool)
        left, top = int(box[0]), int(box[1])
        for row in range(mask.shape[0]):
            for column in range(mask.shape[1]):
                y, x = top + row, left + column
                if 0 <= y < min(size[0], int(box[1] + box[3])) and 0 <= x < min(size[1], int(box[0] + box[2])):
                    whole[y, x] = mask[row, column]
        return whole


def box_iou(pred, true, crowd):
    """The intersection over the union, with a crowd over the detection."""
    width = min(pred[0] + pred[2], true[0] + true[2]) - max(pred[0], true[0])
    height = min(pred[1] + pred[3], true[1] + true[3]) - max(pred[1], true[1])
    if width <= 0 or height <= 0:
        return 0.0
    both, area = width * height, pred[2] * pred[3]
    return both / (area if crowd else area + true[2] * true[3] - both)


def mean(values):
    """The mean of what is defined, -1 if nothing is."""
    defined = [value for value in values if value > -1]
    return sum(defined) / len(defined) if defined else -1
