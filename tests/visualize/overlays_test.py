"""Overlays of predictions."""

import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.visualize import atlas, contours, normals, overlays, parts
from tests.dolls import doll


def maps() -> overlays.DrawnMaps:
    person = doll()
    assert person.part is not None and person.u is not None and person.v is not None and person.normal is not None
    owner = np.where(person.mask, 0, -1)
    return overlays.DrawnMaps(owner, person.part, np.stack([person.u, person.v], -1), person.normal)


def drawn_person(score: float) -> overlays.DrawnPerson:
    person = doll()
    keypoints = np.concatenate([person.keypoints_xy, np.full((17, 1), score)], 1)
    return overlays.DrawnPerson(person.box_yxyx, keypoints, 0.5)


def test_picture_off_the_people_stays_as_it_is() -> None:
    image = np.random.default_rng(0).integers(0, 256, (1000, 60, 3), dtype=np.uint8)
    size = image.shape[:2]
    nobody = overlays.DrawnMaps(np.full(size, -1), np.zeros(size, np.uint8), np.zeros((*size, 2)), np.zeros((*size, 3)))
    np.testing.assert_array_equal(overlays.draw_overlay(image, nobody, []), image)


def test_small_picture_is_enlarged_by_a_whole_number() -> None:
    # 1000 / 240 pixels: five times as large.
    assert overlays.draw_overlay(doll().image, maps(), []).shape == (1200, 1000, 3)


@pytest.mark.parametrize(("score", "seen"), [(0.0, False), (0.9, True)])
def test_keypoints_without_a_score_are_not_drawn(score: float, seen: bool) -> None:
    image = doll().image
    box_only = overlays.draw_overlay(image, maps(), [drawn_person(0.0)])
    assert np.any(overlays.draw_overlay(image, maps(), [drawn_person(score)]) != box_only) == seen


def test_lines_of_two_people_do_not_run_into_one_another() -> None:
    # Two people, each the same part with the same flat ramp, side by side: one line each, or one across both.
    part = np.full((1000, 70), 2, np.uint8)
    uv = np.full((1000, 70, 2), 0.05)
    uv[..., 0] = np.linspace(0, 1, 1000)[:, None]
    normal = np.zeros((1000, 70, 3))
    split = np.repeat([[0] * 35 + [1] * 35], 1000, axis=0)
    image = np.full((1000, 70, 3), 128, np.uint8)
    two = overlays.draw_overlay(image, overlays.DrawnMaps(split, part, uv, normal), [])
    one = overlays.draw_overlay(image, overlays.DrawnMaps(0 * split, part, uv, normal), [])
    differing = np.flatnonzero(np.any(two != one, axis=(0, 2)))
    assert differing.size
    assert np.abs(differing - 34.5).max() <= 2


def test_contours_of_a_large_picture_lie_where_those_of_all_its_pixels_do(monkeypatch: pytest.MonkeyPatch) -> None:
    # u = x / 1000 and v = .05: nine lines at x = 100, 200, ..., straight down the picture.
    x = np.tile((np.arange(1000) + 0.5) / 1000, (300, 1))
    maps = overlays.DrawnMaps(
        np.zeros((300, 1000), int),
        np.full((300, 1000), 2, np.uint8),
        np.stack([x, 0 * x + 0.05], -1),
        np.zeros((300, 1000, 3)),
    )
    black = np.zeros((300, 1000, 3), np.uint8)
    monkeypatch.setattr(overlays, "_TRACED_SIDE", 200)  # every fifth pixel
    columns = overlays.draw_overlay(black, maps, [])[150].max(-1).astype(float)
    for at in range(100, 1000, 100):
        near = columns[at - 4 : at + 4]
        assert near.max() > 80
        assert (near * (np.arange(at - 4, at + 4) + 0.5)).sum() / near.sum() == pytest.approx(at, abs=0.15)
    assert (columns > 0).sum() < 9 * 4


@pytest.fixture
def unscaled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw small pictures in their own size: pixels can be compared."""
    monkeypatch.setattr(overlays, "_MIN_SIDE", 1)


def plain(layers: str, texture: atlas.Atlas | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what layers draw of a doll, its picture, and where its parts' inner pixels are."""
    person = doll()
    assert person.part is not None and person.u is not None and person.v is not None and person.normal is not None
    drawn = overlays.DrawnMaps(
        np.where(person.mask, 0, -1), person.part, np.stack([person.u, person.v], -1), person.normal
    )
    people = [overlays.DrawnPerson(person.box_yxyx, np.concatenate([person.keypoints_xy, np.ones((17, 1))], 1), 0.5)]
    picture = overlays.draw_overlay(person.image, drawn, people, overlays.parse_layers(layers), texture)
    same = np.zeros(person.part.shape, bool)
    same[1:, 1:] = (person.part[1:, 1:] == person.part[:-1, 1:]) & (person.part[1:, 1:] == person.part[1:, :-1])
    return picture, person.image, same & (person.part > 0)


