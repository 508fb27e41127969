"""The OpenGL context and its programs. One context per process, made after the fork, and reused."""

import functools
from pathlib import Path

import moderngl

from simpose_tf.errors import InputError

_SHADERS = Path(__file__).parent / "shaders"


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
def program(vertex: str, fragment: str) -> moderngl.Program:
    """Compile a program from files of the `shaders` folder; `#include NAME` inserts a file."""
    return context().program(vertex_shader=_source(vertex), fragment_shader=_source(fragment))


def _source(name: str) -> str:
    lines = (_SHADERS / name).read_text().splitlines()
    return "\n".join(_source(line.split()[1]) if line.startswith("#include") else line for line in lines)


def set_uniforms(target: moderngl.Program, **values: object) -> None:
    """Set the uniforms that the program has; the compiler drops unused ones."""
    for name, value in values.items():
        if name in target:
            uniform = target[name]
            if isinstance(value, bytes):
                uniform.write(value)  # type: ignore[union-attr]
            else:
                uniform.value = value  # type: ignore[union-attr]


def renderer_name() -> str:
    """Return the driver's name, for manifests."""
    info = context().info
    return f"{info['GL_RENDERER']}, OpenGL {info['GL_VERSION']}"
