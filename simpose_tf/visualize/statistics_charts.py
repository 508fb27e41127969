"""Charts of a data set's statistics: one matplotlib figure per question, its titles say what is seen."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from simpose_tf import charts, keypoints
from simpose_tf.visualize import statistics as stats
from simpose_tf.visualize.statistics import Statistics

INK, FAINT, RULE = "#23262d", "#6b7280", "#e3e5ea"
BLUE, LIGHT, GREY, ORANGE = "#2563a8", "#9dbfe3", "#d5d8de", "#d9822b"
DENSITY = LinearSegmentedColormap.from_list("density", ["#eef4fb", "#9dbfe3", "#2563a8", "#0b2545"])
WIDTH = 12.0  # inches; the page shows 100 pixels for one
ROWS = 40  # bars in a list of names


def people_per_picture(counted: Statistics) -> Figure:
    """Draw people per picture, and how large their boxes are."""
    figure, (left, middle, right) = row(3, 3.1, (1, 1.5, 0.8))
    number = np.bincount(list(counted.pictures.values()))
    left.bar(np.arange(1, len(number)), number[1:], color=BLUE, width=0.8)
    tidy(left, f"{counted.people / len(counted.pictures):.1f} people per picture", "people in a picture", "pictures")
    for one in (left.xaxis, left.yaxis):
        one.set_major_locator(MaxNLocator(integer=True, nbins=6))
    _draw_heights(middle, counted)
    known = max(int(counted.sizes.sum()), 1)
    bars(right, 100 * counted.sizes / known, stats.COCO_SIZES)
    largest = stats.COCO_SIZES[int(np.argmax(counted.sizes))]
    tidy(right, f"{100 * counted.sizes.max() / known:.0f} % are {largest} for COCO", "% of people, by mask area", "")
    return figure


def _draw_heights(axis: Axes, counted: Statistics) -> None:
    heights, people = np.array(sorted(counted.picture_heights.items())).T
    low, high = max(float(heights.min()), 1.0), max(float(heights.max()), 2.0)
    edges = np.geomspace(low * 0.99, high * 1.01, 31)
    axis.hist(heights, bins=edges.tolist(), weights=people, color=BLUE, rwidth=0.92)
    axis.set_xscale("log")
    ticks = [t for t in (10, 20, 50, 100, 200, 500, 1000, 2000) if low * 0.9 <= t <= high * 1.1]
    axis.set_xticks(ticks, [str(t) for t in ticks])
    axis.minorticks_off()
    first, middle, last = stats.percentiles(counted.picture_heights, (25, 50, 75))
    axis.axvline(middle, color=ORANGE, linewidth=1.4)
    title = f"Half of the boxes are {first:.0f} to {last:.0f} px high; median {middle:.0f}"
    tidy(axis, title, "height of the box, pixels of the picture", "people")


def places(counted: Statistics) -> Figure:
    """Draw where people are in the picture and which edges cut them."""
    figure, (left, right) = row(2, 3.6, (1, 1.6))
    draw_density(left, counted.places, extent=(0, 100, 100, 0))
    tidy(left, "Where the middles of the boxes are", "% of the picture's width", "% of its height")
    shares = 100 * np.append(counted.edges, counted.cut) / counted.people
    bars(right, shares, [*(f"{edge} edge" for edge in stats.EDGES), "any edge"])
    tidy(right, f"{shares[-1]:.0f} % of the boxes touch an edge of the picture", "% of people", "")
    return figure


def visibility(counted: Statistics, absent: str) -> Figure:
    """Draw how often each keypoint is visible, and how many a person shows; `absent` names COCO's flag 0."""
    figure, (left, right) = row(2, 4.6, (1.6, 1))
    off, hidden, visible = 100 * counted.visibility.T / counted.people
    order = np.argsort(visible, kind="stable")
    names, start = [plain(keypoints.NAMES[k]) for k in order], np.zeros(len(order))
    for label, color, values in (("visible", BLUE, visible), ("hidden", LIGHT, hidden), (absent, GREY, off)):
        left.barh(names, values[order], left=start, color=color, height=0.78, label=label)
        start = start + values[order]
    left.set(xlim=(0, 100), ylim=(-0.6, len(order) - 0.4))
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, frameon=False, fontsize=9)
    tidy(left, f"{names[-1].capitalize()} is seen most often, {names[0]} least", "% of people", "", grid="x")
    right.bar(np.arange(len(counted.visible)), counted.visible, color=BLUE, width=0.8)
    mean = np.arange(len(counted.visible)) @ counted.visible / counted.people
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    tidy(right, f"{mean:.1f} of 17 keypoints are visible per person", "visible keypoints", "people")
    return figure


