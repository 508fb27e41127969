"""From a scene's index to the detector's record: sample, draw, box. Importable by Beam's workers."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from simpose_tf.detection import records
from simpose_tf.sim.annotate import mask_box
from simpose_tf.sim.renderer import Rendering
from tfrecord_tools.scene_records import SceneWriter


@dataclass(frozen=True)
class BoxedSceneWriter:
    """Turns a scene's index into one record with the boxes of all who are seen in it. Picklable."""

    scenes: SceneWriter

    def __call__(self, index: int) -> tuple[list[bytes], list[str]]:
        """Return the serialised record of scene `index`, and no faults."""
        rendering = self.scenes.render_stage(self.scenes.sample(index))
        return [records.encode(self.boxed(rendering, index))], []

    def boxed(self, rendering: Rendering, index: int) -> records.BoxedPicture:
        """Return a rendering with its boxes; of whom hardly anything is seen is marked as a crowd."""
        masks = [rendering.person == k for k in np.unique(rendering.person) if k]
        areas = np.array([mask.sum() for mask in masks], float)
        return records.BoxedPicture(
            encoded=records.encode_jpeg(rendering.color),
            height=rendering.color.shape[0],
            width=rendering.color.shape[1],
            image_id=index,
            file_name=f"scene_{index:06d}",
            boxes_yxyx=np.array([mask_box(mask) for mask in masks]).reshape(-1, 4),
            areas=areas,
            crowd=areas < self.scenes.people.min_pixels,
        )

    def settings(self) -> dict[str, Any]:
        """Return all that decides the records as plain JSON values; files by name and hash."""
        return self.scenes.settings() | {"record": "picture with boxes", "jpeg_quality": records.JPEG_QUALITY}
