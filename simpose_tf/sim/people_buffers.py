"""People on the graphics card: what stays the same of a figure is uploaded once, what a pose moves once per picture."""

import colorsys
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import moderngl
import numpy as np
from scipy import sparse

from simpose_tf.figures.figure import PATTERNS, Figure, Material
from simpose_tf.sim import gl
from simpose_tf.sim.cloth import cloth_places
from simpose_tf.sim.kept import Kept

_TOPOLOGIES, _FIGURES, _TEXTURES = 48, 128, 24  # kept at most; bodies of continuous shape never end
_CLOUD_PERIOD = 0.07  # metres


@dataclass(frozen=True)
class Topology:
    """What figures with the same faces, charts and materials share.

    Attributes:
      vertex: `[N]` vertex of each drawn corner; corners are one where charts and textures agree.
      charts: rows of u, v, part, texture u, texture v.
      index: triangles, sorted by material.
      ranges: for each material in use: its number, first index, count of indices.
      faces: `[F, 3]`.
      corners: `[V, F]` sparse: which faces meet at a vertex.
    """

    vertex: np.ndarray
    charts: moderngl.Buffer
    index: moderngl.Buffer
    ranges: tuple[tuple[int, int, int], ...]
    faces: np.ndarray
    corners: sparse.csr_matrix

    def release(self) -> None:
        """Give the card's memory back: moderngl does not do it by itself."""
        self.charts.release()
        self.index.release()


@dataclass
class Drawable:
    """One person, uploaded for one picture."""

    topology: Topology
    looks: moderngl.Buffer
    posed: moderngl.Buffer
    textures: moderngl.TextureArray | None
    materials: tuple[Material, ...]
    hue_shift: float
    arrays: list[moderngl.VertexArray] = field(default_factory=list)

    def array(self, program: moderngl.Program) -> moderngl.VertexArray:
        """Bind the person to a program."""
        content = [
            gl.attributes(program, self.posed, position=3, normal=3),
            gl.attributes(program, self.topology.charts, uv=2, part=1, texture_uv=2),
            gl.attributes(program, self.looks, rest=3, shade=3, cloth=2),
        ]
        made = gl.context().vertex_array(program, [c for c in content if c], self.topology.index)
        self.arrays.append(made)
        return made

    def draw_shape(self, vertex_shader: str, fragment_shader: str, cull: bool = False, **uniforms: object) -> None:
        """Draw the person without colour: all that has no holes in one call, hair cards and the like one by one.

        `cull` leaves out faces that look away; never those of hair cards, which have two sides.
        """
        ctx = gl.context()
        ctx.disable(moderngl.CULL_FACE)
        solid: list[tuple[int, int]] = []
        for number, first, count in self.topology.ranges:
            if self.materials[number].cutout and self.textures is not None:
                program = gl.program(vertex_shader, fragment_shader, CUTOUT=1)
                gl.set_uniforms(program, layer=float(self.materials[number].texture), **uniforms)
                self._render(program, first, count)
            elif solid and solid[-1][0] + solid[-1][1] == first:
                solid[-1] = (solid[-1][0], solid[-1][1] + count)
            else:
                solid.append((first, count))
        program = gl.program(vertex_shader, fragment_shader)
        gl.set_uniforms(program, moved=(0.0, 0.0, 0.0), **uniforms)
        if cull:
            ctx.enable(moderngl.CULL_FACE)
        for first, count in solid:
            self._render(program, first, count)

    def draw_color(self) -> None:
        """Draw the person's materials one after the other."""
        for number, first, count in self.topology.ranges:
            material = self.materials[number]
            textured = int(material.texture >= 0 and self.textures is not None)
            cutout, pattern = int(material.cutout) * textured, PATTERNS.index(material.pattern)
            program = gl.program("figure.vert", "figure.frag", PATTERN=pattern, TEXTURED=textured, CUTOUT=cutout)
            shift = self.hue_shift if material.jitter_hue else 0.0
            flat = 0.0 if textured else shift  # with a texture the shader turns the product
            gl.set_uniforms(
                program,
                color_roughness=(*turn_hue(material.color, flat), material.roughness),
                pattern_color_scale=(*turn_hue(material.pattern_color, flat), material.pattern_scale),
                metallic=material.metallic,
                layer=float(material.texture),
                hue_shift=shift,
            )
            self._render(program, first, count)

    def _render(self, program: moderngl.Program, first: int, count: int) -> None:
        if self.textures is not None:
            self.textures.use(gl.TEXTURES_UNIT)
        known = next((a for a in self.arrays if a.program == program), None)
        (known or self.array(program)).render(vertices=count, first=first)

    def release(self) -> None:
        """Give back what belongs to this picture only."""
        for array in self.arrays:
            array.release()
        self.posed.release()


