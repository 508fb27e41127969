"""From a rendering to labels as COCO gives them: boxes, masks, keypoints with visibility."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from simpose_tf import geometry, keypoints
from simpose_tf.figures.figure import Figure
from simpose_tf.figures.pose import keypoints_3d
from simpose_tf.sim.kept import Kept
from simpose_tf.sim.props import in_world, prop_mesh
from simpose_tf.sim.renderer import Rendering
from simpose_tf.sim.sampler import Stage
from simpose_tf.sim.sightlines import Mesh, first_hits

# A keypoint lies inside the body. It is visible where the first surface on its ray is its own person's and not farther
# in front of it than the body is thick there: this many times its distance to the rest pose's skin, plus a margin
# (oblique rays, clothes and hair)
_THICKNESS_FACTOR, _THICKNESS_MARGIN = 1.5, 0.05


@dataclass(frozen=True)
class PersonLabels:
    """One person in a picture.

    Attributes:
      index: the person's place in the scene.
      mask: `[H, W]` bool, the visible pixels.
      box_yxyx: `[4]` tight box of the mask, pixels.
      keypoints_xy: `[17, 2]` projected keypoints, continuous pixels.
      visibility: `[17]` 2 seen, 1 hidden, 0 off the picture (with keypoints_xy 0, as in COCO).
    """

    index: int
    mask: np.ndarray
    box_yxyx: np.ndarray
    keypoints_xy: np.ndarray
    visibility: np.ndarray


@dataclass(frozen=True)
class SimPeopleFilter:
    """Which people of a picture become records, as COCO would label them.

    Attributes:
      min_pixels: fewest visible pixels, in pixels of the picture.
      min_visible_keypoints: fewest keypoints that are seen.
    """

    min_pixels: int
    min_visible_keypoints: int

    def keeps(self, label: "PersonLabels") -> bool:
        """Return whether a person becomes a record."""
        seen = np.count_nonzero(label.visibility == keypoints.VISIBLE)
        return bool(label.mask.sum() >= self.min_pixels and seen >= self.min_visible_keypoints)


def annotate(stage: Stage, figures: Mapping[str, Figure], rendering: Rendering) -> list[PersonLabels]:
    """Return the labels of every person of whom at least one pixel is seen."""
    counts = np.bincount(rendering.person.ravel(), minlength=len(stage.posed) + 1)
    seen = [index for index in range(len(stage.posed)) if counts[index + 1]]
    people = [figures[person.figure] for person in stage.scene.people]
    keypoints_xy, visibility = keypoint_labels(stage, people, seen)
    labels = []
    for index, xy, visible in zip(seen, keypoints_xy, visibility, strict=True):
        mask = rendering.person == index + 1
        labels.append(PersonLabels(index, mask, mask_box(mask), xy, visible))
    return labels


def mask_box(mask: np.ndarray) -> np.ndarray:
    """Return the tight box (ymin, xmin, ymax, xmax) of a mask `[H, W]` that has pixels."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([rows[0], columns[0], rows[-1] + 1, columns[-1] + 1], float)


def keypoint_labels(stage: Stage, people: Sequence[Figure], asked: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return projected keypoints and whether they are seen.

    A keypoint is seen unless the exact ray from the camera through it meets another person, a prop, or its own person
    by more than `keypoint_thickness` before it gets to the keypoint. One that no surface covers (an ear's edge) hides
    behind nothing.

    Args:
      stage: the scene.
      people: the figure of each person of the scene.
      asked: numbers of the people whose keypoints are asked for.

    Returns:
      `[A, 17, 2]` pixels, 0 off the picture, and `[A, 17]` visibility.
    """
    camera = stage.scene.camera
    world = np.array([keypoints_3d(people[k], stage.posed[k]) for k in asked]).reshape(-1, 17, 3)
    in_camera = geometry.transform_points(camera.camera_from_world, world)
    xy = geometry.project(camera.intrinsics, in_camera)
    inside = (in_camera[..., 2] > 0) & np.all((xy >= 0) & (xy < [camera.width, camera.height]), axis=-1)
    xy = np.where(inside[..., None], xy, 0.0)
    owner, depth = np.full(inside.shape, -1), np.full(inside.shape, np.inf)
    owner[inside], depth[inside] = first_hits(camera, _meshes(stage, people), xy[inside])
    own = owner == np.asarray(asked, int)[:, None]
    thickness = np.array([keypoint_thickness(people[k]) for k in asked]).reshape(-1, 17)
    hidden = in_camera[..., 2] - depth > np.where(own, thickness, 0.0)
    seen = np.where(hidden, keypoints.HIDDEN, keypoints.VISIBLE)
    return xy, np.where(inside, seen, keypoints.UNLABELLED)


def _meshes(stage: Stage, people: Sequence[Figure]) -> list[Mesh]:
    """Return what may hide keypoints: people in their order, then props."""
    meshes = [Mesh(posed, figure.faces, figure) for figure, posed in zip(people, stage.posed, strict=True)]
    for prop in stage.scene.props:
        vertices, faces = prop_mesh(prop)
        meshes.append(Mesh(in_world(prop, vertices), faces))
    return meshes


_THICKNESS: Kept[tuple[np.ndarray, np.ndarray]] = Kept(64, lambda pair: None)


def keypoint_thickness(figure: Figure) -> np.ndarray:
    """Return `[17]` how far in front of each keypoint the person's own surface may lie, metres."""
    # The vertices are kept with it, so that no others can take their id.
    return _THICKNESS.get(id(figure.vertices), lambda: (figure.vertices, _thickness(figure)))[1]


def _thickness(figure: Figure) -> np.ndarray:
    surface = figure.vertices[np.unique(figure.faces)]
    distance, _ = cKDTree(surface).query(keypoints_3d(figure, figure.vertices))
    return _THICKNESS_FACTOR * distance + _THICKNESS_MARGIN
