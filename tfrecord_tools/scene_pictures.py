"""Whole rendered pictures with all labels, for detectors, and for trying and measuring a network on them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from simpose_tf import files, geometry, keypoints
from simpose_tf.data import schema
from simpose_tf.data.coco import run_lengths
from simpose_tf.sim.annotate import PersonLabels
from simpose_tf.sim.renderer import Rendering
from tfrecord_tools.scene_records import SceneWriter


def write_pictures(writer: SceneWriter, count: int, output: Path, tell: Callable[[int, int], None]) -> None:
    """Write scenes 0..count-1 as `scene_000000.png`, ..., and `annotations.json` in COCO's person-keypoints format.

    `labels/scene_000000_iuv.png` holds parts and uv of all people, `labels/scene_000000_normals.png` their normals, in
    16 bits as in a record (`schema.iuv_levels`, `schema.normal_levels`): `simpose_tf.evaluate` reads them.

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
        _write_labels(rendering, output / "labels" / Path(name).stem)
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


def _write_labels(rendering: Rendering, stem: Path) -> None:
    """Write the dense labels of a picture as STEM_iuv.png and STEM_normals.png."""
    iuv = schema.iuv_levels(rendering.part, rendering.u, rendering.v)
    normal = schema.normal_levels(rendering.normal)
    for name, levels in (("iuv", iuv), ("normals", normal)):
        files.write_bytes(f"{stem}_{name}.png", schema.encode_picture(levels, "png16"))


def _annotation(label: PersonLabels, image_id: int, annotation_id: int) -> dict:
    """Return a person as a COCO annotation; the mask as compressed run lengths."""
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
        "segmentation": run_lengths(label.mask),
        "keypoints": triples.reshape(-1).tolist(),
        "num_keypoints": int(np.count_nonzero(label.visibility)),
    }