def test_fills_cover_people_with_their_colors_and_nothing_else(unscaled: None) -> None:
    person = doll()
    assert person.part is not None and person.u is not None and person.v is not None and person.normal is not None
    expected = {
        "parts": parts.color_parts(person.part),
        "u": contours.value_colors(person.u),
        "v": contours.value_colors(person.v),
        "normals": normals.color_normals(person.normal, person.mask),
        "texture": atlas.checker_atlas().colors[np.maximum(person.part.astype(int) - 1, 0), 0, 0],
    }
    flat = atlas.Atlas(
        np.broadcast_to(atlas.checker_atlas().colors[:, :1, :1], (24, 4, 4, 3)), np.ones((24, 4, 4), bool)
    )
    opacity = {"parts": 0.85, "u": 0.85, "v": 0.85, "normals": 1.0, "texture": 1.0}
    for name, colors in expected.items():
        picture, image, inner = plain(name, flat)
        mixed = opacity[name] * colors + (1 - opacity[name]) * image
        assert np.abs(picture - mixed)[inner].max() <= 0.51, name
        off = np.zeros(inner.shape, bool)
        off[:20] = True  # above the head
        np.testing.assert_array_equal(picture[off], image[off])


def test_lines_upon_a_fill_are_dark_for_u_and_white_for_v(unscaled: None) -> None:
    filled, _, _ = plain("v")
    lined, _, _ = plain("v,contours")
    changed = lined[np.any(lined != filled, axis=-1)].astype(int)
    assert changed.size
    assert (changed.max(-1) < 60).sum() > 100
    assert (changed.min(-1) > 220).sum() > 100


def test_first_fill_wins_and_lines_lie_on_top_in_any_order(unscaled: None) -> None:
    np.testing.assert_array_equal(plain("parts,u,contours")[0], plain("contours,parts")[0])
    assert np.any(plain("parts,keypoints,boxes")[0] != plain("parts")[0])


def test_holes_of_a_texture_show_the_picture(unscaled: None) -> None:
    holes = atlas.Atlas(np.zeros((24, 4, 4, 3), np.uint8), np.zeros((24, 4, 4), bool))
    picture, image, _ = plain("texture", holes)
    np.testing.assert_array_equal(picture, image)


def test_masks_of_neighbours_have_different_colors() -> None:
    part, owner = np.full((1000, 20), 2, np.uint8), np.repeat([[0] * 10 + [1] * 10], 1000, axis=0)
    drawn = overlays.DrawnMaps(owner, part, np.zeros((1000, 20, 2)), np.zeros((1000, 20, 3)))
    picture = overlays.draw_overlay(np.zeros((1000, 20, 3), np.uint8), drawn, [], ("masks",)).astype(int)
    assert np.abs(picture[5, 5] - picture[5, 15]).max() > 60


@pytest.mark.parametrize(("x", "y"), [(-30, -20), (5, 3), (1100, 500), (20, 2000)])
def test_score_over_the_rim_is_cut(x: float, y: float) -> None:
    # Bare of contours and keypoints the box draws itself and the label, which never leaves the canvas to the left,
    # to the right or above.
    empty = overlays.DrawnMaps(
        np.full((1200, 1000), -1),
        np.zeros((1200, 1000), np.uint8),
        np.zeros((1200, 1000, 2)),
        np.zeros((1200, 1000, 3)),
    )
    box = np.array([y, x, y + 100, x + 50], float)
    people = [overlays.DrawnPerson(box, np.zeros((17, 3)), 0.5)]
    drawn = overlays.draw_overlay(np.full((1200, 1000, 3), 200, np.uint8), empty, people, ("boxes",))
    rows, columns = np.nonzero((drawn == 20).all(-1))  # the label's ground and the box's dark rim
    if y > 1200:
        assert not rows.size
    else:
        ground = drawn[rows.min() : rows.min() + 12, columns.min() : columns.min() + 12]
        assert (ground == 20).all(-1).sum() > 40


@pytest.mark.parametrize(
    ("text", "fault"), [("contours,teeth", "no layer 'teeth'; layers are contours"), (" , ", "name at least one layer")]
)
def test_unknown_layers_are_told(text: str, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        overlays.parse_layers(text)


def test_layers_are_named_once() -> None:
    assert overlays.parse_layers("u, boxes,u") == ("u", "boxes")


def test_panels_lie_beside_the_picture_row_by_row() -> None:
    image = np.full((1000, 500, 3), 7, np.uint8)
    sheet = overlays.beside(image, [(str(k), np.full((1000, 500, 3), 20 * k, np.uint8)) for k in range(1, 5)])
    # Panels of 640 x 320 in rows of four, with gaps of 6 and captions of 26 pixels.
    assert sheet.shape == (6 + 2 * (640 + 26), 6 + 4 * (320 + 6), 3)
    middles = [(326, 6 + 160 + k * 326) for k in range(4)] + [(326 + 666, 6 + 160)]
    assert [int(sheet[place][0]) for place in middles] == [7, 20, 40, 60, 80]
