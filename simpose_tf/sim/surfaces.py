"""Ground, walls and props on the graphics card: flat-sided meshes with tiles on them."""

from dataclasses import dataclass, field

import moderngl
import numpy as np
from scipy import sparse

from simpose_tf import geometry
from simpose_tf.colors import linear_from_srgb
from simpose_tf.sim import gl, textures
from simpose_tf.sim.frame import eye
from simpose_tf.sim.kept import Kept
from simpose_tf.sim.props import prop_mesh
from simpose_tf.sim.scene import Prop, Scene, Surface, Wall

_TILES = 96  # kept at most: all of a split
_ANISOTROPY = 4.0  # of grounds and walls, which are seen at a slant and drawn once a pixel
_GROUND_HALF_SIZE = 100.0  # metres
_FADE = (25.0, 70.0)  # metres from the camera: where the ground fades into the panorama
_WALL_THICKNESS = 0.15  # metres
_CREASE = 0.7  # cosine of the angle from which an edge is sharp


@dataclass
class Shape:
    """A mesh for one picture.

    Attributes:
      points: `[N, 3]` its corners in the world, three to a triangle.
      buffer: rows of position, normal, tile coordinates.
      surface: what it is made of.
      kind: `ground`, `wall` or `prop`.
      moved: metres by which it is moved when it casts its shadow, world.
      arrays: to be released.
    """

    points: np.ndarray
    buffer: moderngl.Buffer
    surface: Surface
    kind: str
    moved: tuple[float, float, float] = (0.0, 0.0, 0.0)
    arrays: list[moderngl.VertexArray] = field(default_factory=list)

    def draw(self, program: moderngl.Program) -> None:
        """Draw the mesh with a program whose uniforms are set."""
        content = gl.attributes(program, self.buffer, position=3, normal=3, tile_uv=2)
        array = gl.context().vertex_array(program, [content])
        self.arrays.append(array)
        array.render()

    def draw_shape(self, vertex_shader: str, fragment_shader: str, cull: bool = False, **uniforms: object) -> None:
        """Draw the mesh without colour; walls have two sides, so nothing is culled whatever `cull` says."""
        gl.context().disable(moderngl.CULL_FACE)
        program = gl.program(vertex_shader, fragment_shader)
        gl.set_uniforms(program, moved=self.moved, **uniforms)
        self.draw(program)

    def release(self) -> None:
        """Give the card's memory back."""
        for array in self.arrays:
            array.release()
        self.buffer.release()


@dataclass(frozen=True)
class _Tile:
    """A tile on the card, and its mean colour, linear RGB."""

    texture: moderngl.Texture
    mean_color: tuple[float, float, float]


class SurfaceBuffers:
    """The tiles that were uploaded, the latest used ones."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._tiles: Kept[_Tile] = Kept(_TILES, lambda tile: tile.texture.release())

    def draw_color(self, shape: Shape, scenery: bool) -> None:
        """Draw a mesh's colour: linear for the scenery, else as figures are drawn."""
        surface = shape.surface
        tile = self._tiles.get((surface.kind, surface.seed), lambda: _upload(surface))
        program = gl.program("surface.vert", "surface.frag", SCENERY=int(scenery), GROUND=int(shape.kind == "ground"))
        tint = np.asarray(surface.tint, float)
        gl.set_uniforms(
            program,
            tint_roughness=(*(tint**2.2), surface.roughness),
            metallic=surface.metallic,
            mean_color=tile.mean_color,
            fade=_FADE,
        )
        tile.texture.anisotropy = _ANISOTROPY if scenery else 1.0
        tile.texture.use(gl.TILE_UNIT)
        shape.draw(program)


def _upload(surface: Surface) -> _Tile:
    pixels = textures.tile(surface.kind, surface.seed)
    rgba = np.concatenate([pixels, np.full_like(pixels[..., :1], 255)], -1)
    made = gl.context().texture((textures.SIZE, textures.SIZE), 4, rgba.tobytes(), internal_format=gl.SRGB8_ALPHA8)
    made.build_mipmaps()
    made.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
    red, green, blue = (float(mean) for mean in linear_from_srgb(pixels / np.float32(255)).mean((0, 1)))
    return _Tile(made, (red, green, blue))


