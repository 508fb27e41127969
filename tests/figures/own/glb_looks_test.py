import cv2
import numpy as np
import pygltflib as gl
import pytest

from simpose_tf.errors import InputError
from simpose_tf.figures.own import glb_looks
from simpose_tf.figures.own.glb_file import Glb, open_glb
from tests.figures.glb_files import Blob, write_glb
from tests.figures.stick_person import stick_person

RED_GREEN = np.array([[[255, 0, 0], [0, 255, 0]]], np.uint8)  # a picture of two texels, RGB


def encoded(pixels: np.ndarray, suffix: str = ".png") -> bytes:
    ok, data = cv2.imencode(suffix, pixels[..., ::-1])
    assert ok
    return data.tobytes()


def add_texture(gltf: gl.GLTF2, blob: Blob, data: bytes) -> int:
    gltf.images.append(gl.Image(bufferView=blob.view(data), mimeType="image/png"))
    gltf.textures.append(gl.Texture(source=len(gltf.images) - 1))
    return len(gltf.textures) - 1


def looks(tmp_path, change, used=(0, 1)) -> tuple:
    glb = open_glb(write_glb(tmp_path / "a.glb", stick_person(), change=change))
    return glb_looks.read_materials(glb, np.array(used))


def with_texture(gltf: gl.GLTF2, blob: Blob) -> None:
    number = add_texture(gltf, blob, encoded(RED_GREEN))
    gltf.materials[1].pbrMetallicRoughness.baseColorTexture = gl.TextureInfo(index=number)


def opened(tmp_path, change) -> Glb:
    return open_glb(write_glb(tmp_path / "a.glb", stick_person(), change=change))


def test_textures_of_different_sizes_become_one_stack(tmp_path):
    def change(gltf: gl.GLTF2, blob: Blob) -> None:
        with_texture(gltf, blob)
        number = add_texture(gltf, blob, encoded(np.full((3, 7, 3), 200, np.uint8)))
        gltf.materials[0].pbrMetallicRoughness.baseColorTexture = gl.TextureInfo(index=number)

    materials, textures = looks(tmp_path, change)
    assert textures.shape == (2, 8, 8, 4)
    assert (materials[0].texture, materials[1].texture) == (0, 1)
    np.testing.assert_array_equal(textures[0], np.broadcast_to([200, 200, 200, 255], (8, 8, 4)))
    assert textures[1][0, 0].tolist() == [255, 0, 0, 255]  # the first texel is the picture's upper left
    assert textures[1][7, 7].tolist() == [0, 255, 0, 255]


def test_two_materials_share_one_picture(tmp_path):
    def change(gltf: gl.GLTF2, blob: Blob) -> None:
        with_texture(gltf, blob)
        gltf.materials[0].pbrMetallicRoughness.baseColorTexture = gl.TextureInfo(index=0)

    materials, textures = looks(tmp_path, change)
    assert [m.texture for m in materials] == [0, 0]
    assert len(textures) == 1


def test_large_textures_are_made_smaller():
    picture = np.zeros((2048, 1500, 4), np.uint8)
    picture[:, 750:] = 255
    small = glb_looks._stacked([picture])
    assert small.shape == (1, 1024, 1024, 4)
    np.testing.assert_array_equal(small[0][5, [100, 900]], [[0] * 4, [255] * 4])


def test_grey_and_16_bit_pictures_become_rgba():
    grey = glb_looks.rgba(np.array([[7, 9]], np.uint8))
    assert grey.tolist() == [[[7, 7, 7, 255], [9, 9, 9, 255]]]
    deep = glb_looks.rgba(np.array([[[0, 257, 65535, 514]]], np.uint16))
    assert deep.tolist() == [[[255, 1, 0, 2]]]


