from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import trimesh

from simpose_tf.errors import InputError
from simpose_tf.figures import makehuman, pose
from simpose_tf.figures.dressed import garment_figures
from simpose_tf.figures.dressed.makehuman_clothes import load_clothes
from simpose_tf.figures.dressed.makehuman_zones import ZONES, kind_of, zones
from simpose_tf.figures.painted.body_atlas import body_atlas
from tests.figures import mhclo_files

SHARED = Path(__file__).parents[3] / "shared" / "data" / "makehuman_cc0"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return mhclo_files.wardrobe(tmp_path_factory.mktemp("garments"))


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setattr(garment_figures, "cache_path", lambda name, _: tmp_path_factory.getbasetemp() / f"{name}.npz")


def outfit_of(name):
    return name.removeprefix("garments-").rpartition("-")[0]


def build(folder, name, outfit):
    share = garment_figures._share(folder, "train")
    return garment_figures._build(name, garment_figures._outfits(folder, "train")[outfit], share)


def test_an_outfit_is_in_one_split_only(folder):
    train, val = (garment_figures.garment_figure_names(folder, split) for split in ("train", "val"))
    assert len(train) == 6 and len(val) == 2
    assert not {outfit_of(n) for n in train} & {outfit_of(n) for n in val}


def test_no_garment_but_hair_is_worn_in_both_splits(folder, tmp_path, monkeypatch):
    """Tops go with one another's bottoms, and shoes and hats with anything: each stays in its split."""
    kinds = {"full": 2, "top": 3, "bottom": 2, "shoes": 3, "hat": 2, "hair": 2}
    one = load_clothes(Path(folder) / "clothes" / "boots" / "boots.mhclo", len(makehuman.load_base().vertices))
    made = {kind: [replace(one, name=f"{kind}{k}") for k in range(count)] for kind, count in kinds.items()}
    monkeypatch.setattr(garment_figures, "_wardrobe", lambda _: made)
    worn = {}
    for split in ("train", "val"):
        share = garment_figures._share(str(tmp_path), split)
        worn[split] = {one.name for kind, ones in share.items() if kind != "hair" for one in ones}
        assert {one.name for outfit in garment_figures._outfits(str(tmp_path), split).values() for one in outfit} == {
            one.name for kind in ("full", "top", "bottom") for one in share[kind]
        }
        assert len(share["hair"]) == 2
    assert not worn["train"] & worn["val"] and len(worn["train"] | worn["val"]) == 12


def test_a_single_top_and_bottom_leave_nobody_for_validation(tmp_path):
    mhclo_files.write_garment(tmp_path / "suit", "suit", mhclo_files.suit_quads())
    assert garment_figures.garment_figure_names(str(tmp_path), "train") == ("garments-suit-0", "garments-suit-1")
    with pytest.raises(InputError, match="no clothes for --split=val"):
        garment_figures.garment_figure_names(str(tmp_path), "val")


def test_a_figure_is_charted_skinned_and_stands_on_the_ground(folder):
    figure = garment_figures.load_garment_figure(folder, "garments-female_b-0")
    assert set(figure.part) == set(range(1, 25))
    np.testing.assert_allclose(figure.skin_weights.sum(1), 1, atol=1e-5)
    assert abs(figure.vertices[figure.faces.ravel(), 1].min()) < 1e-5
    assert {m.name for m in figure.materials} >= {"skin", "top", "bottom", "shoes"}


def test_the_skin_is_hidden_under_the_suit(folder):
    figure, count = garment_figures.load_garment_figure(folder, "garments-male_a-1"), len(body_atlas().vertex_ids)
    skin = (figure.faces < count).all(1)
    assert skin.sum() < 0.75 * len(body_atlas().faces)
    assert np.isin(np.arange(3, 23), figure.part[skin]).any()  # hands stay
    cloth = trimesh.Trimesh(figure.vertices, figure.faces[~skin], process=False)
    middle = 0.45 * figure.vertices[:, 1].max() < figure.vertices[:, 1]
    thighs = figure.faces[skin][(~middle[figure.faces[skin]]).all(1)]
    knees = np.abs(figure.vertices[thighs, 1].mean(1) - 0.3 * figure.vertices[:, 1].max()) < 0.05
    assert not knees.any() and len(cloth.faces) > 2000


