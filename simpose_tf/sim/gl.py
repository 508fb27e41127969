"""The OpenGL context and its programs. One context per process, made after the fork, and reused."""

import functools
from pathlib import Path

import moderngl
import numpy as np

from simpose_tf.errors import InputError

_SHADERS = Path(__file__).parent / "shaders"
# What variants of a program differ in; 0 unless told. A branch in a shader costs even where it is not taken.
_VARIANTS = ("PATTERN", "TEXTURED", "CUTOUT", "SCENERY", "GROUND", "PHOTO")
FRAME_BINDING = 0  # of the uniform block `Frame`
SHADOW_UNIT, TILE_UNIT, NOISE_UNIT, TEXTURES_UNIT, CONTACT_UNIT = 0, 1, 2, 3, 4
_UNITS = {
    "shadow_map": SHADOW_UNIT,
    "tile": TILE_UNIT,
    "noise_map": NOISE_UNIT,
    "textures": TEXTURES_UNIT,
    "contact_map": CONTACT_UNIT,
}
SRGB8_ALPHA8 = 0x8C43  # OpenGL's name of a texture that is decoded before it is filtered


@functools.cache
def context() -> moderngl.Context:
    """Return this process's context: EGL without a window, on a GPU where there is one, else Mesa on the CPU.

    Raises InputError if no EGL is installed.
    """
    try:
        return moderngl.create_context(standalone=True, require=330, backend="egl")  # type: ignore[arg-type]
    except Exception as error:  # glcontext raises plain Exception
        raise InputError(
            f"no OpenGL 3.3 over EGL ({error}); on Debian or Ubuntu: apt-get install libegl1 libgl1-mesa-dri libgles2"
        ) from error


@functools.cache
def program(vertex: str, fragment: str, **variant: int) -> moderngl.Program:
    """Compile a program from files of the `shaders` folder; `#include NAME` inserts a file.

    Args:
      vertex: file of the vertex shader.
      fragment: file of the fragment shader.
      **variant: macros of `_VARIANTS` that are not 0.
    """
    macros = [f"#define {name} {variant.get(name, 0)}" for name in _VARIANTS]
    sources = ["\n".join(["#version 330", *macros, *_lines(name)]) for name in (vertex, fragment)]
    compiled = context().program(vertex_shader=sources[0], fragment_shader=sources[1])
    if "Frame" in compiled:
        compiled["Frame"].binding = FRAME_BINDING  # type: ignore[union-attr]
    set_uniforms(compiled, **_UNITS)
    return compiled


def _lines(name: str) -> list[str]:
    """Return a shader's lines without its version, files that it includes inserted."""
    result = []
    for line in (_SHADERS / name).read_text().splitlines():
        if line.startswith("#include"):
            result += _lines(line.split()[1])
        elif not line.startswith("#version"):
            result.append(line)
    return result


def set_uniforms(target: moderngl.Program, **values: object) -> None:
    """Set the uniforms that the program has; the compiler drops unused ones."""
    for name, value in values.items():
        if name in target:
            uniform = target[name]
            if isinstance(value, bytes):
                uniform.write(value)  # type: ignore[union-attr]
            else:
                uniform.value = value  # type: ignore[union-attr]


def attributes(target: moderngl.Program, buffer: moderngl.Buffer, **sizes: int) -> tuple | None:
    """Return moderngl's description of a buffer of floats; attributes that the program lacks become padding.

    Args:
      target: the program.
      buffer: its rows are these attributes one after the other.
      **sizes: attribute -> number of floats.

    Returns:
      None if the program uses nothing of the buffer.
    """
    used = [name for name in sizes if name in target]
    layout = " ".join(f"{n}f" if name in target else f"{4 * n}x" for name, n in sizes.items())
    return (buffer, layout, *used) if used else None


def floats(values: np.ndarray) -> moderngl.Buffer:
    """Upload an array as float32."""
    return context().buffer(np.ascontiguousarray(values, np.float32).tobytes())


def renderer_name() -> str:
    """Return the driver's name, for manifests."""
    info = context().info
    return f"{info['GL_RENDERER']}, OpenGL {info['GL_VERSION']}"
