"""From a scene's index to its records: sample, draw, label, cut, encode. No flags and no gin: workers import this."""

import functools
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

import simpose_tf
from simpose_tf import files
from simpose_tf.data import schema
from simpose_tf.data.window import WindowConfig, cut_image, cut_labels, window_around
from simpose_tf.figures.cast import Cast
from simpose_tf.figures.figure import Figure
from simpose_tf.figures.motion.bank import joined, pose_bank, user_motion
from simpose_tf.sim.annotate import PersonLabels, SimPeopleFilter, annotate
from simpose_tf.sim.renderer import RenderConfig, Renderer, Rendering, unwatched
from simpose_tf.sim.sampler import Assets, SceneConfig, Stage, sample_stage
from simpose_tf.sim.surroundings import VARIANTS, SurroundingsConfig
from simpose_tf.splits import SPLITS

GENERATOR = f"render_sim {simpose_tf.__version__}"


@dataclass(frozen=True)
class Media:
    """The user's files around people: photographs, panoramas, and a folder of motion (empty for none)."""

    photos: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    motion: str = ""

    def about(self) -> dict:
        """Return the files by name and hash."""
        named = {key: {os.path.basename(path): files.sha256(path) for path in getattr(self, key)} for key in _PICTURES}
        return named | ({"motion": files.digest(self.motion)} if self.motion else {})


_PICTURES = ("photos", "environments")

# What decides records besides settings, files and poses, below `simpose_tf`: people, charts, drawing, cutting.
_CODE = ("figures/*.py", "figures/dressed/*.py", "figures/own/*.py", "figures/painted/*.py")
_CODE += ("sim/*.py", "sim/shaders/*.*", "surface/open_reference.npz", "colors.py", "geometry.py", "data/window.py")


@dataclass(frozen=True)
class SceneWriter:
    """Turns a scene's index into its records. Picklable; a worker builds renderer and figures once."""

    scene: SceneConfig
    surroundings: SurroundingsConfig
    render: RenderConfig
    window: WindowConfig
    people: SimPeopleFilter
    cast: Cast
    seed: int
    media: Media

    def __call__(self, index: int) -> tuple[list[bytes], list[str]]:
        """Return the serialised records of scene `index`, and no faults."""
        stage = self.sample(index)
        rendering, labels = self.draw(stage)
        return self.encode(stage, rendering, labels, index), []

    def sample(self, index: int) -> Stage:
        """Draw scene `index` of the data set; needs no GL."""
        rng = np.random.default_rng([self.seed, SPLITS.index(self.cast.split), index])
        return sample_stage(rng, self.scene, self.surroundings, _assets(self.cast, self.media))

    def draw(self, stage: Stage, watch: Callable[[str], None] = unwatched) -> tuple[Rendering, list[PersonLabels]]:
        """Render a scene and label its people; `watch` is called after each stage of the renderer."""
        rendering = self.render_stage(stage, watch)
        return rendering, annotate(stage, self._figures(stage), rendering)

    def render_stage(self, stage: Stage, watch: Callable[[str], None] = unwatched) -> Rendering:
        """Render a scene."""
        renderer = _renderer(stage.scene.camera.height, stage.scene.camera.width, self.render)
        return renderer.render(stage.scene, self._figures(stage), stage.posed, watch)

    def _figures(self, stage: Stage) -> dict[str, Figure]:
        return {person.figure: self.cast.load(person.figure) for person in stage.scene.people}

    def encode(self, stage: Stage, rendering: Rendering, labels: list[PersonLabels], index: int) -> list[bytes]:
        """Return the records of the people whom the filter keeps."""
        kept = [label for label in labels if self.people.keeps(label)]
        return [schema.encode(self._person(stage, rendering, label, index)) for label in kept]

    def _person(self, stage: Stage, rendering: Rendering, label: PersonLabels, index: int) -> schema.Person:
        window = window_around(label.box_yxyx, label.mask.shape, self.window)
        mask = cut_labels(label.mask, window)
        person = cut_labels(rendering.person, window)
        labelled = label.visibility > 0
        return schema.Person(
            domain=schema.SIM,
            source=self.cast.config.source,
            image_id=index,
            person_id=label.index,
            figure_id=stage.scene.people[label.index].figure,
            pose=stage.scene.people[label.index].pose,
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
        """Return all that decides the records as plain JSON values; files by name and hash."""
        configs = (self.scene, self.surroundings, self.render, self.window, self.people)
        settings = {type(config).__name__: asdict(config) for config in configs}
        poses = _assets(self.cast, self.media).poses
        return settings | {
            "code": code_digest(),
            "seed": self.seed,
            "cast": self.cast.about(),
            "figures": figures_told(self.cast.names()),
            "poses": {"count": len(poses.names), "sha256": hashlib.sha256(poses.angles.tobytes()).hexdigest()},
            **self.media.about(),
        }


@functools.cache
def code_digest() -> str:
    """Return a hash of the sources, shaders and charts, so that no folder mixes people of before and after an edit."""
    root = Path(simpose_tf.__file__).parent
    found = sorted(path for pattern in _CODE for path in root.glob(pattern))
    lines = "".join(f"{path.relative_to(root).as_posix()} {files.sha256(path)}\n" for path in found)
    return hashlib.sha256(lines.encode()).hexdigest()


def figures_told(names: Sequence[str], most: int = 100) -> list[str]:
    """Return the names for a manifest; of thousands of bodies the first and the last."""
    return list(names) if len(names) <= most else [names[0], "...", names[-1]]


@functools.lru_cache(maxsize=4)
def _assets(cast: Cast, media: Media) -> Assets:
    banks = [pose_bank(cast.split)]
    if media.motion:
        banks.append(user_motion(media.motion, cast.split))
    variants = VARIANTS[cast.split]
    return Assets(cast.names(), cast.load, joined(banks), media.photos, media.environments, variants)


@functools.cache
def _renderer(height: int, width: int, config: RenderConfig) -> Renderer:
    cv2.setNumThreads(1)  # a worker per core
    return Renderer(height, width, config)
