"""A person to simulate: charted, rigged, coloured. Plain data; how to build and to pose one is told elsewhere."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Skeleton:
    """Bones in an order where parents come first.

    Attributes:
      names: J bone names (Mixamo's, without the `mixamorig:` prefix).
      parents: `[J]` index of the parent bone, -1 for the root.
      heads: `[J, 3]` joint positions in the rest pose, metres, figure frame.
      tails: `[J, 3]` far ends of the bones in the rest pose.
    """

    names: tuple[str, ...]
    parents: np.ndarray
    heads: np.ndarray
    tails: np.ndarray


@dataclass(frozen=True)
class Material:
    """How a group of faces looks.

    Attributes:
      name: `skin`, `hair`, `top`, `bottom`, `shoes`, `eyes`, ...
      color: `[3]` sRGB in [0, 1].
      roughness: PBR roughness in [0, 1]; figures are rough (low smoothness) and not metallic (sec. 5.1).
      pattern: `plain`, `stripes`, `checks`, `mottled`: what the shader paints in the rest pose's frame.
      pattern_color: `[3]` sRGB of the pattern's second colour.
      pattern_scale: period in metres.
      jitter_hue: whether a scene may turn its hue (clothes: SimPose sec. 5.1), never for skin.
    """

    name: str
    color: tuple[float, float, float]
    roughness: float = 0.9
    pattern: str = "plain"
    pattern_color: tuple[float, float, float] = (0.5, 0.5, 0.5)
    pattern_scale: float = 0.05
    jitter_hue: bool = False


@dataclass(frozen=True)
class Figure:
    """A dressed person in the rest pose.

    Figure frame: x to the person's left, y up, z to the front, metres, the feet on y = 0, the origin between them.

    Attributes:
      name: unique id, for example `anna`.
      vertices: `[V, 3]` float32 rest positions. Vertices may be used by no face: the body under opaque clothes
        still carries the keypoints.
      faces: `[F, 3]` int32, counter-clockwise seen from outside: what is drawn.
      part: `[F]` uint8, 1..24: a face lies in one chart.
      uv: `[F, 3, 2]` float32 chart coordinates of the corners.
      material: `[F]` uint8 index into `materials`.
      materials: how they look.
      skin_joints: `[V, 4]` int32 bones, and
      skin_weights: `[V, 4]` float32 their weights (sum 1).
      skeleton: the bones.
      keypoint_vertices: `[17, K]` int32 and
      keypoint_weights: `[17, K]` float32: keypoint = weighted sum of posed vertices.
      shade: `[V, 3]` float32 factor on the material's sRGB colour (painted brows, lips, folds), 1 = unchanged.
    """

    name: str
    vertices: np.ndarray
    faces: np.ndarray
    part: np.ndarray
    uv: np.ndarray
    material: np.ndarray
    materials: tuple[Material, ...]
    skin_joints: np.ndarray
    skin_weights: np.ndarray
    skeleton: Skeleton
    keypoint_vertices: np.ndarray
    keypoint_weights: np.ndarray
    shade: np.ndarray
