"""Draw the people who may appear: at rest in a row each, or a contact sheet of poses.

    python -m tfrecord_tools.lineup --output=people.png --views=front,side,back,parts
    python -m tfrecord_tools.lineup --output=poses.png --poses=64 --families=walk,run

The light is the same for everybody; ranges and chance play no part.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from absl import flags
from PIL import Image

from simpose_tf import app, files, geometry
from simpose_tf.errors import InputError
from simpose_tf.figures.cast import SOURCES, Cast, CastConfig
from simpose_tf.figures.figure import Figure
from simpose_tf.figures.motion import bank as motion
from simpose_tf.figures.motion.bank import PoseBank
from simpose_tf.figures.pose import ground, pose_vertices
from simpose_tf.sim.environment import Environment, environment_of
from simpose_tf.sim.renderer import RenderConfig, Renderer, Rendering
from simpose_tf.sim.scene import Background, Camera, Light, PlacedPerson, Scene, Surface
from simpose_tf.splits import SPLITS
from simpose_tf.visualize import parts
from simpose_tf.visualize.sheets import grid_sheet
from tfrecord_tools.people_flags import cast_of, define_people_flags

# Turn about the vertical in degrees: the front looks at us, the side shows the person's left.
VIEWS = {"front": 0.0, "slant": -35.0, "side": -90.0, "back": 180.0, "parts": 0.0}
_QUALITY = RenderConfig(supersample=3, shadow_map_size=1024, num_cascades=1)
_FIELD_OF_VIEW_DEG = 20.0  # little perspective
_ROOM = (2.05, 1.4)  # metres that a cell shows, height and width; more for those who need it
_CLOSE = 0.6  # for poses, so that who sits or is small is seen well
_ASPECT = 1.5  # height / width of a cell
_TO_SUN = np.array([-0.45, 0.7, 0.55])
_WALL_TEXELS = (16, 32, 3)


@dataclass(frozen=True)
class Posed:
    """A person to draw.

    Attributes:
      figure: name.
      rotations: `[J, 3, 3]` of the bones.
      view: one of `VIEWS`.
      caption: the line below.
      closest: the camera comes so close, 1 for the distance where grown-up people at rest fill a cell.
    """

    figure: str
    rotations: np.ndarray
    view: str
    caption: str
    closest: float = 1.0


def define_flags() -> None:
    """Define this main's flags."""
    flags.DEFINE_string("output", None, "The sheet to write, a .png file.")
    flags.DEFINE_list("names", ["all"], "Names of people, or all of the split.")
    flags.DEFINE_enum("split", "train", SPLITS, "Whose figures and poses.")
    flags.DEFINE_enum("source", "figures", SOURCES, "Where people come from.")
    flags.DEFINE_integer("num_bodies", 24, "Bodies of the source body.", lower_bound=1)
    flags.DEFINE_list("views", None, f"Of {', '.join(VIEWS)}; by default front, side, back, and slant for poses.")
    flags.DEFINE_integer("poses", 0, "Draw so many poses instead of people at rest, equally many of each family.", 0)
    flags.DEFINE_list("families", [], "Only these families of poses.")
    flags.DEFINE_integer("seed", 0, "Which poses of a family.", lower_bound=0)
    flags.DEFINE_integer("cell_height", 420, "Height of a person's picture in pixels.", 60, 2000)
    flags.DEFINE_integer("columns", None, "Pictures in a row; by default the views of one figure, or 8.", lower_bound=1)
    flags.DEFINE_string("motion", "", "Folder of motion clips (.bvh, .glb): draw their poses.")
    define_people_flags()


def main() -> None:
    """Do what the flags say."""
    options = flags.FLAGS
    if not options.output or not options.output.lower().endswith(".png"):
        raise InputError(f"--output: name a .png file, not {options.output!r}")
    files.output_file(options.output, "--output")
    cast = cast_of(options, CastConfig(options.source, options.num_bodies))
    names = chosen_names(cast.names(), options.names)
    if options.poses:
        bank = motion.user_motion(options.motion, options.split) if options.motion else motion.pose_bank(options.split)
        chosen = spread_poses(bank, options.poses, options.families, options.seed)
        people = _in_poses(cast, names, bank, chosen, _views(options.views or ["slant"]))
        columns = options.columns or 8
    else:
        views = _views(options.views or ["front", "side", "back"])
        people, columns = _at_rest(cast, names, views), options.columns or len(views)
    _write(cast, people, columns, options)


