"""Textures of the 24 charts: an atlas as DensePose's users have it, painted onto people or taken from them.

One tile of N x N texels per part. Texel (row, column) has u = column / (N - 1) and v = 1 - row / (N - 1): u grows to
the right, v upwards (DensePose's texture transfer). An atlas is one picture, 4 tiles wide and 6 high, filled column by
column: part 6 c + r + 1 is in column c, row r. Pictures 6 wide and 4 high are filled row by row.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from simpose_tf import charts, files
from simpose_tf.errors import InputError
from simpose_tf.visualize.orthographic import Camera, rasterise

# DensePose's own atlases have tiles of 200 x 200.
TILE_SIDE = 200
COLUMNS, ROWS = 4, 6

# Neighbouring pixels of one part whose u or v differs by more do not touch on the surface (a cut, an occlusion).
# not in the paper: a chart that is 7 pixels wide still holds together; the cuts of hands and feet jump by .3 and more.
_JUMP = 0.15

# A pixel is painted where its known texels have at least this share of its bilinear weights.
_LEAST_SHARE = 0.05


@dataclass(frozen=True)
class Atlas:
    """The textures of all parts.

    Attributes:
      colors: uint8 `[24, N, N, 3]` RGB; tile p - 1 is part p.
      known: bool `[24, N, N]`; elsewhere are holes.
    """

    colors: np.ndarray
    known: np.ndarray

    @property
    def side(self) -> int:
        """Texels along a tile."""
        return self.colors.shape[1]


def read_atlas(path: str, what: str = "--atlas") -> Atlas:
    """Read an atlas: a picture of 4 x 6 tiles, or a folder of 24 pictures that are named by part.

    In a folder the number of the part is the last one in the file's name (`3.png`, `part_03.png`), or the name is that
    of the part (`right_hand.png`); parts without a picture are holes. Transparent texels are holes.

    Raises:
      InputError: no such file, no picture, no grid, pictures of several sizes; it names the option `what`.
    """
    if Path(path).is_dir():
        return _of_tiles(path, what)
    grid = _rgba(files.require_file(path, what))
    height, width = grid.shape[:2]
    for columns, rows, by_row in ((COLUMNS, ROWS, False), (ROWS, COLUMNS, True)):
        side = width // columns
        if side >= 2 and (width, height) == (columns * side, rows * side):
            tiles = grid.reshape(rows, side, columns, side, 4).transpose(0, 2, 1, 3, 4)
            tiles = tiles if by_row else tiles.swapaxes(0, 1)
            return _of_rgba(tiles.reshape(charts.NUM_PARTS, side, side, 4))
    raise InputError(
        f"{what}: {path} is {width} x {height}; an atlas is {COLUMNS} x {ROWS} or {ROWS} x {COLUMNS} square tiles"
    )


def write_atlas(path: str | Path, atlas: Atlas) -> None:
    """Write an atlas as one PNG of 4 x 6 tiles, RGBA: holes are transparent."""
    with files.atomic_path(path) as temporary:
        Image.fromarray(atlas_picture(atlas)).save(temporary, format="PNG")


def atlas_picture(atlas: Atlas) -> np.ndarray:
    """Return an atlas as uint8 RGBA `[6 N, 4 N, 4]`; holes are (0, 0, 0, 0)."""
    alpha = np.where(atlas.known, 255, 0).astype(np.uint8)[..., None]
    tiles = np.concatenate([np.where(alpha > 0, atlas.colors, 0), alpha], -1).astype(np.uint8)
    side = atlas.side
    grid = tiles.reshape(COLUMNS, ROWS, side, side, 4).transpose(1, 2, 0, 3, 4)
    return grid.reshape(ROWS * side, COLUMNS * side, 4)


def paint(atlas: Atlas, part: np.ndarray, uv: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Look the colour of every pixel up in an atlas (texture transfer).

    Args:
      atlas: the textures.
      part: integer `[H, W]`, 0 where nobody is.
      uv: float `[H, W, 2]` in [0, 1].

    Returns:
      uint8 `[H, W, 3]`, bilinear among the texels that are known, and bool `[H, W]` where it is known.
    """
    person = part > 0
    tile = part[person].astype(int) - 1
    place = np.clip(uv[person], 0, 1) * [1, -1] + [0, 1]
    column, row = (place * (atlas.side - 1)).T
    low_row, low_column = (np.minimum(np.floor(k).astype(int), atlas.side - 2) for k in (row, column))
    total, weight = np.zeros((len(tile), 3)), np.zeros(len(tile))
    for down in (0, 1):
        for right in (0, 1):
            texel = tile, low_row + down, low_column + right
            share = (1 - np.abs(texel[1] - row)) * (1 - np.abs(texel[2] - column)) * atlas.known[texel]
            total += share[:, None] * atlas.colors[texel]
            weight += share
    colors, known = np.zeros((*part.shape, 3), np.uint8), np.zeros(part.shape, bool)
    known[person] = weight >= _LEAST_SHARE
    colors[person] = np.round(total / np.maximum(weight, 1e-9)[:, None])
    return np.where(known[..., None], colors, 0).astype(np.uint8), known


