"""From a scene's index to its records: sample, draw, label, cut, encode. No flags and no gin: workers import this."""

import functools
import os
from dataclasses import asdict, dataclass

import cv2
import numpy as np

import simpose_tf
from simpose_tf import files
from simpose_tf.data import schema
from simpose_tf.data.window import WindowConfig, cut_image, cut_labels, window_around
from simpose_tf.figures.catalogue import SPLITS, figure_names, load_figure
from simpose_tf.sim.annotate import PersonLabels, SimPeopleFilter, annotate
from simpose_tf.sim.renderer import RenderConfig, Renderer, Rendering
from simpose_tf.sim.sampler import SceneConfig, Stage, sample_stage

SOURCE = "figures"
GENERATOR = f"render_sim {simpose_tf.__version__}"


@dataclass(frozen=True)
class SceneWriter:
    """Turns a scene's index into its records. Picklable; a worker builds renderer and figures once."""

    scene: SceneConfig
    render: RenderConfig
    window: WindowConfig
    people: SimPeopleFilter
    split: str
    seed: int
    photos: tuple[str, ...]

    def __call__(self, index: int) -> tuple[list[bytes], list[str]]:
        """Return the serialised records of scene `index`, and no faults."""
        stage = self.sample(index)
        rendering, labels = self.draw(stage)
        kept = [label for label in labels if self.people.keeps(label)]
        return [schema.encode(self._person(stage, rendering, label, index)) for label in kept], []

    def sample(self, index: int) -> Stage:
        """Draw scene `index` of the data set; needs no GL."""
        rng = np.random.default_rng([self.seed, SPLITS.index(self.split), index])
        return sample_stage(rng, self.scene, figure_names(self.split), load_figure, self.photos)

    def draw(self, stage: Stage) -> tuple[Rendering, list[PersonLabels]]:
        """Render a scene and label its people."""
        figures = {person.figure: load_figure(person.figure) for person in stage.scene.people}
        renderer = _renderer(stage.scene.camera.height, stage.scene.camera.width, self.render)
        rendering = renderer.render(stage.scene, figures, stage.posed)
        return rendering, annotate(stage, figures, rendering)

    def _person(self, stage: Stage, rendering: Rendering, label: PersonLabels, index: int) -> schema.Person:
        window = window_around(label.box_yxyx, label.mask.shape, self.window)
        mask = cut_labels(label.mask, window)
        person = cut_labels(rendering.person, window)
        labelled = label.visibility > 0
        return schema.Person(
            domain=schema.SIM,
            source=SOURCE,
            image_id=index,
            person_id=label.index,
            figure_id=stage.scene.people[label.index].figure,
            seed=self.seed,
            generator=GENERATOR,
            image_size=(stage.scene.camera.height, stage.scene.camera.width),
            window=window.stored,
            image=cut_image(rendering.color, window),
            box_yxyx=window.box(label.box_yxyx),
            keypoints_xy=np.where(labelled[:, None], window.points(label.keypoints_xy), 0).astype(np.float32),
            visibility=label.visibility,
            mask=mask,
            others=(person > 0) & ~mask,
            part=np.where(mask, cut_labels(rendering.part, window), 0).astype(np.uint8),
            u=np.where(mask, cut_labels(rendering.u, window), 0),
            v=np.where(mask, cut_labels(rendering.v, window), 0),
            normal=np.where(mask[..., None], cut_labels(rendering.normal, window), 0),
        )

    def settings(self) -> dict:
        """Return all that decides the records as plain JSON values; photographs by name and hash."""
        settings = asdict(self)
        settings["photos"] = {os.path.basename(photo): files.sha256(photo) for photo in self.photos}
        settings["figures"] = list(figure_names(self.split))
        return settings


@functools.cache
def _renderer(height: int, width: int, config: RenderConfig) -> Renderer:
    cv2.setNumThreads(1)  # a worker per core
    return Renderer(height, width, config)
