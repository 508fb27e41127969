"""People of SMPL's shape space, from the model file, charts and textures that a user brings."""

import functools
import os
import zlib

import cv2
import numpy as np

from simpose_tf import splits
from simpose_tf.errors import InputError
from simpose_tf.figures.figure import Figure, Material, Skeleton
from simpose_tf.figures.own import charted, glb_looks
from simpose_tf.figures.own.smpl_file import SmplModel, read_smpl
from simpose_tf.figures.painted import charted_paint
from simpose_tf.files import images_in

MOST_DEVIATION = 2.5  # standard deviations of the shape space beyond which nobody is drawn
_PREFIX = "smpl"
_TEXTURE_SIDE = 512
_MATERIAL = Material("body", (1.0, 1.0, 1.0), 0.85, texture=0)


def smpl_names(count: int, split: str) -> tuple[str, ...]:
    """Return the names of `count` people of a split; splits share none. Raises InputError for another split."""
    if split not in splits.SPLITS:
        raise InputError(f"smpl: no split {split!r}; one of {', '.join(splits.SPLITS)}")
    return tuple(f"{_PREFIX}-{split}-{number:06d}" for number in range(count))


def load_smpl_figure(
    model_path: str | os.PathLike, charts_path: str | os.PathLike, textures: str | None, name: str
) -> Figure:
    """Return a person of SMPL's shape space.

    Shape and looks come from the name alone. Without textures, the open body's skin and clothes are painted on.

    Args:
      model_path: SMPL or SMPL-H, `.npz` or `.pkl`.
      charts_path: `.npz` with `part` and `uv` of the model's faces; with `texture_uv` if there are textures.
      textures: a folder of pictures in the model's texture layout (SURREAL's, for example), or None. A split draws
        from its own pictures only.
      name: one of `smpl_names`.

    Raises:
      InputError: a file is at fault, or there is no such name.
    """
    split, rng = _split_and_rng(name)
    model, charts = _model_and_charts(str(model_path), str(charts_path))
    betas = sample_betas(model.shape_directions.shape[2], rng)
    vertices, heads = _shaped(model, betas)
    keypoint_vertices, keypoint_weights = _keypoints(str(model_path), str(charts_path))
    if textures is None:
        picture, texture_uv = charted_paint.sample_paint(rng), _painted_texture_uv(str(model_path), str(charts_path))
    else:
        picture, texture_uv = _texture(textures, split, rng), _texture_uv(charts, str(charts_path))
    return Figure(
        name=name,
        vertices=vertices.astype(np.float32),
        faces=model.faces,
        part=charts.part,
        uv=charts.uv,
        material=np.zeros(len(model.faces), np.uint8),
        materials=(_MATERIAL,),
        skin_joints=model.skin_joints,
        skin_weights=model.skin_weights,
        skeleton=_skeleton(model, vertices, heads),
        keypoint_vertices=keypoint_vertices,
        keypoint_weights=keypoint_weights,
        shade=np.ones((len(vertices), 3), np.float32),
        textures=picture[None],
        texture_uv=texture_uv,
        pose_offsets=model.pose_directions,
    )


def sample_betas(count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw `[count]` shape coefficients: standard normal, redrawn beyond 2.5 (SimPose sec. 3.1: shapes are sampled)."""
    betas = rng.standard_normal(count)
    while (far := np.abs(betas) > MOST_DEVIATION).any():
        betas[far] = rng.standard_normal(int(far.sum()))
    return betas


def _split_and_rng(name: str) -> tuple[str, np.random.Generator]:
    """Return the split of a name and its own random numbers."""
    prefix, _, rest = name.partition("-")
    split, _, number = rest.partition("-")
    if prefix != _PREFIX or split not in splits.SPLITS or not number.isdigit():
        raise InputError(f"smpl: no person {name!r}; names are like {_PREFIX}-train-000017")
    return split, np.random.default_rng([zlib.crc32(_PREFIX.encode()), splits.SPLITS.index(split), int(number)])


@functools.lru_cache(maxsize=2)
def _model_and_charts(model_path: str, charts_path: str) -> tuple[SmplModel, charted.Charts]:
    """Read a model and its charts once per process."""
    model = read_smpl(model_path)
    charts = charted.read_charts(charts_path, len(model.faces), len(model.template))
    if charts.faces is not None and not np.array_equal(charts.faces, model.faces):
        raise InputError(f"{charts_path}: charts of another mesh: its faces are not those of {model_path}")
    return model, charts


@functools.lru_cache(maxsize=2)
def _keypoints(model_path: str, charts_path: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the keypoints' vertices and weights, which all shapes share."""
    model, charts = _model_and_charts(model_path, charts_path)
    return charted.keypoints_of(charts, model.faces, charts_path)


@functools.lru_cache(maxsize=2)
def _painted_texture_uv(model_path: str, charts_path: str) -> np.ndarray:
    """Return where the model's faces lie in the open body's painted textures."""
    charts = _model_and_charts(model_path, charts_path)[1]
    return charted_paint.painted_texture_uv(charts.part, charts.uv)


def _shaped(model: SmplModel, betas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return vertices `[V, 3]` and joints `[J, 3]` of a shape, the feet on y = 0 and the origin between them."""
    vertices = model.template + model.shape_directions @ betas
    heads = model.joint_regressor @ vertices
    feet = (heads[model.bones.index("LeftFoot")] + heads[model.bones.index("RightFoot")]) / 2
    origin = np.array([feet[0], vertices[:, 1].min(), feet[2]])
    return vertices - origin, heads - origin


def _skeleton(model: SmplModel, vertices: np.ndarray, heads: np.ndarray) -> Skeleton:
    """Return the bones of a shape: each ends at the mean of its children, or as far as its skin."""
    tails = np.array(heads)
    owner = model.skin_joints[:, 0]
    for bone in range(len(heads)):
        children = np.flatnonzero(model.parents == bone)
        if model.bones[bone] in ("Hips", "Spine2"):  # the next of the trunk, not legs or shoulders
            follower = {"Hips": "Spine", "Spine2": "Neck"}[model.bones[bone]]
            tails[bone] = heads[model.bones.index(follower)]
        elif len(children):
            tails[bone] = heads[children].mean(0)
        else:
            away = vertices[owner == bone] - heads[bone]
            middle = away.mean(0) if len(away) else np.array([0, 0.05, 0])
            tails[bone] += middle * max(float((away @ middle).max()) / (middle @ middle), 1.0) if len(away) else middle
    return Skeleton(model.bones, model.parents, heads, tails)


def _texture(folder: str, split: str, rng: np.random.Generator) -> np.ndarray:
    """Return one of a split's textures `[S, S, 4]` uint8."""
    files = splits.of_split(images_in(folder, "--textures"), split, f"--textures {folder}")
    return _read_texture(files[int(rng.integers(len(files)))])


@functools.lru_cache(maxsize=32)
def _read_texture(path: str) -> np.ndarray:
    pixels = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise InputError(f"{path}: no picture that can be read")
    picture = glb_looks.square(glb_looks.rgba(pixels), _TEXTURE_SIDE)
    picture[..., 3] = 255
    return picture


def _texture_uv(charts: charted.Charts, path: str) -> np.ndarray:
    if charts.texture_uv is None:
        raise InputError(f"{path}: --textures needs texture_uv [F, 3, 2], the faces' places in the pictures (v down)")
    return charts.texture_uv