class AtlasMaker:
    """Collects the colours of people into one atlas, picture by picture (texture extraction)."""

    def __init__(self, side: int = TILE_SIDE):
        """Start with tiles of `side` x `side` texels that are all holes."""
        self._colors = np.zeros((charts.NUM_PARTS, side, side, 3))
        self._weight = np.zeros((charts.NUM_PARTS, side, side))

    def add(self, image: np.ndarray, owner: np.ndarray, part: np.ndarray, uv: np.ndarray) -> None:
        """Add the people of a picture.

        Neighbouring pixels of one person and part span triangles in the chart; a texel whose centre lies in one takes
        its colour, and the one that the picture shows largest where several do. Over several people and pictures texels
        are means, weighted by how many pixels they were seen with.

        Args:
          image: uint8 RGB `[H, W, 3]`.
          owner: int `[H, W]` whose pixel it is; people are added one by one.
          part: integer `[H, W]`, 0 where nobody is.
          uv: float `[H, W, 2]`.
        """
        seen = (part > 0) & (owner >= 0)
        # People and parts as labels from 1 on, so that each is looked at within its own rectangle.
        patches, labels = np.unique(np.where(seen, owner * (charts.NUM_PARTS + 1) + part, -1), return_inverse=True)
        labels = labels.reshape(part.shape) + (patches[0] >= 0)
        for label, region in enumerate(ndimage.find_objects(labels), 1):
            if region is not None:
                inside = labels[region] == label
                self._add_part(image[region], inside, int(part[region][inside][0]), uv[region])

    def _add_part(self, image: np.ndarray, inside: np.ndarray, part: int, uv: np.ndarray) -> None:
        """Add the pixels `inside` `[h, w]`, all of one part of one person."""
        side = self._weight.shape[1]
        numbers = np.full(inside.shape, -1)
        numbers[inside] = np.arange(np.count_nonzero(inside))
        places, faces = np.asarray(uv[inside], float), _triangles(numbers)
        corners = places[faces]
        faces, corners = (k[np.ptp(corners, axis=1).max(1, initial=0) <= _JUMP] for k in (faces, corners))
        # A triangle is half a pixel: the fewer texels it spans, the larger the picture shows them.
        span, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        texels = 0.5 * np.abs(span[:, 0] * other[:, 1] - span[:, 1] * other[:, 0]) * (side - 1) ** 2
        density = np.clip(0.5 / np.maximum(texels, 1e-9), 1e-3, 16.0)
        # Every triangle has corners of its own: depth, here the density, is the triangle's.
        points = np.concatenate([corners, np.repeat(density, 3).reshape(-1, 3, 1)], -1).reshape(-1, 3)
        shift = np.array([0.5, side - 0.5])
        camera = Camera(np.diag([1.0, -1.0, 1.0]), float(side - 1), shift, side, side)
        raster = rasterise(camera, points, np.arange(len(points)).reshape(-1, 3))
        weight = np.where(raster.mask, raster.depth, 0)
        self._weight[part - 1] += weight
        self._colors[part - 1] += weight[..., None] * raster.of_corners(image[inside][faces].astype(float))

    def atlas(self) -> Atlas:
        """Return the atlas of all that was added; what nobody showed is a hole."""
        known = self._weight > 0
        colors = self._colors / np.where(known, self._weight, 1)[..., None]
        return Atlas(np.round(colors).astype(np.uint8), known)


