"""Draw a scene: colour, and float labels from the same triangles.

Colours are drawn with `supersample`^2 samples a pixel, labels once at pixel centres; both use the same camera, the
same vertices and the same depth test. The renderer decides nothing: all is in the `Scene` and the posed vertices.
"""

import colorsys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import moderngl
import numpy as np

from simpose_tf.figures.figure import Figure, Material
from simpose_tf.figures.pose import vertex_normals
from simpose_tf.sim import gl
from simpose_tf.sim.scene import Camera, Light, Scene

NEAR, FAR = 0.1, 200.0  # metres; clip planes of the camera
_MAX_MATERIALS = 16
_PATTERNS = ("plain", "stripes", "checks", "mottled")
_GROUND_HALF_SIZE = 100.0  # metres


@dataclass(frozen=True)
class RenderConfig:
    """Quality of the colours: samples a pixel along each axis, side of the shadow map in texels."""

    supersample: int
    shadow_map_size: int

    def __post_init__(self) -> None:
        """Raise ValueError for what no driver draws."""
        if not 1 <= self.supersample <= 8 or not 16 <= self.shadow_map_size <= 16384:
            raise ValueError("supersample must be in 1..8 and shadow_map_size in 16..16384")


@dataclass(frozen=True)
class Rendering:
    """A drawn scene.

    Attributes:
      color: `[H, W, 3]` uint8 sRGB.
      person: `[H, W]` int32, 0 nobody, k + 1 the k-th of the scene's people.
      part: `[H, W]` uint8, 0..24.
      u, v: `[H, W]` float32 in [0, 1].
      normal: `[H, W, 3]` float32 unit normals in the camera frame, 0 off people.
      depth: `[H, W]` float32 camera z in metres, infinite off people.
    """

    color: np.ndarray
    person: np.ndarray
    part: np.ndarray
    u: np.ndarray
    v: np.ndarray
    normal: np.ndarray
    depth: np.ndarray


@dataclass(frozen=True)
class _FigureBuffers:
    """What is the same in every picture of a figure; corners are shared where chart and material agree."""

    vertex: np.ndarray  # [N] vertex id of each drawn corner
    static: moderngl.Buffer
    index: moderngl.Buffer


@dataclass(frozen=True)
class _Drawable:
    """One person, uploaded: one vertex array per program."""

    color: moderngl.VertexArray
    label: moderngl.VertexArray
    depth: moderngl.VertexArray
    posed: moderngl.Buffer
    materials: tuple[Material, ...]
    hue_shift: float

    def release(self) -> None:
        """Give the memory back: moderngl does not do it by itself."""
        for item in (self.color, self.label, self.depth, self.posed):
            item.release()


