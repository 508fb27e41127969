"""Tiles that repeat: what grounds, walls and props are made of, painted from noise: no files, the same everywhere.

# not in the paper: SimPose names no backgrounds for its simulated people.
"""

import functools
from collections.abc import Callable

import cv2
import numpy as np
from scipy.spatial import cKDTree

SIZE = 512  # texels along a side of a tile

Color = tuple[float, float, float]


def _noise(rng: np.random.Generator, falloff: float, stretch: tuple[float, float] = (1.0, 1.0)) -> np.ndarray:
    """Return periodic noise `[SIZE, SIZE]` evenly spread over [0, 1]: amplitudes fall as frequency ** -falloff.

    `stretch` (rows, columns) makes it long along an axis: wood's grain, a brush's strokes.
    """
    fy, fx = np.fft.fftfreq(SIZE)[:, None] * SIZE * stretch[0], np.fft.rfftfreq(SIZE)[None] * SIZE * stretch[1]
    frequency = np.maximum(np.hypot(fy, fx), 1.0)
    spectrum = rng.standard_normal(frequency.shape) + 1j * rng.standard_normal(frequency.shape)
    spectrum = spectrum * frequency**-falloff
    spectrum[0, 0] = 0
    values = np.fft.irfft2(spectrum, (SIZE, SIZE))
    return (0.5 + 0.5 * np.tanh(0.9 * values / values.std())).astype(np.float32)


def _mixed(a: Color | np.ndarray, b: Color | np.ndarray, share: np.ndarray) -> np.ndarray:
    return np.asarray(a, np.float32) + share[..., None] * (np.asarray(b, np.float32) - np.asarray(a, np.float32))


def _pick(rng: np.random.Generator, *colors: Color) -> np.ndarray:
    """Return one of some sRGB colours, a little changed."""
    chosen = np.array(colors[int(rng.integers(len(colors)))])
    return np.clip(chosen * rng.uniform(0.85, 1.12) + rng.uniform(-0.012, 0.012, 3), 0.02, 0.98)


def _dull(rng: np.random.Generator) -> np.ndarray:
    """Return any sRGB colour, the strong ones toned down."""
    grey = rng.uniform(0.15, 0.9)
    return np.clip(grey + rng.uniform(0.1, 0.7) * (rng.uniform(0.1, 0.9, 3) - 0.5), 0.05, 0.95)