def test_factors_alpha_modes_and_glossiness_are_read(tmp_path):
    def change(gltf: gl.GLTF2, blob: Blob) -> None:
        with_texture(gltf, blob)
        gltf.materials[1].alphaMode = "BLEND"
        gltf.materials[1].pbrMetallicRoughness.metallicRoughnessTexture = gl.TextureInfo(index=0)
        gltf.materials[0].extensions = {
            "KHR_materials_pbrSpecularGlossiness": {
                "diffuseFactor": [0.214041, 1, 0, 1], "glossinessFactor": 0.3, "diffuseTexture": {"index": 0}
            }
        }  # fmt: skip

    materials, _ = looks(tmp_path, change)
    np.testing.assert_allclose(materials[0].color, [0.5, 1, 0], atol=1e-5)
    assert (round(materials[0].roughness, 6), materials[0].metallic, materials[0].texture) == (0.7, 0, 0)
    assert materials[1].cutout
    assert not materials[0].cutout
    assert materials[1].metallic == 0  # the map says where; a person on the whole is not


def test_faces_without_material_get_a_plain_one(tmp_path):
    materials, textures = looks(tmp_path, None, used=(-1,))
    assert materials[0].name == "default"
    assert textures.shape == (0, 1, 1, 4)


@pytest.mark.parametrize(
    ("name", "cloth"),
    [("Topmat", False), ("MCH_Top", True), ("jeans_01", True), ("Skin", False), ("rp_eric_mat", False)],
)
def test_clothes_are_told_by_the_materials_name(tmp_path, name, cloth):
    def rename(gltf: gl.GLTF2, _: Blob) -> None:
        gltf.materials[0].name = name

    assert looks(tmp_path, rename)[0][0].jitter_hue == cloth


def test_more_than_16_materials_are_refused(tmp_path):
    with pytest.raises(InputError, match="17 materials; at most 16 are drawn"):
        looks(tmp_path, None, used=range(17))


def test_missing_and_broken_textures_are_refused(tmp_path):
    def missing(gltf: gl.GLTF2, _: Blob) -> None:
        gltf.materials[1].pbrMetallicRoughness.baseColorTexture = gl.TextureInfo(index=3)

    def broken(gltf: gl.GLTF2, blob: Blob) -> None:
        number = add_texture(gltf, blob, b"no picture")
        gltf.materials[1].pbrMetallicRoughness.baseColorTexture = gl.TextureInfo(index=number)

    def outside(gltf: gl.GLTF2, blob: Blob) -> None:
        with_texture(gltf, blob)
        gltf.images[0].bufferView, gltf.images[0].uri = None, "skin.jpg"

    with pytest.raises(InputError, match="material 1: texture 3 is missing"):
        looks(tmp_path, missing)
    with pytest.raises(InputError, match="texture 0 is no png or jpg picture"):
        looks(tmp_path, broken)
    with pytest.raises(InputError, match=r"skin\.jpg"):
        looks(tmp_path, outside)


def test_texture_coordinates_take_the_materials_set_and_transform(tmp_path):
    def change(gltf: gl.GLTF2, blob: Blob) -> None:
        with_texture(gltf, blob)
        transform = {"offset": [0.5, 0.25], "rotation": np.pi / 2, "scale": [2, 3]}
        texture = gl.TextureInfo(index=0, texCoord=1, extensions={"KHR_texture_transform": transform})
        gltf.materials[1].pbrMetallicRoughness.baseColorTexture = texture

    texcoords = np.random.default_rng(0).random((2, 4, 3, 2)).astype(np.float32)
    uv = glb_looks.texture_uv(opened(tmp_path, change), texcoords, np.array([0, 1, 1, -1]))
    assert (uv[[0, 3]] == 0).all()
    # The extension's matrix T R S: x' = cos x + sin y, y' = -sin x + cos y.
    x, y = 2 * texcoords[1, 1:3, :, 0], 3 * texcoords[1, 1:3, :, 1]
    np.testing.assert_allclose(uv[1:3], np.stack([y + 0.5, -x + 0.25], -1), atol=1e-6)


def test_textures_that_end_at_their_border_do_not_repeat(tmp_path):
    def change(gltf: gl.GLTF2, blob: Blob) -> None:
        with_texture(gltf, blob)
        gltf.samplers, gltf.textures[0].sampler = [gl.Sampler(wrapS=33071, wrapT=33071)], 0

    texcoords = np.full((2, 1, 3, 2), 1.5, np.float32)
    assert (glb_looks.texture_uv(opened(tmp_path, change), texcoords, np.array([1])) == 1).all()
    assert (glb_looks.texture_uv(opened(tmp_path, with_texture), texcoords, np.array([1])) == 1.5).all()
