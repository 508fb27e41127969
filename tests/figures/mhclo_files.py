"""MakeHuman garments made for tests out of the base mesh's own helper cages."""

from pathlib import Path

import numpy as np

from simpose_tf.figures import makehuman


def write_garment(folder: Path, name: str, quads: np.ndarray, grow: float = 0.06, lines: str = "") -> Path:
    """Write a garment whose vertices are those of some quads of the base mesh, `grow` decimetres outward in x and z."""
    folder.mkdir(parents=True, exist_ok=True)
    base = makehuman.load_base()
    used, index = np.unique(quads, return_inverse=True)
    points = 10 * base.vertices[used]
    center = points.mean(0)
    out = grow * np.sign(points - center) * [1, 0, 1]
    obj = [f"v {x} {y} {z}" for x, y, z in points + out]
    obj += [f"vt {u} {v}" for u, v in np.random.default_rng(0).uniform(0, 1, (len(used), 2))]
    obj += ["f " + " ".join(f"{k + 1}/{k + 1}" for k in quad) for quad in index.reshape(-1, 4)]
    (folder / f"{name}.obj").write_text("\n".join(obj))
    rows = [f"{v} {v} {v} 1.0 0.0 0.0 {x} {y} {z}" for v, (x, y, z) in zip(used, out, strict=True)]
    head = f"# a garment\nbasemesh hm08\nname {name}\nobj_file {name}.obj\n{lines}\nverts 0\n"
    path = folder / f"{name}.mhclo"
    path.write_text(head + "\n".join(rows) + "\n")
    return path


def suit_quads() -> np.ndarray:
    """Return the quads of the helper tights between neck and ankles, without the hands."""
    base = makehuman.load_base()
    quads = base.groups["helper-tights"]
    y, x = base.vertices[quads, 1], np.abs(base.vertices[quads, 0])
    return quads[((y > -0.7) & (y < 0.55) & (x < 0.36)).all(1)]


def shoe_quads() -> np.ndarray:
    """Return the quads of the helper tights' feet."""
    base = makehuman.load_base()
    quads = base.groups["helper-tights"]
    return quads[(base.vertices[quads, 1] < -0.72).all(1)]


def wardrobe(folder: Path) -> str:
    """Write four suits and shoes; return the folder's name."""
    for tag in ("male_a", "female_b", "female_c", "male_d"):
        write_garment(folder / "clothes" / tag, tag, suit_quads())
    write_garment(folder / "clothes" / "boots", "boots", shoe_quads(), 0.03)
    return str(folder)
