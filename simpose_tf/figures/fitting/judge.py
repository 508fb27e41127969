"""Whether a mesh is a person at all: what of the fitted body has mesh near it, and what of the mesh is no body."""

from dataclasses import dataclass

import igl
import numpy as np

from simpose_tf.errors import InputError
from simpose_tf.figures.fitting.clouds import Cloud
from simpose_tf.figures.fitting.posed import State
from simpose_tf.figures.fitting.space import BodySpace
from simpose_tf.figures.fitting.surfaces import Surface

# Metres: the body's skin to the mesh, and that closely; hair and skirts to the body.
_NEAR, _CLOSE, _LOOSE = 0.04, 0.015, 0.15
# Regions of the body by their bones, and the least share of each that must have mesh near it. Hands and feet may be
# missing or hidden; people without head, trunk, arm or leg are no case for the charts.
_REGIONS: tuple[tuple[str, tuple[str, ...], float], ...] = (
    ("head", ("Head",), 0.5),
    ("trunk", ("Hips", "Spine", "Spine1", "Spine2"), 0.5),
    ("left arm", ("LeftArm", "LeftForeArm"), 0.5),
    ("right arm", ("RightArm", "RightForeArm"), 0.5),
    ("left leg", ("LeftUpLeg", "LeftLeg"), 0.5),
    ("right leg", ("RightUpLeg", "RightLeg"), 0.5),
)
_LEAST_NEAR, _LEAST_CLOSE, _LEAST_EXPLAINED = 0.8, 0.68, 0.6
_ALIKE = 0.5  # share of the body with mesh close to it from which what is missing is told: a ball misses no head
_WHOLE = 0.8  # share of every other region that makes one that is not there a missing one


@dataclass(frozen=True)
class Coverage:
    """Shares of areas.

    Attributes:
      regions: of each region of the body that has mesh within 4 cm, facing alike, or lies beneath it (in a skirt).
      near: of the whole body that has or does.
      close: of the whole body that has mesh within 1.5 cm, facing alike.
      explained: of the mesh that has the body within 15 cm.
    """

    regions: dict[str, float]
    near: float
    close: float
    explained: float

    def is_person(self) -> bool:
        """Return whether it is enough."""
        enough = all(self.regions[name] >= least for name, _, least in _REGIONS)
        whole = self.near >= _LEAST_NEAR and self.close >= _LEAST_CLOSE
        return enough and whole and self.explained >= _LEAST_EXPLAINED


def cover(space: BodySpace, body: np.ndarray, mesh: Surface, cloud: Cloud, state: State) -> Coverage:
    """Return how a body `[N, 3]`, posed in a state, and a mesh cover each other."""
    faces = space.faces.astype(np.int64)
    surface = Surface(body, faces, 0)
    _, _, place, normal = mesh.closest(body)
    away = np.linalg.norm(place - body, axis=1) / state.scale
    alike = (normal * surface.normals).sum(1)
    area = igl.massmatrix(body, faces, igl.MASSMATRIX_TYPE_BARYCENTRIC).diagonal()
    beneath = igl.fast_winding_number(mesh.vertices, mesh.faces, body) > 0.5
    near = area * (((away < _NEAR) & (alike > 0)) | beneath)
    close = area * ((away < _CLOSE) & (alike > 0.5))
    names = np.array(space.skeleton.names)[space.owner]
    regions = {}
    for region, bones, _ in _REGIONS:
        inside = np.isin(names, bones)
        regions[region] = float(near[inside].sum() / area[inside].sum())
    explained = np.linalg.norm(surface.closest(cloud.points)[2] - cloud.points, axis=1) < _LOOSE * state.scale
    return Coverage(regions, float(near.sum() / area.sum()), float(close.sum() / area.sum()), float(explained.mean()))


def require_person(coverage: Coverage, place: str) -> None:
    """Raise InputError, with what is wrong, if a mesh that is so covered is no person."""
    if coverage.explained < _LEAST_EXPLAINED and coverage.close >= _LEAST_CLOSE:
        raise InputError(
            f"{place}: not one person: {1 - coverage.explained:.0%} of the mesh lies more than {100 * _LOOSE:.0f} cm"
            " from the fitted body (several people, or a scene?)"
        )
    missing = [(name, coverage.regions[name]) for name, _, least in _REGIONS if coverage.regions[name] < least]
    rest = [share for name, share in coverage.regions.items() if name not in dict(missing)]
    if missing and min(rest, default=0.0) >= _WHOLE and coverage.close >= _ALIKE:
        told = " and ".join(f"{name} ({share:.0%} found)" for name, share in missing)
        raise InputError(f"{place}: not a whole person: missing {told}")
    if not coverage.is_person():
        told = ", ".join(f"{name} {share:.0%}" for name, share in coverage.regions.items())
        raise InputError(
            f"{place}: not a person: {coverage.close:.0%} of the best fitted body lies within {1000 * _CLOSE:.0f} mm of"
            f" the mesh, {coverage.near:.0%} within {100 * _NEAR:.0f} cm or beneath it ({told})"
        )