def _cells(rows: int, columns: int, shift: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Divide the tile into bricks, odd rows moved by `shift` of a brick.

    Returns:
      number of each texel's brick, and its place in the brick, along the rows and the columns, in [0, 1).
    """
    at = (np.arange(SIZE) + 0.5) / SIZE
    y = at * rows
    x = at[None] * columns + shift * (np.floor(y)[:, None] % 2)
    number = (np.floor(y)[:, None] * columns + np.floor(x) % columns).astype(int)
    return number, np.broadcast_to((y % 1)[:, None], (SIZE, SIZE)), x % 1


def _gaps(rows: int, columns: int, y: np.ndarray, x: np.ndarray, width: float) -> np.ndarray:
    """Return 1 in the joints between bricks, 0 inside, soft edges; `width` is a joint's share of the tile."""
    edge = np.minimum(np.minimum(y, 1 - y) / rows, np.minimum(x, 1 - x) / columns)
    return np.clip((width / 2 - edge) * SIZE / 1.5 + 0.5, 0, 1).astype(np.float32)


def _scattered(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the Voronoi cells of random points: number of the nearest, and (second - first distance), periodic."""
    points = rng.random((count, 2)).astype(np.float32)
    near = points[:, None] + np.array([[i, j] for i in (-1, 0, 1) for j in (-1, 0, 1)], np.float32)
    keep = np.all((near > -0.25) & (near < 1.25), -1)
    at = (np.arange(SIZE, dtype=np.float32) + 0.5) / SIZE
    grid = np.stack(np.meshgrid(at, at, indexing="ij"), -1).reshape(-1, 2)
    distance, index = cKDTree(near[keep]).query(grid, k=2)
    number = np.nonzero(keep)[0][index[:, 0]]
    return number.reshape(SIZE, SIZE), (distance[:, 1] - distance[:, 0]).reshape(SIZE, SIZE).astype(np.float32)


def _bricks(
    rng: np.random.Generator, rows: int, columns: int, shift: float, joint: float, color: np.ndarray, spread: float
) -> np.ndarray:
    """Return bricks or tiles of one colour, each a little different, with joints."""
    number, y, x = _cells(rows, columns, shift)
    each = 1 + spread * rng.uniform(-1, 1, (rows * columns, 1)) + 0.4 * spread * rng.uniform(-1, 1, (rows * columns, 3))
    face = color * each[number] * (0.9 + 0.2 * _noise(rng, 1.0)[..., None])
    mortar = _pick(rng, (0.6, 0.58, 0.54), (0.45, 0.44, 0.42), (0.72, 0.7, 0.66))
    return _mixed(face, mortar * (0.9 + 0.2 * _noise(rng, 0.6)[..., None]), _gaps(rows, columns, y, x, joint))


def _brick(rng: np.random.Generator) -> np.ndarray:
    color = _pick(rng, (0.6, 0.3, 0.22), (0.7, 0.45, 0.3), (0.75, 0.7, 0.62), (0.45, 0.25, 0.2))
    return _bricks(rng, 16, 6, 0.5, 0.009, color, 0.16)


def _stone(rng: np.random.Generator) -> np.ndarray:
    number, gap = _scattered(rng, 60)
    each = _pick(rng, (0.55, 0.53, 0.5), (0.6, 0.52, 0.42)) * (1 + rng.uniform(-0.18, 0.18, (60, 1)))
    face = each[number] * (0.75 + 0.5 * _noise(rng, 1.1)[..., None])
    return _mixed(np.array([0.33, 0.31, 0.29]), face, np.clip(gap / 0.018, 0, 1))


def _plaster(rng: np.random.Generator) -> np.ndarray:
    color = _pick(rng, (0.88, 0.86, 0.8), (0.82, 0.76, 0.62), (0.72, 0.78, 0.78), (0.8, 0.62, 0.5), (0.62, 0.7, 0.6))
    return color * (0.9 + 0.08 * _noise(rng, 1.6) + 0.08 * _noise(rng, 0.4))[..., None]


def _concrete(rng: np.random.Generator) -> np.ndarray:
    color = _pick(rng, (0.6, 0.6, 0.58), (0.5, 0.5, 0.5), (0.68, 0.66, 0.62))
    face = color * (0.86 + 0.16 * _noise(rng, 1.2) + 0.12 * _noise(rng, 0.3))[..., None]
    _, y, x = _cells(2, 2, 0.0)
    return _mixed(face, 0.55 * color, _gaps(2, 2, y, x, 0.004))


def _panels(rng: np.random.Generator) -> np.ndarray:
    color = _pick(rng, (0.78, 0.78, 0.76), (0.55, 0.6, 0.64), (0.35, 0.4, 0.45), (0.8, 0.74, 0.64))
    return _bricks(rng, int(rng.integers(1, 4)), int(rng.integers(2, 5)), 0.0, 0.008, color, 0.03)


def _wallpaper(rng: np.random.Generator) -> np.ndarray:
    base = _pick(rng, (0.82, 0.78, 0.7), (0.6, 0.68, 0.66), (0.72, 0.6, 0.58), (0.45, 0.5, 0.6), (0.85, 0.84, 0.82))
    second = np.clip(base * rng.uniform(0.6, 1.25) + rng.uniform(-0.08, 0.08, 3), 0.05, 0.98)
    at = (np.arange(SIZE) + 0.5) / SIZE
    count = int(rng.integers(4, 12))
    if rng.random() < 0.5:
        share = np.broadcast_to((np.sin(2 * np.pi * count * at) > rng.uniform(-0.5, 0.6))[None], (SIZE, SIZE))
    else:
        _, y, x = _cells(2 * (count // 2), count, 0.5)
        angle, r = np.arctan2(y - 0.5, x - 0.5), np.hypot(y - 0.5, x - 0.5)
        share = r < 0.2 + 0.1 * np.cos(int(rng.integers(3, 7)) * angle)
    soft = cv2.GaussianBlur(share.astype(np.float32), (3, 3), 0)
    return _mixed(base, second, soft) * (0.95 + 0.1 * _noise(rng, 0.5))[..., None]


def _planks(rng: np.random.Generator, rows: int, columns: int, joint: float) -> np.ndarray:
    """Return boards along the columns, each its own piece of wood."""
    number, y, x = _cells(rows, columns, 0.5)
    color = _pick(rng, (0.62, 0.44, 0.28), (0.75, 0.6, 0.42), (0.42, 0.29, 0.2), (0.6, 0.55, 0.5), (0.5, 0.36, 0.22))
    each = 1 + rng.uniform(-0.16, 0.16, (rows * columns, 1))
    grain = np.take_along_axis(_noise(rng, 1.1, (0.5, 6.0)), (np.arange(SIZE)[None] + 97 * number) % SIZE, 1)
    rings = 0.5 + 0.5 * np.sin(40 * _noise(rng, 1.6, (0.4, 3.0)) + 5 * number)
    face = color * each[number] * (0.72 + 0.36 * grain + 0.14 * rings)[..., None]
    return _mixed(face, 0.3 * color, _gaps(rows, columns, y, x, joint))


def _floorboards(rng: np.random.Generator) -> np.ndarray:
    return _planks(rng, 10, 2, 0.003)


def _boards(rng: np.random.Generator) -> np.ndarray:
    return np.ascontiguousarray(np.swapaxes(_planks(rng, 8, 1, 0.007), 0, 1))


def _wood(rng: np.random.Generator) -> np.ndarray:
    return _planks(rng, 2, 1, 0.002)


def _grass(rng: np.random.Generator) -> np.ndarray:
    green = _pick(rng, (0.3, 0.42, 0.16), (0.36, 0.46, 0.2), (0.42, 0.45, 0.22), (0.24, 0.36, 0.14))
    dry = np.clip(green * [1.35, 1.12, 1.0], 0, 1)
    ground = _mixed(green, dry, _noise(rng, 1.3))
    blades = np.zeros((SIZE, SIZE), np.float32)
    for _ in range(2):
        blades = np.maximum(blades, _noise(rng, 0.3, tuple(rng.permutation([0.35, 1.6]))))
    return ground * (0.35 + 0.95 * blades)[..., None]


def _asphalt(rng: np.random.Generator) -> np.ndarray:
    color = _pick(rng, (0.36, 0.36, 0.37), (0.28, 0.28, 0.29), (0.46, 0.45, 0.44))
    stones = _noise(rng, 0.2)
    return color * (0.72 + 0.3 * _noise(rng, 1.3) + 0.34 * stones)[..., None]


def _gravel(rng: np.random.Generator) -> np.ndarray:
    number, gap = _scattered(rng, 5000)
    each = _pick(rng, (0.55, 0.52, 0.48), (0.62, 0.55, 0.44)) * (1 + rng.uniform(-0.3, 0.3, (5000, 1)))
    return each[number] * (0.6 + 0.42 * np.clip(gap / 0.006, 0, 1))[..., None]


def _sand(rng: np.random.Generator) -> np.ndarray:
    color = _pick(rng, (0.78, 0.68, 0.5), (0.7, 0.6, 0.45), (0.82, 0.76, 0.64))
    ripples = 0.5 + 0.5 * np.sin(2 * np.pi * (6 * (np.arange(SIZE)[:, None] + 0.5) / SIZE) + 9 * _noise(rng, 1.8))
    return color * (0.8 + 0.1 * ripples + 0.12 * _noise(rng, 1.4) + 0.1 * _noise(rng, 0.1))[..., None]


def _soil(rng: np.random.Generator) -> np.ndarray:
    color = _pick(rng, (0.4, 0.3, 0.2), (0.5, 0.4, 0.3), (0.33, 0.27, 0.2))
    return color * (0.55 + 0.5 * _noise(rng, 1.1) + 0.4 * _noise(rng, 0.4))[..., None]


def _floor_tiles(rng: np.random.Generator) -> np.ndarray:
    color = _pick(rng, (0.82, 0.8, 0.76), (0.6, 0.42, 0.32), (0.5, 0.52, 0.54), (0.72, 0.66, 0.56))
    chequered = rng.random() < 0.4
    rows = 4 if chequered else int(rng.integers(3, 7))  # a chequerboard that repeats has an even number of tiles
    tiles = _bricks(rng, rows, rows, 0.0, 0.008, color, 0.05)
    if chequered:
        number, _, _ = _cells(rows, rows, 0.0)
        tiles = np.where(((number // rows + number % rows) % 2 == 1)[..., None], 0.45 * tiles, tiles)
    return tiles


def _pavers(rng: np.random.Generator) -> np.ndarray:
    color = _pick(rng, (0.52, 0.5, 0.48), (0.6, 0.5, 0.44), (0.56, 0.42, 0.36))
    return _bricks(rng, 10, 5, 0.5, 0.011, color, 0.14)


def _carpet(rng: np.random.Generator) -> np.ndarray:
    color = _pick(rng, (0.4, 0.42, 0.48), (0.5, 0.2, 0.2), (0.6, 0.55, 0.46), (0.25, 0.32, 0.3), (0.35, 0.3, 0.4))
    return color * (0.7 + 0.25 * _noise(rng, 0.0) + 0.25 * _noise(rng, 0.8) + 0.08 * _noise(rng, 1.6))[..., None]


def _metal(rng: np.random.Generator) -> np.ndarray:
    color = _pick(rng, (0.7, 0.71, 0.72), (0.35, 0.37, 0.4), (0.6, 0.5, 0.38), (0.2, 0.3, 0.42))
    rust = np.clip(4 * (_noise(rng, 1.5) - 0.8), 0, 1)
    return _mixed(color * (0.88 + 0.14 * _noise(rng, 0.4, (0.2, 4.0)))[..., None], (0.42, 0.26, 0.16), 0.7 * rust)


def _painted(rng: np.random.Generator) -> np.ndarray:
    color = _dull(rng)
    worn = np.clip(6 * (_noise(rng, 1.2) - 0.88), 0, 1)
    return _mixed(color * (0.92 + 0.1 * _noise(rng, 1.3))[..., None], 0.6 * color + 0.15, worn)


def _fabric(rng: np.random.Generator) -> np.ndarray:
    color = _dull(rng)
    at = 2 * np.pi * 128 * (np.arange(SIZE) + 0.5) / SIZE
    weave = 0.5 + 0.25 * np.sin(at)[:, None] + 0.25 * np.sin(at + np.pi / 3)[None]
    return color * (0.74 + 0.22 * weave + 0.12 * _noise(rng, 1.2))[..., None]


def _cardboard(rng: np.random.Generator) -> np.ndarray:
    color = _pick(rng, (0.68, 0.54, 0.38), (0.6, 0.46, 0.32))
    return color * (0.88 + 0.1 * _noise(rng, 0.6, (3.0, 0.3)) + 0.1 * _noise(rng, 1.5))[..., None]


def _foliage(rng: np.random.Generator) -> np.ndarray:
    number, gap = _scattered(rng, 700)
    each = _pick(rng, (0.25, 0.42, 0.16), (0.34, 0.46, 0.2), (0.2, 0.34, 0.18)) * (
        1 + rng.uniform(-0.45, 0.35, (700, 1))
    )
    return each[number] * (0.3 + 0.75 * np.clip(gap / 0.012, 0, 1))[..., None]


_PAINTERS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "grass": _grass, "asphalt": _asphalt, "gravel": _gravel, "sand": _sand, "soil": _soil, "pavers": _pavers,
    "floor_tiles": _floor_tiles, "floorboards": _floorboards, "carpet": _carpet, "concrete": _concrete,
    "brick": _brick, "stone": _stone, "plaster": _plaster, "panels": _panels, "wallpaper": _wallpaper,
    "boards": _boards, "wood": _wood, "metal": _metal, "painted": _painted, "fabric": _fabric,
    "cardboard": _cardboard, "foliage": _foliage,
}  # fmt: skip
KINDS = tuple(_PAINTERS)
GROUND_KINDS = KINDS[:10]
WALL_KINDS = KINDS[9:16]
PROP_KINDS = KINDS[16:21]


@functools.lru_cache(maxsize=8)
def tile(kind: str, seed: int) -> np.ndarray:
    """Return a tile `[SIZE, SIZE, 3]` uint8 sRGB whose opposite edges fit; the same for the same seed.

    Raises ValueError for an unknown kind.
    """
    if kind not in _PAINTERS:
        raise ValueError(f"texture: no kind {kind!r}; one of {', '.join(KINDS)}")
    painted = _PAINTERS[kind](np.random.default_rng([KINDS.index(kind), seed]))
    return np.round(255 * np.clip(painted, 0, 1)).astype(np.uint8)
