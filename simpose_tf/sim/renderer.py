"""Draw a scene: colour, and float labels from the same triangles.

People and props are drawn with `supersample`^2 samples a pixel; ground and walls, always behind them, once a pixel with
smooth edges; labels once at pixel centres. All use the same camera, the same vertices and the same depth test. The
renderer decides nothing: all is in the `Scene` and the posed vertices.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import moderngl
import numpy as np

from simpose_tf.figures.figure import Figure
from simpose_tf.sim import frame, gl
from simpose_tf.sim.cascades import Cascade, fit_cascades
from simpose_tf.sim.people_buffers import Drawable, PeopleBuffers, nearest_first
from simpose_tf.sim.scene import Camera, Scene
from simpose_tf.sim.shadows import ContactMap, ShadowMaps
from simpose_tf.sim.surfaces import Shape, SurfaceBuffers, props_of, scenery_of

_NOISE_CELLS = 32
# Drivers move corners to a grid of 1/256 pixel, which costs a small picture more of its pixels than a large one. Labels
# of pictures smaller than this are drawn finer, and those at pixel centres taken.
_FINE_LABELS = 800


@dataclass(frozen=True)
class RenderConfig:
    """Quality of the colours.

    Attributes:
      supersample: samples a pixel along each axis.
      shadow_map_size: side of each cascade's shadow map in texels.
      num_cascades: shadow maps (SimPose sec. 5.1: four), 1 to 4.
    """

    supersample: int
    shadow_map_size: int
    num_cascades: int

    def __post_init__(self) -> None:
        """Raise ValueError for what no driver draws."""
        if not 1 <= self.supersample <= 8 or not 32 <= self.shadow_map_size <= 8192:
            raise ValueError("supersample must be in 1..8 and shadow_map_size in 32..8192")
        if not 1 <= self.num_cascades <= 4:
            raise ValueError("num_cascades must be in 1..4")


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
class _Uploaded:
    """A scene on the card."""

    people: list[Drawable]
    props: list[Shape]
    scenery: list[Shape]
    cascades: tuple[Cascade, ...]


def unwatched(stage: str) -> None:
    """Do nothing after a stage."""


class Renderer:
    """Draws scenes of one picture size. Figures are uploaded once."""

    def __init__(self, height: int, width: int, config: RenderConfig):
        """Allocate the targets for pictures of `height` x `width` pixels."""
        ctx = gl.context()
        self.height, self.width, self._config = height, width, config
        samples = (width * config.supersample, height * config.supersample)
        self._samples = ctx.texture(samples, 4)
        self._samples_target = ctx.framebuffer([self._samples], ctx.depth_renderbuffer(samples))
        size, smooth = (width, height), min(4, ctx.max_samples)
        self._smooth_target = ctx.framebuffer(
            [ctx.texture(size, 4, samples=smooth, dtype="f2")], ctx.depth_renderbuffer(size, samples=smooth)
        )
        self._scenery = ctx.texture(size, 4, dtype="f2")
        self._scenery_target = ctx.framebuffer([self._scenery])
        self._label_scale = max(1, _FINE_LABELS // min(height, width))
        fine = (width * self._label_scale, height * self._label_scale)
        self._labels = [ctx.texture(fine, 4, dtype="f4") for _ in range(2)]
        self._label_target = ctx.framebuffer(self._labels, ctx.depth_renderbuffer(fine))
        self._picture_target = ctx.framebuffer([ctx.texture(size, 4)])
        self._photo = ctx.texture(size, 3, alignment=1)
        self._screen = ctx.buffer(np.array([-1, -1, 3, -1, -1, 3], np.float32).tobytes())
        self._frame = ctx.buffer(reserve=frame.NUM_BYTES)
        noise = np.random.default_rng(0).integers(0, 256, 3 * (_NOISE_CELLS,), np.uint8)
        self._noise = ctx.texture3d((_NOISE_CELLS, _NOISE_CELLS, _NOISE_CELLS), 1, noise.tobytes())
        self._shadows = ShadowMaps(config.shadow_map_size)
        self._contacts = ContactMap()
        self._people, self._surfaces = PeopleBuffers(), SurfaceBuffers()

    def render(
        self,
        scene: Scene,
        figures: Mapping[str, Figure],
        posed: Sequence[np.ndarray],
        watch: Callable[[str], None] = unwatched,
    ) -> Rendering:
        """Draw a scene.

        Args:
          scene: what to draw; its camera has the renderer's picture size.
          figures: the scene's figures by name.
          posed: for each person of the scene `[V, 3]` float32 vertices in the world (`Stage.posed`).
          watch: called after each stage with its name: upload, shadow, colour, labels.
        """
        uploaded = self._upload(scene, figures, posed)
        watch("upload")
        try:
            self._draw_shadows(scene, uploaded)
            watch("shadow")
            color = self._draw_color(scene, uploaded, posed)
            watch("colour")
            rendering = _rendering(color, *self._draw_labels(uploaded))
            watch("labels")
            return rendering
        finally:
            for person in uploaded.people:
                person.release()
            for shape in (*uploaded.props, *uploaded.scenery):
                shape.release()

    def _upload(self, scene: Scene, figures: Mapping[str, Figure], posed: Sequence[np.ndarray]) -> _Uploaded:
        """Upload all meshes and what is the same for the whole picture."""
        people = [
            self._people.upload(figures[person.figure], vertices, person.hue_shift)
            for person, vertices in zip(scene.people, posed, strict=True)
        ]
        props, scenery = props_of(scene), scenery_of(scene)
        walls = [shape for shape in scenery if shape.kind == "wall"]
        casters = [*posed, *(shape.points for shape in (*props, *walls))]
        maps: tuple[Cascade, ...] = ()
        if np.any(scene.light.sun_color > 0) and scene.light.to_sun[1] > 0:
            maps = fit_cascades(
                scene.camera, scene.light.to_sun, casters, self._config.num_cascades, self._config.shadow_map_size
            )
        solid = [*posed, *(shape.points for shape in props)]
        near = frame.near_plane(scene.camera, _nearest(scene.camera, solid))
        contact = self._contacts.fit(solid)
        self._frame.write(frame.pack(scene.camera, scene.light, near, maps, self._config.shadow_map_size, contact))
        return _Uploaded(people, props, scenery, maps)

    def _draw_shadows(self, scene: Scene, uploaded: _Uploaded) -> None:
        self._frame.bind_to_uniform_block(gl.FRAME_BINDING)
        walls = [shape for shape in uploaded.scenery if shape.kind == "wall"]
        self._shadows.draw(uploaded.cascades, [*uploaded.people, *uploaded.props, *walls])
        if scene.background.ground is not None:
            self._contacts.draw(uploaded.people, uploaded.props)

    def _draw_color(self, scene: Scene, uploaded: _Uploaded, posed: Sequence[np.ndarray]) -> np.ndarray:
        """Draw people and props, the scenery behind them; return `[H, W, 3]` uint8 sRGB."""
        ctx = gl.context()
        ctx.enable_only(moderngl.DEPTH_TEST)
        self._shadows.texture.use(gl.SHADOW_UNIT)
        self._contacts.texture.use(gl.CONTACT_UNIT)
        self._noise.use(gl.NOISE_UNIT)
        self._samples_target.clear(0.0, 0.0, 0.0, 0.0)
        self._samples_target.use()
        depths = [_nearest(scene.camera, [vertices]) for vertices in posed]
        for person in nearest_first(uploaded.people, depths):
            person.draw_color()
        for shape in uploaded.props:
            self._surfaces.draw_color(shape, scenery=False)
        self._smooth_target.clear(0.0, 0.0, 0.0, 0.0)
        self._smooth_target.use()
        for shape in uploaded.scenery:
            self._surfaces.draw_color(shape, scenery=True)
        ctx.copy_framebuffer(self._scenery_target, self._smooth_target)
        return self._resolve(scene)

    def _resolve(self, scene: Scene) -> np.ndarray:
        """Average the samples over the scenery over the photo or the panorama."""
        ctx, background = gl.context(), scene.background
        program = gl.program("screen.vert", "resolve.frag", PHOTO=int(background.photo is not None))
        self._samples.use(0)
        self._scenery.use(1)
        panorama = None
        if background.photo is not None:
            self._photo.write(np.ascontiguousarray(background.photo).tobytes())
            self._photo.use(2)
        else:
            panorama = _panorama(background.panorama)
            panorama.use(2)
        camera = scene.camera
        turn = camera.camera_from_world[:3, :3].T @ np.linalg.inv(camera.intrinsics)
        factor = self._config.supersample
        world_from_pixel = np.ascontiguousarray(turn.T, np.float32).tobytes()
        gl.set_uniforms(
            program, samples=0, scenery=1, photo=2, panorama=2, factor=factor, world_from_pixel=world_from_pixel
        )
        ctx.disable(moderngl.DEPTH_TEST)
        self._picture_target.use()
        array = ctx.vertex_array(program, [(self._screen, "2f", "corner")])
        array.render()
        array.release()
        if panorama is not None:
            panorama.release()
        pixels = np.frombuffer(self._picture_target.read(components=3, alignment=1), np.uint8)
        return pixels.reshape(self.height, self.width, 3).copy()

    def _draw_labels(self, uploaded: _Uploaded) -> tuple[np.ndarray, np.ndarray]:
        """Draw `[H, W, 4]` person, part, u, v and `[H, W, 4]` normal, depth."""
        gl.context().enable_only(moderngl.DEPTH_TEST)
        self._label_target.clear(0.0, 0.0, 0.0, 0.0)
        self._label_target.use()
        scale = self._label_scale
        # Half a fine pixel brings the picture's pixel centres to centres of fine pixels.
        shift = (0.0, 0.0) if scale % 2 else (1 / (self.width * scale), 1 / (self.height * scale))
        for number, person in enumerate(uploaded.people, start=1):
            person.draw_shape("label.vert", "label.frag", person=float(number), shift=shift)
        for prop in uploaded.props:
            prop.draw_shape("label.vert", "label.frag", person=0.0, shift=shift)
        rows, columns = self.height * scale, self.width * scale
        fine = [np.frombuffer(texture.read(), np.float32).reshape(rows, columns, 4) for texture in self._labels]
        first, second = (values[scale // 2 :: scale, scale // 2 :: scale][::-1] for values in fine)
        return first, second


def _nearest(camera: Camera, solids: Sequence[np.ndarray]) -> float:
    """Return the least camera depth of some points `[N, 3]`, metres."""
    axis, shift = camera.camera_from_world[2, :3].astype(np.float32), camera.camera_from_world[2, 3]
    return min((float((points @ axis).min() + shift) for points in solids), default=1.0)


def _panorama(linear: np.ndarray) -> moderngl.Texture:
    height, width = linear.shape[:2]
    made = gl.context().texture(
        (width, height), 3, np.ascontiguousarray(linear, np.float16).tobytes(), dtype="f2", alignment=1
    )
    made.repeat_x, made.repeat_y = True, False
    return made


def _rendering(color: np.ndarray, person_part_uv: np.ndarray, normal_depth: np.ndarray) -> Rendering:
    """Return views of what the label shader wrote: whole numbers as floats, 0 off people."""
    person = person_part_uv[..., 0].astype(np.int32)
    return Rendering(
        color=color,
        person=person,
        part=person_part_uv[..., 1].astype(np.uint8),
        u=person_part_uv[..., 2],
        v=person_part_uv[..., 3],
        normal=normal_depth[..., :3],
        depth=np.where(person > 0, normal_depth[..., 3], np.float32(np.inf)),
    )