class Renderer:
    """Draws scenes of one picture size. Figures are uploaded once."""

    def __init__(self, height: int, width: int, config: RenderConfig):
        """Allocate the targets for pictures of `height` x `width` pixels."""
        ctx = gl.context()
        self.height, self.width, self._config = height, width, config
        samples = (width * config.supersample, height * config.supersample)
        self._samples = ctx.texture(samples, 4, dtype="f2")
        self._color_target = ctx.framebuffer([self._samples], ctx.depth_renderbuffer(samples))
        self._labels = [ctx.texture((width, height), 4, dtype="f4") for _ in range(2)]
        self._label_target = ctx.framebuffer(self._labels, ctx.depth_renderbuffer((width, height)))
        self._picture_target = ctx.framebuffer([ctx.texture((width, height), 4)])
        shadow_size = (config.shadow_map_size, config.shadow_map_size)
        self._shadow_map = ctx.depth_texture(shadow_size)
        self._shadow_map.compare_func = "<="
        self._shadow_target = ctx.framebuffer(depth_attachment=self._shadow_map)
        self._background = ctx.texture((width, height), 3, alignment=1)
        self._screen = ctx.buffer(np.array([-1, -1, 3, -1, -1, 3], np.float32).tobytes())
        half = _GROUND_HALF_SIZE
        corners = np.array([[-half, 0, half], [half, 0, half], [-half, 0, -half], [half, 0, -half]], np.float32)
        self._ground = ctx.buffer(corners.tobytes())
        self._figures: dict[str, _FigureBuffers] = {}

    def render(self, scene: Scene, figures: Mapping[str, Figure], posed: Sequence[np.ndarray]) -> Rendering:
        """Draw a scene.

        Args:
          scene: what to draw; its camera has the renderer's picture size.
          figures: the scene's figures by name.
          posed: for each person of the scene `[V, 3]` vertices in the world (`stage.posed_people`).
        """
        people = []
        for person, vertices in zip(scene.people, posed, strict=True):
            people.append(self._upload(figures[person.figure], vertices, person.hue_shift))
        try:
            self._draw_color(scene, people, _shadow_from_world(scene.light, posed))
            color = self._resolve(scene)
            return _rendering(color, *self._draw_labels(scene.camera, people))
        finally:
            for drawable in people:
                drawable.release()

    def _upload(self, figure: Figure, vertices: np.ndarray, hue_shift: float) -> _Drawable:
        ctx, shared = gl.context(), self._figure_buffers(figure)
        normals = vertex_normals(vertices, figure.faces)
        posed = np.concatenate([vertices, normals], 1, dtype=np.float32)[shared.vertex]
        buffer = ctx.buffer(posed.tobytes())

        def array(vertex_shader: str, fragment_shader: str) -> moderngl.VertexArray:
            program = gl.program(vertex_shader, fragment_shader)
            content = [
                _attributes(program, buffer, position=3, normal=3),
                _attributes(program, shared.static, rest=3, uv=2, part=1, material=1, shade=3),
            ]
            return ctx.vertex_array(program, [c for c in content if len(c) > 2], shared.index)

        return _Drawable(
            array("figure.vert", "figure.frag"),
            array("figure.vert", "label.frag"),
            array("depth.vert", "depth.frag"),
            buffer,
            figure.materials,
            hue_shift,
        )

    def _figure_buffers(self, figure: Figure) -> _FigureBuffers:
        """Upload a figure once: vertices are split only where chart, uv or material differ."""
        if figure.name not in self._figures:
            corner_vertex = figure.faces.reshape(-1)
            look = np.repeat(np.stack([figure.part, figure.material], 1), 3, axis=0).astype(np.float32)
            uv = figure.uv.reshape(-1, 2).astype(np.float32)
            key = np.concatenate([corner_vertex[:, None].astype(np.float32), look, uv], 1)
            _, first, index = np.unique(key, axis=0, return_index=True, return_inverse=True)
            vertex = corner_vertex[first]
            static = np.concatenate([figure.vertices[vertex], uv[first], look[first], figure.shade[vertex]], 1)
            self._figures[figure.name] = _FigureBuffers(
                vertex,
                gl.context().buffer(static.astype(np.float32).tobytes()),
                gl.context().buffer(index.reshape(-1).astype(np.int32).tobytes()),
            )
        return self._figures[figure.name]

    def _draw_color(self, scene: Scene, people: Sequence[_Drawable], shadow_from_world: np.ndarray) -> None:
        ctx = gl.context()
        ctx.enable(moderngl.DEPTH_TEST)
        ctx.disable(moderngl.CULL_FACE)
        self._shadow_target.clear()
        self._shadow_target.use()
        depth_program = gl.program("depth.vert", "depth.frag")
        gl.set_uniforms(depth_program, clip_from_world=_column_major(_CLIP_FROM_UNIT @ shadow_from_world))
        for person in people:
            person.depth.render()
        self._color_target.clear(0.0, 0.0, 0.0, 0.0)
        self._color_target.use()
        self._shadow_map.use(0)
        figure_program = gl.program("figure.vert", "figure.frag")
        _set_view(figure_program, scene, shadow_from_world)
        for person in people:
            _set_materials(figure_program, person)
            person.color.render()
        if scene.background.ground is not None:
            ground = gl.program("ground.vert", "ground.frag")
            _set_view(ground, scene, shadow_from_world)
            gl.set_uniforms(ground, ground=tuple(scene.background.ground), horizon=tuple(scene.background.color))
            array = ctx.vertex_array(ground, [(self._ground, "3f", "position")])
            array.render(moderngl.TRIANGLE_STRIP)
            array.release()

    def _resolve(self, scene: Scene) -> np.ndarray:
        """Average the samples over the background; return `[H, W, 3]` uint8 sRGB."""
        ctx, background = gl.context(), scene.background
        photo = background.photo
        if photo is None:
            plain = np.round(255 * np.asarray(background.color)).astype(np.uint8)
            photo = np.broadcast_to(plain, (self.height, self.width, 3))
        self._background.write(np.ascontiguousarray(photo).tobytes())
        program = gl.program("screen.vert", "resolve.frag")
        self._samples.use(0)
        self._background.use(1)
        gl.set_uniforms(program, samples=0, background=1, factor=self._config.supersample)
        ctx.disable(moderngl.DEPTH_TEST)
        self._picture_target.use()
        array = ctx.vertex_array(program, [(self._screen, "2f", "corner")])
        array.render()
        array.release()
        pixels = np.frombuffer(self._picture_target.read(components=3, alignment=1), np.uint8)
        return pixels.reshape(self.height, self.width, 3).copy()

    def _draw_labels(self, camera: Camera, people: Sequence[_Drawable]) -> tuple[np.ndarray, np.ndarray]:
        ctx, program = gl.context(), gl.program("figure.vert", "label.frag")
        ctx.enable(moderngl.DEPTH_TEST)
        self._label_target.clear(0.0, 0.0, 0.0, 0.0)
        self._label_target.use()
        gl.set_uniforms(
            program,
            clip_from_world=_column_major(_clip_from_camera(camera) @ camera.camera_from_world),
            camera_from_world=_column_major(camera.camera_from_world),
        )
        for number, drawable in enumerate(people, start=1):
            gl.set_uniforms(program, person=float(number))
            drawable.label.render()
        shape = (self.height, self.width, 4)
        first, second = (np.frombuffer(t.read(), np.float32).reshape(shape)[::-1] for t in self._labels)
        return first, second