def checker_atlas(side: int = TILE_SIDE, cells: int = 8) -> Atlas:
    """Return an atlas in the parts' colours with checks of `cells` x `cells`, to see the charts on people."""
    row, column = np.mgrid[:side, :side] * cells // side
    shade = np.where((row + column) % 2, 0.55, 1.0)[None, ..., None]
    colors = np.round(shade * charts.PART_COLORS[1:, None, None]).astype(np.uint8)
    return Atlas(colors, np.ones(colors.shape[:3], bool))


def _triangles(numbers: np.ndarray) -> np.ndarray:
    """Return the triangles `[T, 3]` of neighbouring pixels, named by `numbers` `[H, W]`, -1 for those left out.

    A square of four pixels is cut along its diagonal; of three pixels one triangle is left.
    """
    a, b, c, d = numbers[:-1, :-1], numbers[:-1, 1:], numbers[1:, :-1], numbers[1:, 1:]
    without_d, without_a = np.stack([a, b, c], -1), np.stack([b, d, c], -1)
    without_b, without_c = np.stack([a, d, c], -1), np.stack([a, b, d], -1)
    triangles = [
        without_d[(a >= 0) & (b >= 0) & (c >= 0)],
        without_a[(b >= 0) & (c >= 0) & (d >= 0)],
        without_b[(a >= 0) & (c >= 0) & (d >= 0) & (b < 0)],
        without_c[(a >= 0) & (b >= 0) & (d >= 0) & (c < 0)],
    ]
    return np.concatenate(triangles)


def _of_tiles(folder: str, what: str) -> Atlas:
    """Read an atlas from a folder of pictures, one per part."""
    tiles: dict[int, np.ndarray] = {}
    for path in files.images_in(folder, what):
        part = _part_of(Path(path).stem)
        if part is None:
            raise InputError(f"{what}: {path}: its name tells no part 1..{charts.NUM_PARTS}")
        if part in tiles:
            raise InputError(f"{what}: {path}: a second picture of part {part}")
        tiles[part] = _rgba(Path(path))
        height, width = tiles[part].shape[:2]
        if height != width or height < 2:
            raise InputError(f"{what}: {path} is {width} x {height}; a part's texture is square")
    sides = {tile.shape[0] for tile in tiles.values()}
    if len(sides) > 1:
        raise InputError(f"{what}: {folder}: pictures of {' and '.join(map(str, sorted(sides)))} texels")
    rgba = np.zeros((charts.NUM_PARTS, *(2 * tuple(sides)), 4), np.uint8)
    for part, tile in tiles.items():
        rgba[part - 1] = tile
    return _of_rgba(rgba)


def _part_of(stem: str) -> int | None:
    """Return the part that a file's stem names, or None."""
    if stem in charts.PART_NAMES[1:]:
        return charts.PART_NAMES.index(stem)
    numbers = re.findall(r"\d+", stem)
    return int(numbers[-1]) if numbers and 1 <= int(numbers[-1]) <= charts.NUM_PARTS else None


def _of_rgba(tiles: np.ndarray) -> Atlas:
    """Return the atlas of tiles `[24, N, N, 4]`."""
    return Atlas(np.ascontiguousarray(tiles[..., :3]), tiles[..., 3] >= 128)


def _rgba(path: Path) -> np.ndarray:
    """Read a picture as uint8 RGBA `[H, W, 4]`. Raises InputError."""
    try:
        with Image.open(path) as opened:
            return np.asarray(opened.convert("RGBA"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: not a readable picture ({' '.join(str(error).split())})") from error