def turn_hue(color: tuple[float, float, float], shift: float) -> tuple[float, float, float]:
    """Turn the hue of an sRGB colour by `shift` of the circle (SimPose sec. 5.1: clothes' hue is augmented)."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*color)
    return colorsys.hls_to_rgb((hue + shift) % 1.0, lightness, saturation)


class PeopleBuffers:
    """The figures that were uploaded, the latest used ones."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._digests: Kept[tuple[list[np.ndarray], bytes]] = Kept(_TOPOLOGIES, lambda pair: None)
        self._topologies: Kept[Topology] = Kept(_TOPOLOGIES, Topology.release)
        self._looks: Kept[tuple[np.ndarray, moderngl.Buffer]] = Kept(_FIGURES, lambda pair: pair[1].release())
        self._textures: Kept[tuple[np.ndarray, moderngl.TextureArray]] = Kept(_TEXTURES, lambda pair: pair[1].release())

    def upload(self, figure: Figure, vertices: np.ndarray, hue_shift: float) -> Drawable:
        """Upload a posed person: `vertices` `[V, 3]` float32, world."""
        shared = self._topologies.get(self._digest(figure), lambda: _topology(figure))
        looks = self._looks.get((figure.name, id(figure.vertices)), lambda: (figure.vertices, _looks(figure, shared)))
        posed = np.empty((len(shared.vertex), 6), np.float32)
        posed[:, :3] = vertices[shared.vertex]
        posed[:, 3:] = corner_normals(vertices, shared)
        textures = None
        if len(figure.textures):
            make = lambda: (figure.textures, _texture_array(figure.textures))  # noqa: E731
            textures = self._textures.get(id(figure.textures), make)[1]
        return Drawable(shared, looks[1], gl.context().buffer(posed), textures, figure.materials, hue_shift)

    def _digest(self, figure: Figure) -> bytes:
        """Return a hash of what `Topology` depends on: bodies of other shape have other names, but the same faces."""
        tables = (figure.faces, figure.part, figure.uv, figure.material, figure.texture_uv)
        arrays = [values for values in tables if values is not None]
        # The arrays are kept with their hash, so that no others can take their ids.
        return self._digests.get(tuple(map(id, arrays)), lambda: (arrays, _hash(arrays)))[1]


def _hash(arrays: list[np.ndarray]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for values in arrays:
        digest.update(np.ascontiguousarray(values).data)
    return digest.digest()


def _topology(figure: Figure) -> Topology:
    """Split vertices only where charts, textures or materials differ; sort the faces by material."""
    order = np.argsort(figure.material, kind="stable")
    faces = figure.faces[order]
    flat_uv = np.zeros_like(figure.uv) if figure.texture_uv is None else figure.texture_uv
    corner_vertex = faces.reshape(-1)
    charts = np.concatenate(
        [
            figure.uv[order].reshape(-1, 2),
            np.repeat(figure.part[order], 3)[:, None],
            flat_uv[order].reshape(-1, 2),
        ],
        1,
        dtype=np.float32,
    )
    keys = np.concatenate([corner_vertex[:, None].astype(np.int32), charts.view(np.int32)], 1)
    rows = np.ascontiguousarray(keys).view(np.dtype((np.void, keys.itemsize * keys.shape[1]))).reshape(-1)
    _, first, index = np.unique(rows, return_index=True, return_inverse=True)
    numbers, starts, counts = np.unique(figure.material[order], return_index=True, return_counts=True)
    ranges = tuple((int(n), 3 * int(s), 3 * int(c)) for n, s, c in zip(numbers, starts, counts, strict=True))
    ends = np.arange(0, 3 * len(faces) + 1, 3)
    table = (np.ones(3 * len(faces), np.float32), corner_vertex, ends)
    corners = sparse.csr_matrix(table, (len(faces), len(figure.vertices))).T.tocsr()
    index_buffer = gl.context().buffer(index.reshape(-1).astype(np.int32).tobytes())
    return Topology(corner_vertex[first], gl.floats(charts[first]), index_buffer, ranges, faces, corners)


def corner_normals(vertices: np.ndarray, shared: Topology) -> np.ndarray:
    """Return smooth unit normals `[N, 3]` of the drawn corners, area weighted (as `figures.pose.vertex_normals`)."""
    a, b, c = (vertices[shared.faces[:, k]].T for k in range(3))
    (x1, y1, z1), (x2, y2, z2) = b - a, c - a
    areas = np.stack([y1 * z2 - z1 * y2, z1 * x2 - x1 * z2, x1 * y2 - y1 * x2], 1)
    total = (shared.corners @ areas)[shared.vertex]
    return total / np.maximum(np.sqrt(np.einsum("nk,nk->n", total, total)), 1e-20)[:, None]


def _looks(figure: Figure, shared: Topology) -> moderngl.Buffer:
    """Upload rest positions, each vertex's shade under a cloudy brightness (cloth and skin are never flat), its cloth.

    # not in the paper: the clouds.
    """
    cloud = 0.94 + 0.12 * value_noise(figure.vertices / _CLOUD_PERIOD)
    shade = figure.shade * cloud[:, None]
    return gl.floats(np.concatenate([figure.vertices, shade, cloth_places(figure)], 1)[shared.vertex])


def value_noise(points: np.ndarray) -> np.ndarray:
    """Return smooth noise in [0, 1] at points `[N, 3]`: one random value for each whole-numbered point."""
    table = np.random.default_rng(0).random((16, 16, 16)).astype(np.float32)
    cell = np.floor(points).astype(int)
    share = (points - cell).astype(np.float32)
    share = share * share * (3 - 2 * share)
    total = np.zeros(len(points), np.float32)
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod(np.where(corner, share, 1 - share), axis=1)
        total += weight * table[tuple(((cell + corner) % 16).T)]
    return total


def _texture_array(textures: np.ndarray) -> moderngl.TextureArray:
    count, height, width, _ = textures.shape
    made = gl.context().texture_array((width, height, count), 4, np.ascontiguousarray(textures).tobytes())
    made.build_mipmaps()
    made.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
    made.repeat_x = made.repeat_y = True
    return made


def nearest_first(people: Sequence[Drawable], depths: Sequence[float]) -> list[Drawable]:
    """Return people in the order in which they hide each other: hidden fragments are not coloured."""
    return [people[k] for k in np.argsort(depths, kind="stable")]
