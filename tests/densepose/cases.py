"""Small bodies, pictures and result lists for tests of DensePose's evaluation."""

import base64
import io
import json
import pickle
from pathlib import Path

import numpy as np
import scipy.io
from PIL import Image
from pycocotools import mask as coco_mask

from simpose_tf.surface.chart_vertices import ChartVertices
from simpose_tf.surface.distance_table import DistanceTable

SIZE = (60, 80)  # height, width of pictures


def line_body(step=0.1, count=11):
    """A body with one chart vertex at u = 0, .1, ... 1 (v = 0) of each part; vertices k and l are |k - l| steps apart.

    All parts share the mesh vertices, so the distance of two places is that of their u, in tenths of a metre.
    """
    u = np.arange(count) / (count - 1)
    part = np.repeat(np.arange(1, 25), count)
    uv = np.stack([np.tile(u, 24), np.zeros(24 * count)], -1)
    i, j = np.tril_indices(count, -1)
    return ChartVertices(
        "line", part, uv, np.tile(np.arange(count), 24), DistanceTable(np.float32(step * (i - j)), count)
    )


def random_body(rng, vertices=30, charts=90):
    """A body of random charts, uv on a coarse grid so that many are equally near."""
    part = np.concatenate([np.arange(1, 25), rng.integers(1, 25, charts - 24)])
    uv = rng.integers(0, 5, (charts, 2)) / 4
    triangle = rng.uniform(0, 0.5, vertices * (vertices - 1) // 2).astype(np.float32)
    return part, uv, rng.integers(0, vertices, charts), triangle, vertices


def body_of(part, uv, vertex, triangle, count):
    """The same as `ChartVertices`."""
    return ChartVertices("random", part, uv, vertex, DistanceTable(triangle, count))


def write_files(folder, part, uv, vertex, triangle, _count=0):
    """Write the three official files."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    named = {"Part_ID_subdiv": part[:, None], "U_subdiv": uv[:, :1], "V_subdiv": uv[:, 1:]}
    scipy.io.savemat(folder / "SMPL_subdiv.mat", named)
    scipy.io.savemat(folder / "SMPL_SUBDIV_TRANSFORM.mat", {"index": (vertex[:, None] + 1).astype(np.int32)})
    (folder / "Pdist_matrix.pkl").write_bytes(pickle.dumps({"Pdist_matrix": triangle[:, None]}, protocol=2))
    return folder


def image(number=1, size=SIZE, **more):
    return {"id": number, "height": size[0], "width": size[1], **more}


def person(number, box, points=(), part=1, image_id=1, **more):
    """An annotation with points (x in pixels from the box's left, y likewise, u)."""
    x, y, u = np.array(points, float).reshape(-1, 3).T
    return {
        "id": number, "image_id": image_id, "category_id": 1, "bbox": list(box), "area": float(box[2] * box[3]),
        "iscrowd": 0, "dp_x": (x * 255 / max(box[2], 1)).tolist(), "dp_y": (y * 255 / max(box[3], 1)).tolist(),
        "dp_I": [part] * len(x), "dp_U": u.tolist(), "dp_V": [0.0] * len(x), **more,
    }  # fmt: skip


def without_points(annotation):
    """The annotation as a person that nobody put points on."""
    return {key: value for key, value in annotation.items() if not key.startswith("dp_")}


def pixels(box, part=1, u=0.0, v=0.0):
    """The iuv of a box, one part and one place all over."""
    iuv = np.zeros((max(int(box[3]), 1), max(int(box[2]), 1), 3), np.uint8)
    iuv[:] = part, int(u * 255), int(v * 255)
    return iuv


def result(box, iuv=None, score=0.5, image_id=1, category=1):
    iuv = pixels(box) if iuv is None else iuv
    return {
        "image_id": image_id, "category_id": category, "bbox": list(box), "score": score,
        "uv_shape": [3, *iuv.shape[:2]], "uv_data": encoded(iuv),
    }  # fmt: skip


def encoded(iuv, **saving):
    """base64 with line breaks, as DensePose writes it, of a PNG."""
    stream = io.BytesIO()
    Image.fromarray(iuv).save(stream, **{"format": "PNG", **saving})
    return base64.encodebytes(stream.getvalue()).decode()


def dataset(annotations, images=None, **more):
    return {"images": images or [image()], "annotations": annotations, "categories": [{"id": 1}], **more}


def part_mask(top, bottom, left, right):
    """One of `dp_masks`: a rectangle of 256 x 256."""
    mask = np.zeros((256, 256), np.uint8)
    mask[top:bottom, left:right] = 1
    encoded_mask = coco_mask.encode(np.asfortranarray(mask))
    return {"size": [256, 256], "counts": encoded_mask["counts"].decode()}


def write_json(path, value):
    Path(path).write_text(json.dumps(value))
