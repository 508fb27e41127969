"""Small COCO-layout data sets that tests draw: people are coloured ellipses."""

import copy
import json
from pathlib import Path

import cv2
import numpy as np

from simpose_tf.data.window import WindowConfig

WINDOW = WindowConfig(crop_height=353, crop_width=257, max_enlargement=1.5, max_rotation_deg=40, max_box_height=60)
HEIGHT, WIDTH = 120, 160


def ellipse(cx: float, cy: float, rx: float, ry: float, count: int = 24) -> list[float]:
    """Return a polygon as COCO stores it."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return [float(v) for v in np.stack([cx + rx * np.cos(angle), cy + ry * np.sin(angle)], -1).reshape(-1)]


def person(annotation_id: int, image_id: int, cx: float, cy: float, rx: float = 12, ry: float = 30) -> dict:
    """Return the annotation of a person who is an ellipse, all keypoints labelled on its axis."""
    keypoints = [[int(cx), int(cy - ry + 2 + 3 * k), 2 - k % 2] for k in range(17)]
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": 1,
        "iscrowd": 0,
        "num_keypoints": 17,
        "bbox": [cx - rx, cy - ry, 2 * rx, 2 * ry],
        "area": float(np.pi * rx * ry),
        "keypoints": [v for triple in keypoints for v in triple],
        "segmentation": [ellipse(cx, cy, rx, ry)],
    }


def run_lengths(mask: np.ndarray) -> dict:
    """Return a mask as COCO's plain run lengths: column by column, zeros first."""
    counts, current, length = [], 0, 0
    for value in mask.T.reshape(-1).tolist():
        if value != current:
            counts.append(length)
            current, length = value, 0
        length += 1
    return {"size": list(mask.shape), "counts": [*counts, length]}


class Sample:
    """A data set of pictures with two people each, as a dictionary to spoil before it is written."""

    def __init__(self, folder: Path, count: int = 3) -> None:
        self.images, self.file = folder / "images", folder / "person_keypoints_train.json"
        self.data = {
            "images": [
                {"id": 10 + i, "file_name": f"{i:03d}.png", "height": HEIGHT, "width": WIDTH} for i in range(count)
            ],
            "annotations": [
                person(100 + 2 * i + side, 10 + i, 45 + 60 * side + i, 60) for i in range(count) for side in (0, 1)
            ],
            "categories": [{"id": 1, "name": "person"}],
        }
        self.images.mkdir(parents=True)
        for entry in self.data["images"]:
            self.draw(entry)
        self.write()

    def annotation(self, number: int) -> dict:
        return self.data["annotations"][number]

    def draw(self, entry: dict) -> None:
        picture = np.random.default_rng(entry["id"]).integers(0, 80, (HEIGHT, WIDTH, 3), np.uint8)
        for label in self.data["annotations"]:
            if label["image_id"] == entry["id"]:
                polygon = np.array(label["segmentation"][0]).reshape(-1, 2).astype(np.int32)
                cv2.fillPoly(picture, [polygon], (40, 120, 250))
        assert cv2.imwrite(str(self.images / entry["file_name"]), picture)

    def write(self) -> "Sample":
        self.file.write_text(json.dumps(copy.deepcopy(self.data)))
        return self