def occlusion(counted: Statistics) -> Figure:
    """Draw how much of people is hidden, and how much of their boxes other people cover."""
    figure, (left, right) = row(2, 3.1)
    _draw_shares(left, counted.hidden_shares, "of the labelled keypoints hidden", "have a hidden keypoint")
    _draw_shares(right, counted.others_shares, "of the box covered by other people", "share their box with others")
    return figure


def _draw_shares(axis: Axes, people: np.ndarray, of: str, they: str) -> None:
    known = max(int(people.sum()), 1)
    axis.bar(np.arange(len(people)), 100 * people / known, color=[GREY] + [BLUE] * (len(people) - 1), width=0.85)
    axis.set_xticks(range(len(people)), ["0", *(f"to {10 * k}" for k in range(1, len(people)))])
    title = f"{100 * people[1:].sum() / known:.0f} % {they}" if people.sum() else "Not known: no person has this label"
    tidy(axis, title, f"% {of}", "% of people")


def parts(counted: Statistics) -> Figure:
    """Draw how many pixels each part has, and how many people show it."""
    figure, (left, right) = row(2, 5.6, sharey=True)
    pixels = 100 * counted.part_pixels[1:] / max(int(counted.part_pixels.sum()), 1)
    people = 100 * counted.part_people[1:] / max(counted.dense, 1)
    order = np.argsort(pixels, kind="stable")
    names = [plain(charts.PART_NAMES[p + 1]) for p in order]
    ranked_bars(left, pixels[order], names, "{:.1f}")
    tidy(
        left, f"{names[-1].capitalize()} has most pixels, {names[0]} fewest", "% of the pixels on people", "", grid="x"
    )
    ranked_bars(right, people[order], names, "{:.0f}")
    title = f"A person shows {counted.part_people.sum() / max(counted.dense, 1):.1f} of the 24 parts"
    tidy(right, title, "% of people that show the part", "", grid="x")
    return figure


def chart_coverage(counted: Statistics) -> Figure:
    """Draw how often each cell of the 24 charts is seen, u to the right, v up; cells never seen stay white."""
    figure = Figure(figsize=(WIDTH, 8.9), layout="constrained")
    axes = figure.subplots(4, 6).ravel()
    top = max(int(counted.chart_cells.max()), 2)
    for index, axis in enumerate(axes):
        cells = np.ma.masked_equal(counted.chart_cells[index], 0)
        norm = LogNorm(1, top)
        shown = axis.imshow(
            cells, origin="lower", cmap=DENSITY, norm=norm, extent=(0, 1, 0, 1), interpolation="nearest"
        )
        seen = 100 * np.mean(counted.chart_cells[index] > 0)
        axis.set_title(f"{index + 1}  {plain(charts.PART_NAMES[index + 1])}\n{seen:.0f} % of cells seen", fontsize=8.5)
        axis.set(xticks=[], yticks=[])
        frame(axis, True)
    axes[-6].set(xticks=[0, 1], yticks=[0, 1], xlabel="u", ylabel="v")
    bar = figure.colorbar(shown, ax=axes.tolist(), shrink=0.35, pad=0.01, aspect=18)
    bar.set_label("pixels per cell (logarithmic)", fontsize=9, color=FAINT)
    bar.outline.set_visible(False)
    return figure


def normals(counted: Statistics) -> Figure:
    """Draw the normals on the disc of the half sphere that faces the camera, and how far they turn away."""
    figure, (left, right) = row(2, 4.2, (1, 1.5))
    middle = (np.arange(stats.NORMAL_CELLS) + 0.5) / stats.NORMAL_CELLS * 2 - 1
    outside = np.hypot(middle[:, None], middle[None]) > 1
    draw_density(left, np.ma.masked_where(outside & (counted.normal_cells == 0), counted.normal_cells), (-1, 1, 1, -1))
    turn = np.linspace(0, 2 * np.pi, 200)
    for degrees in (30, 60, 90):
        radius = np.sqrt(2) * np.sin(np.radians(degrees) / 2)
        left.plot(radius * np.cos(turn), radius * np.sin(turn), color=INK, linewidth=0.6, alpha=0.5)
        left.text(0, -radius + 0.02, f"{degrees}°", fontsize=8, ha="center", va="top", color=INK)
    left.set_axis_off()
    left.set_title("Normals by direction, middle towards the camera", fontsize=10, color=INK, loc="left", pad=8)
    _draw_tilts(right, counted)
    return figure


