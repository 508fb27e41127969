"""Many postures of one skeleton at once: joint angles -> where the bones and points on them are.

Notation as in `figures.joints`: `N_j` is a bone's rotation in the world since the neutral posture, so that
`N_j = N_parent Q_j`, and a point x of the rest pose lies at `p_j + N_j A_j (x - head_j)`.
"""

from dataclasses import dataclass

import numpy as np

from simpose_tf.figures import joints
from simpose_tf.figures.figure import Skeleton


@dataclass(frozen=True)
class Chain:
    """What posing needs of a skeleton, prepared.

    Attributes:
      names: J bones, parents first.
      parents: `[J]`, -1 for the root.
      signs: `[J, 3]` that take degrees to rotations about x, z, y.
      heads: `[J, 3]` in the rest pose.
      neutral: `[J, 3, 3]`: `A`.
      offsets: `[J, 3]` from the parent's head to the bone's, in the parent's neutral frame.
    """

    names: tuple[str, ...]
    parents: np.ndarray
    signs: np.ndarray
    heads: np.ndarray
    neutral: np.ndarray
    offsets: np.ndarray


def chain_of(skeleton: Skeleton, wanted: frozenset[str] | None = None) -> Chain:
    """Return the chain of a skeleton, or of the bones `wanted` (with each its parents)."""
    keep = [j for j, name in enumerate(skeleton.names) if wanted is None or name in wanted]
    place = {j: k for k, j in enumerate(keep)} | {-1: -1}
    parents = np.array([place[int(skeleton.parents[j])] for j in keep])
    neutral, heads = joints.neutral_from_rest(skeleton)[keep], skeleton.heads[keep]
    above = np.maximum(parents, 0)
    offsets = np.einsum("jab,jb->ja", neutral[above], heads - np.where(parents[:, None] < 0, 0, heads[above]))
    names = tuple(skeleton.names[j] for j in keep)
    return Chain(names, parents, joints.axis_signs(names), heads, neutral, offsets)


def joint_rotations(signs: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Return `Q` `[..., J, 3, 3]` of joint angles `[..., J, 3]` in degrees: the swing after the twist."""
    x, z, y = np.moveaxis(np.radians(angles) * signs, -1, 0)
    angle = np.hypot(x, z)
    unit = 1 / np.maximum(angle, 1e-12)
    a, c = x * unit, z * unit
    sine, cosine = np.sin(angle), np.cos(angle)
    rest = 1 - cosine
    sin_y, cos_y = np.sin(y), np.cos(y)
    swing = [
        [cosine + rest * a * a, -sine * c, rest * a * c],
        [sine * c, cosine, -sine * a],
        [rest * a * c, sine * a, cosine + rest * c * c],
    ]
    result = np.empty((*x.shape, 3, 3))
    for row in range(3):
        s0, s1, s2 = swing[row]
        result[..., row, 0], result[..., row, 1] = s0 * cos_y - s2 * sin_y, s1
        result[..., row, 2] = s0 * sin_y + s2 * cos_y
    return result


def forward(chain: Chain, angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return frames `N` `[J, N, 3, 3]` and heads `[J, N, 3]` of N postures `[N, J, 3]`; the root's head stays."""
    joint = np.ascontiguousarray(np.moveaxis(joint_rotations(chain.signs, angles), -3, 0))
    frames, heads = np.empty_like(joint), np.empty(joint.shape[:-1])
    for j, parent in enumerate(chain.parents):
        if parent < 0:
            frames[j], heads[j] = joint[j], chain.heads[j]
        else:
            frames[j] = frames[parent] @ joint[j]
            heads[j] = heads[parent] + frames[parent] @ chain.offsets[j]
    return frames, heads


def points(
    chain: Chain, frames: np.ndarray, heads: np.ndarray, bones: np.ndarray, rest_points: np.ndarray
) -> np.ndarray:
    """Return where points go: `[N, P, 3]`.

    Args:
      chain: the skeleton.
      frames, heads: of `forward`.
      bones: `[P]` the bone that carries a point, rigidly.
      rest_points: `[P, 3]` in the rest pose.
    """
    local = np.einsum("pab,pb->pa", chain.neutral[bones], rest_points - chain.heads[bones])
    return np.einsum("pnab,pb->npa", frames[bones], local) + np.moveaxis(heads[bones], 0, 1)
