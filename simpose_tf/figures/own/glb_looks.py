"""Materials and textures of a GLB file in the renderer's terms."""

import re
from collections.abc import Mapping

import cv2
import numpy as np

from simpose_tf.colors import srgb_from_linear
from simpose_tf.errors import InputError
from simpose_tf.figures.figure import Material
from simpose_tf.figures.own.glb_file import Glb, picture_bytes

MAX_MATERIALS = 16
MAX_TEXTURE = 1024  # texels along a side; the larger ones of scans are made smaller
_CLAMP = 33071
_SPECULAR = "KHR_materials_pbrSpecularGlossiness"
_TRANSFORM = "KHR_texture_transform"
# Words in the names of materials whose hue may be turned (SimPose sec. 5.1: the hue of Renderpeople's clothing).
_CLOTHES = re.compile(
    r"cloth|shirt|top\b|pant|trouser|jean|short|skirt|dress|jacket|coat|hoodie|sweater|shoe|sneaker|boot|sock|suit|blouse"
)


def read_materials(glb: Glb, used: np.ndarray) -> tuple[tuple[Material, ...], np.ndarray]:
    """Return the materials of a file that faces use, and the textures that they name, `[T, S, S, 4]` uint8.

    Args:
      glb: the file.
      used: the file's materials in the order that the figure takes them; -1 is the default one.

    Raises:
      InputError: more than 16, or a texture is missing or no picture.
    """
    if len(used) > MAX_MATERIALS:
        raise InputError(f"{glb.path}: {len(used)} materials; at most {MAX_MATERIALS} are drawn: join some")
    pictures = [_picture_of(glb, index) for index in used]
    layers: dict[int, int] = {}
    for picture in pictures:
        if picture is not None:
            layers.setdefault(picture, len(layers))
    materials = tuple(
        _material(glb, int(index), -1 if picture is None else layers[picture])
        for index, picture in zip(used, pictures, strict=True)
    )
    return materials, _stacked([_decoded(glb, picture) for picture in layers])


def _material(glb: Glb, index: int, texture: int) -> Material:
    """Return a material of the file; what is cloth is told by its name, so that skin never changes its hue."""
    if index < 0:
        return Material("default", (0.8, 0.8, 0.8))
    stored = glb.gltf.materials[index]
    pbr, specular = stored.pbrMetallicRoughness, (stored.extensions or {}).get(_SPECULAR)
    factor, metallic, roughness = [1.0] * 4, 0.0, 1.0
    if specular is not None:
        factor, roughness = specular.get("diffuseFactor", factor), 1 - specular.get("glossinessFactor", 1.0)
    elif pbr is not None:
        factor = pbr.baseColorFactor or factor
        metallic, roughness = (1.0 if v is None else v for v in (pbr.metallicFactor, pbr.roughnessFactor))
        if pbr.metallicRoughnessTexture is not None:  # a map per texel; a person is rough and not metallic on the whole
            metallic, roughness = 0.0, max(roughness, 0.5) if roughness < 1 else 0.8
    color = tuple(float(c) for c in srgb_from_linear(np.asarray(factor[:3], float)))
    return Material(
        name=stored.name or f"material {index}",
        color=color,  # type: ignore[arg-type]
        roughness=float(np.clip(roughness, 0.05, 1)),
        metallic=float(np.clip(metallic, 0, 1)),
        texture=texture,
        jitter_hue=bool(_CLOTHES.search((stored.name or "").lower())),
        cutout=texture >= 0 and stored.alphaMode in ("MASK", "BLEND"),
    )


def _texture_of(glb: Glb, index: int) -> Mapping | None:
    """Return `index`, `texCoord` and `extensions` of a material's colour texture, or None."""
    if index < 0:
        return None
    try:
        stored = glb.gltf.materials[index]
    except (IndexError, TypeError) as error:
        raise InputError(f"{glb.path}: there is no material {index}") from error
    specular = (stored.extensions or {}).get(_SPECULAR)
    if specular is not None:
        return specular.get("diffuseTexture")
    pbr = stored.pbrMetallicRoughness
    return vars(pbr.baseColorTexture) if pbr is not None and pbr.baseColorTexture is not None else None


