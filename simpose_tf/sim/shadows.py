"""Shadow maps of the sun, and the map of what stands close above the ground."""

from collections.abc import Sequence

import moderngl
import numpy as np

from simpose_tf.sim import gl
from simpose_tf.sim.cascades import GRID, Cascade
from simpose_tf.sim.people_buffers import Drawable
from simpose_tf.sim.surfaces import Shape

_CONTACT_SIZE = 256  # texels along a side of the map of contacts
_CONTACT_MARGIN = 0.8  # metres around people and props


class ShadowMaps:
    """The atlas of all cascades (SimPose sec. 5.1)."""

    def __init__(self, size: int):
        """Allocate maps of `size` x `size` texels."""
        self._size = size
        side = GRID * size
        self.texture = gl.context().depth_texture((side, side))
        self.texture.compare_func = "<="
        self._target = gl.context().framebuffer(depth_attachment=self.texture)

    def draw(self, cascades: Sequence[Cascade], casters: Sequence[Drawable | Shape]) -> None:
        """Draw into each cascade the casters that it holds (`Cascade.casters` are their numbers)."""
        gl.context().enable_only(moderngl.DEPTH_TEST)
        for cascade in cascades:
            x, y = (self._size * place for place in cascade.tile)
            self._target.viewport = (x, y, self._size, self._size)
            self._target.use()
            self._target.clear(viewport=(x, y, self._size, self._size))
            scale = 2 / (cascade.high - cascade.low)
            uniforms = {"scale": tuple(scale), "offset": tuple(-cascade.low * scale - 1)}
            for number in cascade.casters:
                # What faces the sun casts all of a closed body's shadow.
                casters[number].draw_shape("cast.vert", "cast.frag", cull=True, **uniforms)


class ContactMap:
    """How close people and props come to the ground, seen from above: light from all around does not get there.

    # not in the paper: without it people seem to float where no sun shines.
    """

    def __init__(self) -> None:
        """Allocate the map."""
        size = (_CONTACT_SIZE, _CONTACT_SIZE)
        self.texture = gl.context().texture(size, 2)
        self.texture.repeat_x = self.texture.repeat_y = False
        self._target = gl.context().framebuffer([self.texture], gl.context().depth_renderbuffer(size))

    def fit(self, solids: Sequence[np.ndarray]) -> np.ndarray:
        """Return `[4]` scale and offset from the world's x, z to the map [0, 1]^2; far away from it without solids."""
        if not solids:
            return np.array([0.0, 0.0, -1.0, -1.0])
        low = np.min([points[:, [0, 2]].min(0) for points in solids], axis=0) - _CONTACT_MARGIN
        high = np.max([points[:, [0, 2]].max(0) for points in solids], axis=0) + _CONTACT_MARGIN
        scale = 1 / (high - low)
        return np.concatenate([scale, -low * scale])

    def draw(self, people: Sequence[Drawable], props: Sequence[Shape]) -> None:
        """Draw everything from below the ground, and blur it."""
        gl.context().enable_only(moderngl.DEPTH_TEST)
        self._target.clear()
        self._target.use()
        for person in people:
            person.draw_shape("contact.vert", "contact.frag")
        for prop in props:
            prop.draw_shape("contact.vert", "contact.frag")
        self.texture.build_mipmaps()
        self.texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
