"""Who may appear in a data set: a source of people, and the user's files if any."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from simpose_tf.errors import InputError
from simpose_tf.figures.dressed import catalogue, garment_figures
from simpose_tf.figures.figure import Figure
from simpose_tf.figures.own import smpl, user_figures
from simpose_tf.figures.painted import bodies
from simpose_tf.files import digest
from simpose_tf.splits import SPLITS

SOURCES = ("figures", "body")
_KEPT = 64  # figures in memory, per process


@dataclass(frozen=True)
class CastConfig:
    """Which people a data set has; a picture has people of one source only (SimPose sec. 3.1).

    Attributes:
      source: `figures`: fixed, dressed people (the paper's Renderpeople); `body`: undressed parametric bodies with
        painted textures (the paper's SMPL with SURREAL textures).
      num_bodies: how many bodies of the continuous shape space a split has; only for `body`.
    """

    source: str
    num_bodies: int

    def __post_init__(self) -> None:
        """Raise ValueError for another source or no bodies."""
        if self.source not in SOURCES or self.num_bodies < 1:
            raise ValueError(f"source must be one of {', '.join(SOURCES)} and num_bodies at least 1")


@dataclass(frozen=True)
class UserFiles:
    """A user's own people; empty where there are none.

    Attributes:
      garments: folder of MakeHuman garments, worn by further figures.
      figures: folder of rigged GLB files with their charts; they take the place of the catalogue.
      smpl: SMPL model file, `.npz` or `.pkl`; takes the place of the open body. `charts`: its charts, `.npz`.
      textures: folder of textures for it.
    """

    garments: str = ""
    figures: str = ""
    smpl: str = ""
    charts: str = ""
    textures: str = ""


@dataclass(frozen=True)
class Cast:
    """The people of one split. Picklable; figures are loaded where they are needed and kept.

    Raises InputError for files that do not belong to the source.
    """

    config: CastConfig
    split: str
    files: UserFiles = UserFiles()

    def __post_init__(self) -> None:
        """Check that split, source and files go together."""
        if self.split not in SPLITS:
            raise InputError(f"figures: no split {self.split!r}; one of {', '.join(SPLITS)}")
        body = self.config.source == "body"
        for flag in ("garments", "figures") if body else ("smpl", "charts", "textures"):
            if getattr(self.files, flag):
                raise InputError(f"--{flag}: not for the source {self.config.source!r} (CastConfig.source)")
        if self.files.figures and self.files.garments:
            raise InputError("--garments: dresses the open figures; --figures takes their place")
        if bool(self.files.smpl) != bool(self.files.charts):
            raise InputError("--smpl and --charts go together")
        if self.files.textures and not self.files.smpl:
            raise InputError("--textures: is for --smpl")

    def names(self) -> tuple[str, ...]:
        """Return the names of everybody who may appear. Raises InputError for files at fault."""
        if self.config.source == "body":
            if self.files.smpl:
                return smpl.smpl_names(self.config.num_bodies, self.split)
            return bodies.body_names(self.split, self.config.num_bodies)
        if self.files.figures:
            return user_figures.user_figure_names(self.files.figures, self.split)
        names = catalogue.figure_names(self.split)
        if self.files.garments:
            names += garment_figures.garment_figure_names(self.files.garments, self.split)
        return names

    def load(self, name: str) -> Figure:
        """Return a figure; the last 64 are kept in memory. Raises InputError if there is none of that name."""
        return _load(self, name)

    def prepare(self, watch: Callable[[int, int], None] = lambda done, all_of_them: None) -> None:
        """Build what is kept on disk, once, before workers ask for it; and find faults of the user's files early.

        `watch` is told how many people are ready, and of how many.
        """
        names = self.names() if self.config.source == "figures" else self.names()[:1]
        for done, name in enumerate(names, 1):
            self.load(name)
            watch(done, len(names))

    def about(self) -> dict:
        """Return all that decides these people as plain JSON values; files by their hashes."""
        own = {key: digest(path) for key, path in vars(self.files).items() if path}
        people = {"num_bodies": self.config.num_bodies} if self.config.source == "body" else {}
        return {"source": self.config.source, "split": self.split, "files": own, **people}


@functools.lru_cache(maxsize=_KEPT)
def _load(cast: Cast, name: str) -> Figure:
    files = cast.files
    if cast.config.source == "body":
        if files.smpl:
            return smpl.load_smpl_figure(files.smpl, files.charts, files.textures or None, name)
        return bodies.load_body(name)
    if files.figures:
        return user_figures.load_user_figure(files.figures, name)
    if files.garments and name not in catalogue.figure_names(cast.split):
        return garment_figures.load_garment_figure(files.garments, name)
    return catalogue.load_figure(name)