def test_keypoints_hang_on_the_body_below(folder):
    figure = garment_figures.load_garment_figure(folder, "garments-male_a-0")
    base, count = makehuman.load_base(), len(body_atlas().vertex_ids)
    assert figure.keypoint_vertices.max() < count
    table = base.keypoint_regressor[:, body_atlas().vertex_ids]
    expected = table / table.sum(1, keepdims=True) @ figure.vertices[:count]
    np.testing.assert_allclose(pose.keypoints_3d(figure, figure.vertices), expected, atol=2e-3)


def test_the_same_name_gives_the_same_figure_built_or_read(folder):
    name = "garments-female_c-0"
    read = garment_figures.load_garment_figure(folder, name)
    built = build(folder, name, "female_c")
    for field in ("vertices", "faces", "uv", "textures", "texture_uv"):
        np.testing.assert_array_equal(getattr(read, field), getattr(built, field))
    assert read.materials == built.materials


def test_women_and_men_wear_what_is_made_for_them(folder):
    base = makehuman.load_base()
    wardrobe = {n: load_clothes(p, len(base.vertices)) for p in Path(folder).rglob("*.mhclo") for n in [p.stem]}
    assert garment_figures.gender_of([wardrobe["female_b"]]) == "female"
    assert garment_figures.gender_of([wardrobe["male_a"]]) == "male"
    assert garment_figures.gender_of([wardrobe["boots"]]) == ""


def test_a_texture_that_is_there_is_worn(tmp_path):
    path = mhclo_files.write_garment(
        tmp_path / "clothes", "suit", mhclo_files.suit_quads(), lines="material suit.mhmat"
    )
    path.with_suffix(".mhmat").write_text("diffuseTexture suit.png\n")
    cv2.imwrite(str(path.with_suffix(".png")), np.full((8, 8, 3), (10, 20, 200), np.uint8))  # BGR
    suit = load_clothes(path, len(makehuman.load_base().vertices))
    figure = garment_figures._build("garments-suit-0", (suit,), {})
    own = next(m for m in figure.materials if m.texture > 0)
    np.testing.assert_array_equal(figure.textures[own.texture][0, 0], [200, 20, 10, 255])


def test_kinds_are_told_by_the_bones_that_garments_hang_on(folder):
    base = makehuman.load_base()
    for name, kind in (("male_a", "full"), ("boots", "shoes")):
        clothes = load_clothes(Path(folder) / "clothes" / name / f"{name}.mhclo", len(base.vertices))
        assert kind_of(clothes, base) == kind


def test_faults_are_told(folder, tmp_path):
    with pytest.raises(InputError, match="nobody is called 'garments-male_a-9'"):
        garment_figures.load_garment_figure(folder, "garments-male_a-9")
    with pytest.raises(InputError, match="no MakeHuman clothes"):
        garment_figures.garment_figure_names(str(tmp_path), "train")
    with pytest.raises(InputError, match="no such folder"):
        garment_figures.garment_figure_names(str(tmp_path / "none"), "train")
    with pytest.raises(InputError, match="no split 'test'"):
        garment_figures.garment_figure_names(folder, "test")


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs MakeHuman's garments in ../shared/data")
def test_makehumans_own_garments_are_told_apart():
    base = makehuman.load_base()
    kinds = {p.stem: kind_of(load_clothes(p, len(base.vertices)), base) for p in SHARED.rglob("*.mhclo")}
    assert {kind for name, kind in kinds.items() if "suit" in name} == {"full"}
    assert {kind for name, kind in kinds.items() if "shoes" in name} == {"shoes"}
    assert {kinds["fedora"], kinds["fedora_cocked"]} == {"hat"} and kinds["bob01"] == "hair"
    suit = load_clothes(SHARED / "clothes" / "male_elegantsuit01" / "male_elegantsuit01.mhclo", len(base.vertices))
    assert {ZONES[z] for z in zones(suit, "full", base)} == {"top", "bottom", "inner", "trim"}
