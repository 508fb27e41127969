"""Charts of the poses in a data set: families, and where keypoints lie around the hips."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simpose_tf import keypoints
from simpose_tf.visualize import statistics as stats
from simpose_tf.visualize.statistics import Cloud, Statistics
from simpose_tf.visualize.statistics_charts import FAINT, INK, ROWS, WIDTH, ranked_bars, row, tidy

_SIDES = {"left": "#e07b00", "right": "#1f6fd6"}  # as `skeletons` colours the person's sides
_FAMILIES = 12  # families of poses drawn one by one
_SHOWN = (1.45, 2.3)  # half of the drawn width and height, in a person's size


def families(counted: Statistics) -> Figure:
    """Draw how many people and how many distinct poses each family has."""
    people: dict[str, int] = {}
    distinct: dict[str, int] = {}
    for pose, number in counted.poses.items():
        family = stats.family_of(pose)
        people[family] = people.get(family, 0) + number
        distinct[family] = distinct.get(family, 0) + 1
    names = sorted(people, key=lambda name: (people[name], name))[-ROWS:]
    figure, (left, right) = row(2, 0.9 + 0.24 * max(len(names), 4), sharey=True)
    ranked_bars(left, np.array([people[n] for n in names]), names, "{:.0f}")
    tidy(left, f"{names[-1].capitalize()} is the most frequent of {len(people)} families", "people", "", grid="x")
    ranked_bars(right, np.array([distinct[n] for n in names]), names, "{:.0f}")
    title = f"{len(counted.poses)} distinct poses on {sum(people.values())} people"
    tidy(right, title, "distinct poses", "", grid="x")
    return figure


def clouds(counted: Statistics) -> Figure:
    """Draw where keypoints lie around the hips: their density, and each family's mean skeleton with its spread."""
    ranked = sorted(counted.clouds, key=lambda f: (-int(counted.clouds[f].count.max()), f))
    names = [name for name in ranked if name][:_FAMILIES]
    rows = 2 if len(names) > 3 else 1
    columns = 2 * rows + max(-(-len(names) // rows), 4)
    figure = Figure(figsize=(WIDTH, 5.4 if rows == 2 else 4.2), layout="constrained")
    grid = figure.add_gridspec(rows, columns)
    _draw_cloud(figure.add_subplot(grid[:, : 2 * rows]), counted)
    for index, name in enumerate(names):
        axis = figure.add_subplot(grid[index % rows, 2 * rows + index // rows])
        cloud = counted.clouds[name]
        draw_mean_skeleton(axis, cloud)
        axis.set_title(f"{name}, {int(cloud.count.max())}", fontsize=9, color=INK)
    return figure


def _draw_cloud(axis: Axes, counted: Statistics) -> None:
    """Draw the density of the keypoints in the colour of their side, and the mean skeleton of all."""
    picture = np.ones((stats.CLOUD_CELLS, stats.CLOUD_CELLS, 3))
    for side, color in (("left", _SIDES["left"]), ("right", _SIDES["right"]), ("", FAINT)):
        of_side = [k for k, name in enumerate(keypoints.NAMES) if name.startswith(side or "nose")]
        cells = counted.cloud_cells[of_side].sum(0).astype(float)
        strength = np.sqrt(cells / max(np.percentile(cells[cells > 0], 98), 1.0)) if cells.any() else cells
        ink = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        picture *= 1 - np.clip(strength, 0, 1)[..., None] * 0.8 * (1 - ink)
    reach = stats.CLOUD_REACH
    axis.imshow(picture, extent=(-reach, reach, reach, -reach), interpolation="nearest")
    whole = stats.total_cloud(counted)
    draw_mean_skeleton(axis, whole, spread=False)
    people = int(whole.count.max())
    title = f"{people} people, {100 * counted.facing / people:.0f} % of them facing us; mean skeleton"
    axis.set_title(title, fontsize=10, color=INK, loc="left")


def draw_mean_skeleton(axis: Axes, cloud: Cloud, spread: bool = True) -> None:
    """Draw a mean skeleton; `spread`: and ellipses of one standard deviation of elbows, wrists, knees, ankles."""
    mean, covariance = cloud.mean(), cloud.covariance()
    turn = np.linspace(0, 2 * np.pi, 40)
    circle = np.stack([np.cos(turn), np.sin(turn)])
    for k in (7, 8, 9, 10, 13, 14, 15, 16) if spread else ():
        values, vectors = np.linalg.eigh(np.nan_to_num(covariance[k]))
        x, y = mean[k][:, None] + vectors @ (np.sqrt(np.maximum(values, 0))[:, None] * circle)
        axis.fill(x, y, color=_side(k), alpha=0.16, linewidth=0)
    for a, b in keypoints.SKELETON:
        color = _side(a) if _side(a) == _side(b) else INK
        axis.plot(*np.stack([mean[a], mean[b]]).T, color=color, linewidth=1.8, solid_capstyle="round")
    axis.set(xlim=(-_SHOWN[0], _SHOWN[0]), ylim=(_SHOWN[1], -_SHOWN[1]), aspect="equal")
    axis.set_axis_off()


def _side(k: int) -> str:
    return _SIDES.get(keypoints.NAMES[k].split("_")[0], INK)
