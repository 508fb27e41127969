"""Animations of GLB files (Mixamo's and others') as clips."""

import os

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from simpose_tf.errors import InputError
from simpose_tf.figures.motion.clips import Clip
from simpose_tf.figures.own import glb_skin
from simpose_tf.figures.own.glb_file import (
    Glb,
    accessor,
    matrices,
    node_parents,
    node_transforms,
    open_glb,
    told,
    world_matrices,
)

FRAMES_PER_SECOND = 30.0
_LONGEST = 600.0  # seconds of one animation
_PATHS = ("translation", "rotation", "scale")


def read_clips(path: str | os.PathLike) -> list[Clip]:
    """Return the animations of a GLB file, 30 frames a second, bones under Mixamo's names where they are known.

    Rest is the pose in which a mesh was bound; in a file with just an armature, how the file leaves its bones.

    Raises InputError if the file has no animation, or no skeleton of a person.
    """
    glb = open_glb(path)
    with told(path):
        return _clips(glb)


def _clips(glb: Glb) -> list[Clip]:
    """Return the animations of an opened file."""
    if not glb.gltf.animations:
        raise InputError(f"{glb.path}: no animations")
    rigged = any(node.skin is not None and node.mesh is not None for node in glb.gltf.nodes)
    bones = glb_skin.read_bones(glb) if rigged else glb_skin.bones_without_skin(glb)
    figure_from_rest = glb_skin.upright(bones, glb.path)
    heads = bones.rest[:, :3, 3] @ figure_from_rest.T
    skeleton = glb_skin.skeleton_of(bones, heads, _extended(bones, heads))
    clips = []
    for index in range(len(glb.gltf.animations)):
        world = _animated_worlds(glb, index)[:, list(bones.nodes)]
        rotations = _since_rest(bones, world, figure_from_rest)
        name = glb.gltf.animations[index].name or f"animation {index}"
        clips.append(Clip(name, skeleton, rotations, FRAMES_PER_SECOND))
    return clips


def _extended(bones: glb_skin.Bones, heads: np.ndarray) -> np.ndarray:
    """Return ends `[J, 3]` for bones without children: as far again as they are from their parent."""
    above = np.where(bones.parents < 0, np.arange(len(heads)), bones.parents)
    away = heads - heads[above]
    return heads + np.where(np.linalg.norm(away, axis=1, keepdims=True) > 1e-9, away, [0, 1e-3, 0])


def _since_rest(bones: glb_skin.Bones, world: np.ndarray, figure_from_rest: np.ndarray) -> np.ndarray:
    """Return bone rotations `[T, J, 3, 3]` in the rest pose's frame, relative to the parents.

    Args:
      bones: the bones.
      world: `[T, J, 4, 4]` the bones' matrices in the file's scene.
      figure_from_rest: `[3, 3]` rotation to the figure's frame.
    """
    turn = figure_from_rest @ _rotation(bones.rest_from_world[:3, :3])
    rest = figure_from_rest @ _rotation(bones.rest[:, :3, :3])
    since_rest = turn @ _rotation(world[..., :3, :3]) @ rest.swapaxes(-1, -2)
    result = since_rest.copy()
    for j, parent in enumerate(bones.parents):
        if parent >= 0:
            result[:, j] = since_rest[:, parent].swapaxes(-1, -2) @ since_rest[:, j]
    return result


def _rotation(matrices_: np.ndarray) -> np.ndarray:
    """Return the rotations nearest to matrices `[..., 3, 3]` (scales are dropped)."""
    left, _, right = np.linalg.svd(matrices_)
    left[..., -1] *= np.sign(np.linalg.det(left @ right))[..., None]
    return left @ right


