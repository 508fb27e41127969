"""A person to simulate: charted, rigged, coloured. Plain data; how to build and to pose one is told elsewhere."""

from dataclasses import dataclass, field

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


PATTERNS = ("plain", "stripes", "checks", "mottled", "print", "denim")


@dataclass(frozen=True)
class Material:
    """How a group of faces looks.

    Attributes:
      name: `skin`, `hair`, `top`, `bottom`, `shoes`, `eyes`, ...
      color: `[3]` sRGB in [0, 1].
      roughness: PBR roughness in [0, 1]; figures are rough (low smoothness) and not metallic (sec. 5.1).
      pattern: one of `PATTERNS`: what the shader paints in the rest pose's frame.
      pattern_color: `[3]` sRGB of the pattern's second colour.
      pattern_scale: period in metres.
      jitter_hue: whether a scene may turn its hue (clothes: SimPose sec. 5.1), never for skin.
      metallic: PBR metalness in [0, 1]; low on people (sec. 5.1).
      texture: layer of the figure's `textures` that multiplies the colour; -1 for none.
      cutout: whether texels with alpha below one half are holes (hair cards), in colours, labels and shadows.
    """

    name: str
    color: tuple[float, float, float]
    roughness: float = 0.9
    pattern: str = "plain"
    pattern_color: tuple[float, float, float] = (0.5, 0.5, 0.5)
    pattern_scale: float = 0.05
    jitter_hue: bool = False
    metallic: float = 0.0
    texture: int = -1
    cutout: bool = False


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
      textures: `[T, S, S, 4]` uint8 sRGB and alpha, all of one size; T may be 0.
      texture_uv: `[F, 3, 2]` float32 texture coordinates of the corners, (0, 0) the corner of the first texel, (1, 0)
        that of the end of the first row; repeats beyond. None without textures.
      pose_offsets: `[V, 3, 9 * (J - 1)]` float32 metres: corrective offsets, linear in the rotations less the
        identity (SMPL's pose blend shapes), bones in the skeleton's order without the root. None without.
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
    textures: np.ndarray = field(default_factory=lambda: np.zeros((0, 1, 1, 4), np.uint8))
    texture_uv: np.ndarray | None = None
    pose_offsets: np.ndarray | None = None
