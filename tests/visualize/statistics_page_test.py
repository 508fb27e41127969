"""The page about data sets: its charts show the counts, and it stands by itself."""

import base64
import dataclasses
import io
import re

import numpy as np
import pytest
from PIL import Image

from simpose_tf.visualize import statistics_charts, statistics_page, statistics_poses
from simpose_tf.visualize.statistics import Statistics, total
from simpose_tf.visualize.statistics_page import Chapter
from tests.dolls import doll, photographed
from tfrecord_tools.data_statistics import add_person


@pytest.fixture(scope="module")
def simulated() -> Statistics:
    counted = Statistics()
    for i, pose in enumerate(["walk-0001", "walk-0002", "sit-0001", "walk-0001"]):
        person = dataclasses.replace(doll(shift=10.0 * i), image_id=i // 3, pose=pose, figure_id=f"doll {i % 2}")
        add_person(counted, person)
    return counted


@pytest.fixture(scope="module")
def real() -> Statistics:
    counted = Statistics()
    add_person(counted, photographed(doll()))
    return counted


def chapter(counted: Statistics, simulated: bool) -> Chapter:
    return Chapter(
        "people <1>", simulated, {"split": "train & more"}, '{"seed": 1}', counted, np.zeros((8, 9, 3), np.uint8)
    )


def bar_lengths(axis, horizontal: bool) -> list[float]:
    return [round(float(p.get_width() if horizontal else p.get_height()), 6) for p in axis.patches]


def test_bars_have_the_lengths_of_the_counts(simulated):
    per_picture, _, sizes = statistics_charts.people_per_picture(simulated).axes
    assert bar_lengths(per_picture, False) == [1, 0, 1]  # one picture with one person, one with three
    assert bar_lengths(sizes, False) == [0, 100, 0]
    people, distinct = statistics_poses.families(simulated).axes
    assert bar_lengths(people, True) == [1, 3] and bar_lengths(distinct, True) == [1, 2]
    (figures,) = statistics_charts.figures(simulated).axes
    assert bar_lengths(figures, True) == [2, 2]


def test_many_figures_are_counted_by_how_often_they_appear():
    counted = Statistics(people=130)
    counted.figures.update({f"body-{i}": 1 + (i % 3 == 0) for i in range(90)})
    (axis,) = statistics_charts.figures(counted).axes
    assert bar_lengths(axis, False) == [60, 30]


def test_visibility_bars_are_stacked_to_the_whole(simulated):
    left, right = statistics_charts.visibility(simulated, "off").axes
    assert sum(bar_lengths(left, True)) == pytest.approx(17 * 100)
    assert bar_lengths(right, False)[15] == 4
    assert left.get_legend().get_texts()[2].get_text() == "off"


def test_cells_of_a_chart_are_drawn_with_v_up(simulated):
    figure = statistics_charts.chart_coverage(simulated)
    image = figure.axes[1].images[0]  # part 2: the doll's torso
    assert image.origin == "lower" and image.get_extent() == [0, 1, 0, 1]
    np.testing.assert_array_equal(image.get_array().filled(0), simulated.chart_cells[1])
    assert figure.axes[0].images[0].get_array().mask.all()  # part 1 was never seen
    assert "0 % of cells seen" in figure.axes[0].get_title()


def test_heights_of_all_people_are_in_the_histogram(simulated):
    heights = statistics_charts.people_per_picture(simulated).axes[1]
    assert sum(bar_lengths(heights, False)) == simulated.people


def test_page_holds_its_pictures_and_points_nowhere(simulated):
    text = statistics_page.page("Title <x>", "intro & so on", [chapter(simulated, True)])
    assert "Title &lt;x&gt;" in text and "train &amp; more" in text and "<script" not in text
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert len(sources) == 11 and all(source.startswith("data:image/") for source in sources)
    for source in sources:
        with Image.open(io.BytesIO(base64.b64decode(source.split(",")[1]))) as picture:
            assert picture.size[0] > 8
    assert "What is lacking" not in text


def test_photographs_get_the_charts_that_exist_and_a_line_on_the_rest(real):
    text = statistics_page.page("Title", "", [chapter(real, False)])
    lacking = re.search(r"What is lacking</h2><p>(.*?)</p>", text)
    assert lacking and lacking[1] == (
        "No poses, no figures, no parts, no coverage of the charts, no normals: nothing in these records tells of them "
        "(photographs)."
    )
    assert text.count("data:image/png") == 5


def test_chapters_of_several_data_sets_have_their_names(real):
    chapters = [dataclasses.replace(chapter(real, False), title=title) for title in ("a <1>", "b")]
    text = statistics_page.page("Title", "", chapters)
    assert "<h2>a &lt;1&gt;: Keypoints</h2>" in text and "<h2>b: Keypoints</h2>" in text


def test_pages_of_equal_counts_are_equal(real):
    one, two = (statistics_page.page("Title", "", [chapter(total([real]), False)]) for _ in range(2))
    assert one == two


def test_first_numbers(simulated, real):
    shown = statistics_page.numbers(simulated)
    assert shown["people"] == "4" and shown["pictures"] == "2" and shown["people per picture"] == "2.0"
    assert (
        shown["distinct poses"] == "3" and shown["figures"] == "2" and shown["visible keypoints per person"] == "15.0"
    )
    assert "distinct poses" not in statistics_page.numbers(real)


def test_person_without_labels_can_be_drawn():
    """A record of a crowd's edge: no keypoint, no mask."""
    counted = Statistics()
    nobody = dataclasses.replace(photographed(doll()), visibility=np.zeros(17, int), mask=np.zeros((240, 200), bool))
    add_person(counted, nobody)
    text = statistics_page.page("Title", "", [chapter(counted, False)])
    assert "no keypoints around the hips" in text