def _rendering(color: np.ndarray, person_part_uv: np.ndarray, normal_depth: np.ndarray) -> Rendering:
    person = np.round(person_part_uv[..., 0]).astype(np.int32)
    return Rendering(
        color=color,
        person=person,
        part=np.round(person_part_uv[..., 1]).astype(np.uint8),
        u=np.ascontiguousarray(person_part_uv[..., 2]),
        v=np.ascontiguousarray(person_part_uv[..., 3]),
        normal=np.ascontiguousarray(normal_depth[..., :3]),
        depth=np.where(person > 0, normal_depth[..., 3], np.float32(np.inf)),
    )


def _attributes(program: moderngl.Program, buffer: moderngl.Buffer, **sizes: int) -> tuple:
    """Return moderngl's buffer description; attributes that the program lacks become padding."""
    used = [name for name in sizes if name in program]
    layout = " ".join(f"{n}f" if name in program else f"{n}x4" for name, n in sizes.items())
    return (buffer, layout, *used)


def _column_major(matrix: np.ndarray) -> bytes:
    return np.ascontiguousarray(matrix.T, np.float32).tobytes()


def _clip_from_camera(camera: Camera) -> np.ndarray:
    """Return the `[4, 4]` OpenGL projection of a pinhole camera (x right, y down, z away)."""
    (fx, _, cx), (_, fy, cy), _ = camera.intrinsics
    matrix = np.zeros((4, 4))
    matrix[0, 0], matrix[0, 2] = 2 * fx / camera.width, 2 * cx / camera.width - 1
    matrix[1, 1], matrix[1, 2] = -2 * fy / camera.height, 1 - 2 * cy / camera.height
    matrix[2, 2], matrix[2, 3] = (FAR + NEAR) / (FAR - NEAR), -2 * FAR * NEAR / (FAR - NEAR)
    matrix[3, 2] = 1
    return matrix


# Takes shadow-map coordinates in [0, 1]^3 to clip space.
_CLIP_FROM_UNIT = np.array([[2, 0, 0, -1], [0, 2, 0, -1], [0, 0, 2, -1], [0, 0, 0, 1.0]])


def _shadow_from_world(light: Light, posed: Sequence[np.ndarray]) -> np.ndarray:
    """Return the `[4, 4]` map from the world to shadow-map coordinates [0, 1]^3: the sun's view of all people."""
    forward = -light.to_sun
    up = np.array([0.0, 1, 0]) if abs(forward[1]) < 0.99 else np.array([1.0, 0, 0])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(right, forward), forward])
    low = np.min([p.min(0) for p in posed], axis=0, initial=-0.5)
    high = np.max([p.max(0) for p in posed], axis=0, initial=0.5)
    corners = np.stack(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), -1).reshape(-1, 3) @ rotation.T
    near, far = corners.min(0) - 0.05, corners.max(0) + 0.05
    matrix = np.eye(4)
    matrix[:3, :3] = rotation / (far - near)[:, None]
    matrix[:3, 3] = -near / (far - near)
    return matrix


def _set_view(program: moderngl.Program, scene: Scene, shadow_from_world: np.ndarray) -> None:
    camera, light = scene.camera, scene.light
    eye = -camera.camera_from_world[:3, :3].T @ camera.camera_from_world[:3, 3]
    gl.set_uniforms(
        program,
        clip_from_world=_column_major(_clip_from_camera(camera) @ camera.camera_from_world),
        shadow_from_world=_column_major(shadow_from_world),
        shadow_map=0,
        eye=tuple(eye),
        to_sun=tuple(light.to_sun),
        sun_color=tuple(light.sun_color),
        sky_color=tuple(light.sky_color),
        ground_color=tuple(light.ground_color),
    )


def _set_materials(program: moderngl.Program, person: _Drawable) -> None:
    looks = np.zeros((_MAX_MATERIALS, 4), np.float32)
    seconds = np.ones((_MAX_MATERIALS, 4), np.float32)
    patterns = np.zeros(_MAX_MATERIALS, np.int32)
    for i, material in enumerate(person.materials):
        shift = person.hue_shift if material.jitter_hue else 0.0
        looks[i] = (*turn_hue(material.color, shift), material.roughness)
        seconds[i] = (*turn_hue(material.pattern_color, shift), material.pattern_scale)
        patterns[i] = _PATTERNS.index(material.pattern)
    gl.set_uniforms(
        program,
        color_roughness=looks.tobytes(),
        pattern_color_scale=seconds.tobytes(),
        pattern=patterns.tobytes(),
    )


def turn_hue(color: tuple[float, float, float], shift: float) -> tuple[float, float, float]:
    """Turn the hue of an sRGB colour by `shift` of the circle (SimPose sec. 5.1: clothes' hue is augmented)."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*color)
    return colorsys.hls_to_rgb((hue + shift) % 1.0, lightness, saturation)