def scenery_of(scene: Scene) -> list[Shape]:
    """Return the scene's walls and ground, uploaded."""
    shapes = [_wall(wall, eye(scene.camera), scene.light.to_sun) for wall in scene.background.walls]
    if scene.background.ground is not None:
        shapes.append(_ground(scene.background.ground))
    return shapes


def props_of(scene: Scene) -> list[Shape]:
    """Return the scene's props, uploaded."""
    return [_prop(prop) for prop in scene.props]


def _shape(points: np.ndarray, normals: np.ndarray, uv: np.ndarray, surface: Surface, kind: str) -> Shape:
    rows = np.concatenate([points, normals, uv], 1, dtype=np.float32)
    return Shape(rows[:, :3], gl.context().buffer(rows.tobytes()), surface, kind)


_QUAD = np.array([[0, 0], [1, 0], [1, 1], [0, 0], [1, 1], [0, 1]], float)


def _ground(surface: Surface) -> Shape:
    at = (2 * _QUAD - 1) * _GROUND_HALF_SIZE
    points = np.stack([at[:, 0], np.zeros(6), -at[:, 1]], 1)
    return _shape(points, np.tile([0.0, 1, 0], (6, 1)), at / surface.metres, surface, "ground")


def _wall(wall: Wall, seen_from: np.ndarray, to_sun: np.ndarray) -> Shape:
    """Return a wall; where its dark side is seen it casts from behind itself, or light leaks into its corners."""
    along, up = wall.end - wall.start, np.array([0.0, wall.height, 0])
    points = wall.start + _QUAD[:, :1] * along + _QUAD[:, 1:] * up
    length = np.linalg.norm(along)
    normal = np.cross(along / length, [0.0, 1, 0])
    uv = _QUAD * [length, wall.height] / wall.surface.metres
    shape = _shape(points, np.tile(normal, (6, 1)), uv, wall.surface, "wall")
    to_camera = np.sign((seen_from - wall.start) @ normal) * normal
    if to_camera @ to_sun < 0:
        x, y, z = -_WALL_THICKNESS * to_camera
        shape.moved = (float(x), float(y), float(z))
    return shape


def _prop(prop: Prop) -> Shape:
    vertices, faces = prop_mesh(prop)
    normals = creased_normals(vertices, faces)
    corners = vertices[faces.reshape(-1)]
    world = geometry.transform_points(prop.world_from_prop, corners)
    turned = normals @ prop.world_from_prop[:3, :3].T
    return _shape(world, turned, _box_uv(corners, faces, vertices) / prop.surface.metres, prop.surface, "prop")


def creased_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return a normal for each corner `[3 F, 3]`: smooth over round sides, flat at sharp edges."""
    a, b, c = (vertices[faces[:, k]].astype(float) for k in range(3))
    areas = np.cross(b - a, c - a)
    flat = areas / np.maximum(np.linalg.norm(areas, axis=1, keepdims=True), 1e-12)
    count = len(faces)
    table = (np.ones(3 * count), (np.repeat(np.arange(count), 3), faces.reshape(-1)))
    meeting = sparse.csr_matrix(table, (count, len(vertices))).T.tocsr()[faces.reshape(-1)].tocoo()
    smooth = (flat[meeting.row // 3] * flat[meeting.col]).sum(1) > _CREASE
    weights = sparse.csr_matrix((smooth.astype(float), (meeting.row, meeting.col)), (3 * count, count))
    total = weights @ areas
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)


def _box_uv(corners: np.ndarray, faces: np.ndarray, vertices: np.ndarray) -> np.ndarray:
    """Return metres along the two axes `[3 F, 2]` that each face does not look along."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    axis = np.repeat(np.abs(np.cross(b - a, c - a)).argmax(1), 3)
    u = np.where(axis == 0, corners[:, 2], corners[:, 0])
    v = np.where(axis == 1, corners[:, 2], corners[:, 1])
    return np.stack([u, v], 1)
