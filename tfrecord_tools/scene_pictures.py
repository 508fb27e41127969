"""Whole rendered pictures with COCO person annotations, for detectors and for trying a network on them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask

from simpose_tf import files, geometry, keypoints
from simpose_tf.sim.annotate import PersonLabels
from tfrecord_tools.scene_records import SceneWriter


def write_pictures(writer: SceneWriter, count: int, output: Path, tell: Callable[[int, int], None]) -> None:
    """Write scenes 0..count-1 as `scene_000000.png`, ..., and `annotations.json` in COCO's person-keypoints format.

    They are drawn here once more: workers of any runner hand over records only. `tell` takes how many are done, and
    of how many.
    """
    images, annotations = [], []
    for index in range(count):
        tell(index, count)
        rendering, labels = writer.draw(writer.sample(index))
        name = f"scene_{index:06d}.png"
        with files.atomic_path(output / name) as temporary:
            Image.fromarray(rendering.color).save(temporary, format="PNG")
        height, width = rendering.person.shape
        images.append({"id": index, "file_name": name, "height": height, "width": width})
        for label in labels:
            if writer.people.keeps(label):
                annotations.append(_annotation(label, index, len(annotations) + 1))
    category = {
        "id": 1,
        "name": "person",
        "keypoints": list(keypoints.NAMES),
        "skeleton": [[a + 1, b + 1] for a, b in keypoints.SKELETON],
    }
    content = {"images": images, "annotations": annotations, "categories": [category]}
    files.write_text(output / "annotations.json", json.dumps(content) + "\n")


def _annotation(label: PersonLabels, image_id: int, annotation_id: int) -> dict:
    """Return a person as a COCO annotation; the mask as compressed run lengths."""
    lengths = coco_mask.encode(np.asfortranarray(label.mask.astype(np.uint8)))
    # COCO's keypoints count from pixel centres, half a pixel less than continuous coordinates.
    xy = np.where(label.visibility[:, None] > 0, np.round(label.keypoints_xy - 0.5, 2), 0)
    triples = np.concatenate([xy, label.visibility[:, None]], 1)
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": 1,
        "iscrowd": 0,
        "bbox": geometry.box_xywh_from_yxyx(label.box_yxyx).tolist(),
        "area": int(label.mask.sum()),
        "segmentation": {"size": lengths["size"], "counts": lengths["counts"].decode()},
        "keypoints": triples.reshape(-1).tolist(),
        "num_keypoints": int(np.count_nonzero(label.visibility)),
    }
