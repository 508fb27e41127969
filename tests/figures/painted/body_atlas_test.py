import numpy as np

from simpose_tf.figures import makehuman
from simpose_tf.figures.painted.body_atlas import SIZE, body_atlas


def sample(image, uv):
    """Return bilinear samples `[N, C]` of an image `[S, S, C]` at texture coordinates `[N, 2]`."""
    x = np.clip(uv * SIZE - 0.5, 0, SIZE - 1.001)
    low = np.floor(x).astype(int)
    share = (x - low)[..., None]
    corner = lambda dx, dy: image[low[:, 1] + dy, low[:, 0] + dx].astype(float)  # noqa: E731
    upper = corner(0, 0) * (1 - share[:, 0]) + corner(1, 0) * share[:, 0]
    lower = corner(0, 1) * (1 - share[:, 0]) + corner(1, 1) * share[:, 0]
    return upper * (1 - share[:, 1]) + lower * share[:, 1]


def gradient():
    """Return a picture of the neutral position, its colour range in metres, and positions at the vertices."""
    atlas = body_atlas()
    points = makehuman.load_base().vertices[atlas.vertex_ids]
    low, high = points.min(0), points.max(0)
    return atlas.image((atlas.at_texels(points) - low) / (high - low))[..., :3], low, high, points


def test_every_texel_is_where_its_face_says():
    atlas = body_atlas()
    uv = np.einsum("nk,nkc->nc", atlas.weights, atlas.texture_uv[atlas.face])
    number = np.full(len(atlas.face), -1)
    place = np.arange(SIZE * SIZE)
    # Covered places own themselves: the texel whose middle is theirs.
    middle = np.stack([place % SIZE + 0.5, place // SIZE + 0.5], -1) / SIZE
    own = np.abs(uv[atlas.owner] - middle).max(1) < 1e-4
    number[atlas.owner[own]] = place[own]
    assert (number >= 0).all()
    np.testing.assert_allclose(atlas.weights.sum(1), 1, atol=1e-5)


def test_a_painted_position_is_read_back_on_the_skin():
    atlas = body_atlas()
    image, low, high, points = gradient()
    body = slice(0, atlas.num_body_faces)
    read = sample(image, atlas.texture_uv[body].mean(1)) / 255 * (high - low) + low
    error = np.linalg.norm(read - points[atlas.faces[body]].mean(1), axis=1)
    assert np.median(error) < 0.004 and np.quantile(error, 0.99) < 0.02


def test_nothing_shows_where_the_layout_is_cut():
    atlas = body_atlas()
    image, low, high, _ = gradient()
    faces, uv = atlas.faces[: atlas.num_body_faces], atlas.texture_uv[: atlas.num_body_faces]
    order = np.argsort(faces.ravel(), kind="stable")
    corner_uv, vertex = uv.reshape(-1, 2)[order], faces.ravel()[order]
    first = np.searchsorted(vertex, vertex)
    cut = np.abs(corner_uv - corner_uv[first]).max(1) > 1e-4
    assert cut.sum() > 300
    one, other = sample(image, corner_uv[cut]), sample(image, corner_uv[first][cut])
    apart = np.linalg.norm((one - other) / 255 * (high - low), axis=1)
    assert np.quantile(apart, 0.95) < 0.01 and apart.max() < 0.05


def test_no_face_of_the_body_is_folded_over():
    uv = body_atlas().texture_uv[: body_atlas().num_body_faces].astype(float)
    a, b = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    assert (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0] <= 0).all()  # rows run downward: all turn one way