def _picture_of(glb: Glb, index: int) -> int | None:
    """Return the image of a material's colour texture, or None."""
    texture = _texture_of(glb, index)
    if texture is None:
        return None
    number = texture["index"]
    try:
        stored = glb.gltf.textures[number]
    except (IndexError, TypeError) as error:
        raise InputError(f"{glb.path}: material {index}: texture {number} is missing") from error
    extensions = stored.extensions or {}
    if stored.source is not None:
        return int(stored.source)
    if "EXT_texture_webp" in extensions:
        return int(extensions["EXT_texture_webp"]["source"])
    raise InputError(f"{glb.path}: material {index}: texture {number} has no png or jpg picture")


def _decoded(glb: Glb, picture: int) -> np.ndarray:
    """Return a picture `[h, w, 4]` uint8 RGB and alpha."""
    data = np.frombuffer(picture_bytes(glb, picture), np.uint8)
    pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if len(data) else None
    if pixels is None:
        raise InputError(f"{glb.path}: texture {picture} is no png or jpg picture")
    return rgba(pixels)


def rgba(pixels: np.ndarray) -> np.ndarray:
    """Return OpenCV's pixels (grey, BGR or BGRA, 8 or 16 bits) as `[h, w, 4]` uint8 RGBA."""
    if pixels.dtype == np.uint16:
        pixels = (pixels // 257).astype(np.uint8)
    codes = {1: cv2.COLOR_GRAY2RGBA, 3: cv2.COLOR_BGR2RGBA, 4: cv2.COLOR_BGRA2RGBA}
    return cv2.cvtColor(pixels, codes[1 if pixels.ndim == 2 else pixels.shape[2]])


def _stacked(pictures: list[np.ndarray]) -> np.ndarray:
    """Return pictures of one size, `[T, S, S, 4]`: a power of two near the largest of them, at most 1,024."""
    if not pictures:
        return np.zeros((0, 1, 1, 4), np.uint8)
    largest = max(max(p.shape[:2]) for p in pictures)
    side = min(MAX_TEXTURE, 1 << max(0, (largest - 1).bit_length()))
    return np.stack([square(picture, side) for picture in pictures])


def square(picture: np.ndarray, side: int) -> np.ndarray:
    """Return a picture `[h, w, 4]` as `[side, side, 4]`; texture coordinates do not see the change."""
    shrinks = max(picture.shape[:2]) > side
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def texture_uv(glb: Glb, texcoords: np.ndarray, material: np.ndarray) -> np.ndarray:
    """Return the texture coordinates `[F, 3, 2]` float32 of the corners, each in its own material's set and transform.

    Args:
      glb: the file.
      texcoords: `[2, F, 3, 2]` sets 0 and 1.
      material: `[F]` the file's material, -1 for none.
    """
    result = np.zeros(texcoords.shape[1:], np.float32)
    for index in np.unique(material):
        texture, rows = _texture_of(glb, int(index)), material == index
        if texture is None:
            continue
        transform = (texture.get("extensions") or {}).get(_TRANSFORM, {})
        number = transform.get("texCoord", texture.get("texCoord") or 0)
        if number not in (0, 1):
            raise InputError(f"{glb.path}: material {index}: texture coordinates {number}; only sets 0 and 1 are read")
        uv = _transformed(texcoords[number][rows], transform)
        result[rows] = np.clip(uv, 0, 1) if _clamps(glb, texture["index"]) else uv
    return result


def _transformed(uv: np.ndarray, transform: Mapping) -> np.ndarray:
    """Return texture coordinates after KHR_texture_transform: scaled, turned, moved."""
    angle = transform.get("rotation", 0.0)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return (uv * transform.get("scale", (1, 1))) @ turn.T + transform.get("offset", (0, 0))


def _clamps(glb: Glb, texture: int) -> bool:
    """Return whether a texture ends at its border; the renderer's repeat."""
    sampler = glb.gltf.textures[texture].sampler
    if sampler is None:
        return False
    stored = glb.gltf.samplers[sampler]
    return stored.wrapS == _CLAMP and stored.wrapT == _CLAMP