def _draw_tilts(axis: Axes, counted: Statistics) -> None:
    edges = np.linspace(0, 90, stats.TILT_BINS + 1)
    middle, every = (edges[1:] + edges[:-1]) / 2, max(int(counted.tilts.sum()) + counted.normals_away, 1)
    axis.bar(middle, 100 * counted.tilts / every, width=4.4, color=BLUE, label="this data set")
    sphere = np.diff(np.sin(np.radians(edges)) ** 2)
    axis.plot(middle, 100 * sphere, color=ORANGE, linewidth=1.6, label="a sphere seen from far")
    axis.legend(frameon=False, fontsize=9)
    within = 100 * counted.tilts[: stats.TILT_BINS // 2].sum() / every
    title = (
        f"{within:.0f} % of the pixels face the camera within 45°; {100 * counted.normals_away / every:.2f} % look away"
    )
    tidy(axis, title, "degrees between the normal and the viewing axis", "% of pixels")


def figures(counted: Statistics) -> Figure:
    """Draw how many people each figure became; of many figures, how many became how many."""
    ranked = sorted(counted.figures.items(), key=lambda item: (item[1], item[0]))
    title = f"{len(ranked)} figures, {ranked[0][1]} to {ranked[-1][1]} people each"
    if len(ranked) > ROWS:
        drawn, (axis,) = row(1, 3.1)
        figures_with = np.bincount([number for _, number in ranked])
        axis.bar(np.arange(1, len(figures_with)), figures_with[1:], color=BLUE, width=0.8)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        tidy(axis, title, "people that a figure became", "figures")
        return drawn
    drawn, (axis,) = row(1, 0.9 + 0.22 * max(len(ranked), 4))
    ranked_bars(axis, np.array([number for _, number in ranked]), [name for name, _ in ranked], "{:.0f}")
    tidy(axis, title, "people", "", grid="x")
    return drawn


def row(number: int, height: float, widths: Sequence[float] | None = None, sharey: bool = False) -> tuple:
    """Return a figure and the axes of one row."""
    figure = Figure(figsize=(WIDTH, height))
    figure.set_layout_engine("constrained", wspace=0.05)
    axes = figure.subplots(1, number, width_ratios=widths, sharey=sharey, squeeze=False)[0]
    return figure, tuple(axes)


def tidy(axis: Axes, title: str, xlabel: str, ylabel: str, grid: str = "y") -> None:
    """Give a chart its title and labels, and lines across the axis `grid`."""
    axis.set_title(title, fontsize=10, color=INK, loc="left", pad=8)
    axis.set_xlabel(xlabel, fontsize=9, color=FAINT)
    axis.set_ylabel(ylabel, fontsize=9, color=FAINT)
    axis.tick_params(labelsize=8.5, colors=INK, length=0)
    if not axis.images:
        axis.grid(axis="x" if grid == "x" else "y", color=RULE, linewidth=0.8)
        axis.set_axisbelow(True)
    frame(axis, False)


def frame(axis: Axes, shown: bool) -> None:
    """Draw a faint frame around a chart, or none."""
    for spine in axis.spines.values():
        spine.set_visible(shown)
        spine.set_color(RULE)


def bars(axis: Axes, values: np.ndarray, names: Sequence[str]) -> None:
    """Draw upright bars with their numbers on them."""
    drawn = axis.bar(names, values, color=BLUE, width=0.7)
    axis.bar_label(drawn, [f"{value:.0f}" for value in values], fontsize=8.5, color=INK, padding=2)


def ranked_bars(axis: Axes, values: np.ndarray, names: Sequence[str], form: str) -> None:
    """Draw lying bars, one for each name, with their numbers at their ends."""
    drawn = axis.barh(names, values, color=BLUE, height=0.72)
    axis.bar_label(drawn, [form.format(value) for value in values], fontsize=8, color=INK, padding=3)
    axis.margins(x=0.08, y=0.01)


def draw_density(axis: Axes, cells: np.ndarray, extent: tuple[float, float, float, float]) -> None:
    """Draw counts `[H, W]`, rows from the top, as shades."""
    axis.imshow(cells, cmap=DENSITY, vmin=0, extent=extent, interpolation="nearest", aspect="equal")


def plain(name: str) -> str:
    """Return the name of a part or keypoint as words."""
    return name.replace("_", " ")