def chosen_names(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Return the figures asked for; `all` stands for every one. Raises InputError for a name that is not there."""
    if list(wanted) == ["all"]:
        return list(names)
    for name in wanted:
        if name not in names:
            raise InputError(f"--names: no {name!r} in this split; there are {', '.join(names)}")
    return list(wanted)


def _views(wanted: Sequence[str]) -> list[str]:
    for view in wanted:
        if view not in VIEWS:
            raise InputError(f"--views: no {view!r}; there are {', '.join(VIEWS)}")
    return list(wanted)


def spread_poses(bank: PoseBank, number: int, families: Sequence[str], seed: int) -> list[int]:
    """Return indices of distinct poses in the families' order, as equally many of each as there are.

    Raises InputError for a family that the bank lacks.
    """
    there = sorted(set(bank.families))
    for family in families:
        if family not in there:
            raise InputError(f"--families: no {family!r}; there are {', '.join(there)}")
    rng = np.random.default_rng(seed)
    of_family = np.array(bank.families)
    queues = [rng.permutation(np.flatnonzero(of_family == family)).tolist() for family in families or there]
    turns = [(turn, queue) for turn in range(max(map(len, queues))) for queue in range(len(queues))]
    taken = [(queue, queues[queue][turn]) for turn, queue in turns if turn < len(queues[queue])]
    return [index for _, index in sorted(taken[:number])]


def _at_rest(cast: Cast, names: Sequence[str], views: Sequence[str]) -> list[Posed]:
    people = []
    for name in names:
        rest = np.broadcast_to(np.eye(3), (len(cast.load(name).skeleton.names), 3, 3))
        people += [Posed(name, rest, view, f"{name}, {view}") for view in views]
    return people


def _in_poses(
    cast: Cast, names: Sequence[str], bank: PoseBank, chosen: Sequence[int], views: Sequence[str]
) -> list[Posed]:
    people = []
    for turn, index in enumerate(chosen):
        name = names[turn % len(names)]
        rotations = motion.pose_rotations(bank, index, cast.load(name).skeleton)
        people += [Posed(name, rotations, view, f"{bank.names[index]} ({name})", _CLOSE) for view in views]
    return people


def _write(cast: Cast, people: Sequence[Posed], columns: int, options: flags.FlagValues) -> None:
    """Draw everybody and write the sheet."""
    height, width = options.cell_height, round(options.cell_height / _ASPECT)
    renderer, pictures = Renderer(height, width, _QUALITY), []
    for done, (person, figure) in enumerate(_loaded(cast, people), 1):
        pictures.append(draw(renderer, person, figure))
        if done % 24 == 0 or done == len(people):
            app.say(f"{done}/{len(people)} drawn")
    sheet = grid_sheet(pictures, [person.caption for person in people], columns)
    with files.atomic_path(options.output) as temporary:
        Image.fromarray(sheet).save(temporary)
    app.say(options.output)


def _loaded(cast: Cast, people: Sequence[Posed]) -> Iterator[tuple[Posed, Figure]]:
    for person in people:
        yield person, cast.load(person.figure)


def draw(renderer: Renderer, person: Posed, figure: Figure) -> np.ndarray:
    """Draw one person on the ground in the middle of a picture: uint8 `[H,W,3]` sRGB."""
    vertices = ground(pose_vertices(figure, person.rotations), figure.faces)
    used = vertices[np.unique(figure.faces)]
    turn = geometry.rotation_about(np.array([0.0, 1.0, 0.0]), np.radians(VIEWS[person.view]))
    turned = used @ turn.T
    low, high = turned.min(0), turned.max(0)
    place = np.eye(4)
    place[:3, :3] = turn
    place[:3, 3] = [-(low[0] + high[0]) / 2, 0, -(low[2] + high[2]) / 2]
    room = max(person.closest, 1.06 * high[1] / _ROOM[0], 1.06 * (high[0] - low[0]) / _ROOM[1])
    camera = _camera(renderer.height, renderer.width, room * _ROOM[0], (high[2] - low[2]) / 2)
    placed = PlacedPerson(person.figure, person.rotations, place, 0.0)
    posed = geometry.transform_points(place, vertices).astype(np.float32)
    rendering = renderer.render(_scene(placed, camera), {person.figure: figure}, [posed])
    return _with_parts(rendering) if person.view == "parts" else rendering.color


def _camera(height: int, width: int, room: float, depth: float) -> Camera:
    """Return a camera that sees `room` metres of height at the front of a person `depth` metres before the origin."""
    middle = 0.47 * room
    distance = room / 2 / np.tan(np.radians(_FIELD_OF_VIEW_DEG) / 2) + depth
    view = geometry.look_at(np.array([0, middle + 0.35, distance]), np.array([0, middle, 0.0]))
    return Camera(geometry.intrinsics(height, width, _FIELD_OF_VIEW_DEG), view, height, width)


def _scene(person: PlacedPerson, camera: Camera) -> Scene:
    around = _studio()
    light = Light(around.to_sun, around.sun_color, around.irradiance)
    floor = Surface("concrete", 0, np.array([1.5, 1.5, 1.52]), 4.0)
    return Scene((person,), camera, light, Background(around.panorama, ground=floor))


def _studio() -> Environment:
    """Return even light from all around and a sun from the upper left in front."""
    panorama = np.full(_WALL_TEXELS, 0.55, np.float32)
    return environment_of(panorama, _TO_SUN / np.linalg.norm(_TO_SUN), np.full(3, 0.55))


def _with_parts(rendering: Rendering) -> np.ndarray:
    return parts.blend(rendering.color, parts.color_parts(rendering.part), rendering.part, 0.75)


if __name__ == "__main__":
    define_flags()
    app.run(main)