def _animated_worlds(glb: Glb, index: int) -> np.ndarray:
    """Return world matrices `[T, N, 4, 4]` of all nodes during an animation."""
    every = [_channel(glb, index, k) for k in range(len(glb.gltf.animations[index].channels))]
    channels = [channel for channel in every if channel is not None]
    what = f"{glb.path}: animation {index}"
    if not channels:
        raise InputError(f"{what} moves no bones")
    start, end = min(c[2][0] for c in channels), max(c[2][-1] for c in channels)
    if not 0 <= end - start <= _LONGEST:
        raise InputError(f"{what} lasts {end - start:.0f} s; at most {_LONGEST:.0f}")
    times = start + np.arange(int((end - start) * FRAMES_PER_SECOND + 1e-3) + 1) / FRAMES_PER_SECOND
    parts = dict(zip(_PATHS, node_transforms(glb), strict=True))
    parts = {path: np.tile(values, (len(times), 1, 1)) for path, values in parts.items()}
    for node, path, keys, values, interpolation in channels:
        parts[path][:, node] = sampled(times, keys, values, interpolation, path == "rotation")
    return world_matrices(node_parents(glb), matrices(*(parts[path] for path in _PATHS)))


def _channel(glb: Glb, animation: int, index: int) -> tuple | None:
    """Return node, path, keys `[K]`, values and interpolation of a channel; None for what moves no bone."""
    stored = glb.gltf.animations[animation]
    target = stored.channels[index].target
    if target.path not in _PATHS or target.node is None:
        return None
    what = f"animation {animation}, channel {index}"
    try:
        sampler = stored.samplers[stored.channels[index].sampler]
    except (IndexError, TypeError) as error:
        raise InputError(f"{glb.path}: {what}: no such sampler") from error
    keys = accessor(glb, sampler.input, f"{what}: times").astype(float)
    values = accessor(glb, sampler.output, f"{what}: values").astype(float)
    interpolation = sampler.interpolation or "LINEAR"
    each = 3 if interpolation == "CUBICSPLINE" else 1
    width = 4 if target.path == "rotation" else 3
    if values.shape != (each * len(keys), width) or not len(keys) or (np.diff(keys) <= 0).any():
        raise InputError(f"{glb.path}: {what}: {len(values)} values at {len(keys)} times, which must rise")
    if not 0 <= target.node < len(glb.gltf.nodes):
        raise InputError(f"{glb.path}: {what}: there is no node {target.node}")
    return target.node, target.path, keys, values, interpolation


def sampled(times: np.ndarray, keys: np.ndarray, values: np.ndarray, interpolation: str, turns: bool) -> np.ndarray:
    """Return a channel's values `[T, k]` at times, held before its first and after its last key (glTF appendix C).

    Args:
      times: `[T]` seconds.
      keys: `[K]` rising seconds.
      values: `[K, k]`; `[3 K, k]` (in-tangent, value, out-tangent) for CUBICSPLINE.
      interpolation: `LINEAR`, `STEP` or `CUBICSPLINE`.
      turns: whether the values are quaternions (x, y, z, w).
    """
    times = np.clip(times, keys[0], keys[-1])
    after = np.clip(np.searchsorted(keys, times, side="right"), 1, max(len(keys) - 1, 1))
    if interpolation == "CUBICSPLINE":
        result = _cubic(times, keys, values.reshape(len(keys), 3, -1), after)
    elif len(keys) == 1:
        result = np.tile(values, (len(times), 1))
    elif interpolation == "STEP":
        result = values[np.searchsorted(keys, times, side="right") - 1]
    elif turns:
        return Slerp(keys, Rotation.from_quat(values))(times).as_quat()
    else:
        share = ((times - keys[after - 1]) / (keys[after] - keys[after - 1]))[:, None]
        result = (1 - share) * values[after - 1] + share * values[after]
    return result / np.linalg.norm(result, axis=1, keepdims=True) if turns else result


def _cubic(times: np.ndarray, keys: np.ndarray, values: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return Hermite splines at times; `values` `[K, 3, k]`, `after` `[T]` the key behind each time."""
    if len(keys) == 1:
        return np.tile(values[:, 1], (len(times), 1))
    span = (keys[after] - keys[after - 1])[:, None]
    s = (times - keys[after - 1])[:, None] / span
    begin, end = values[after - 1], values[after]
    from_begin = (2 * s**3 - 3 * s**2 + 1) * begin[:, 1] + span * (s**3 - 2 * s**2 + s) * begin[:, 2]
    return from_begin + (3 * s**2 - 2 * s**3) * end[:, 1] + span * (s**3 - s**2) * end[:, 0]
