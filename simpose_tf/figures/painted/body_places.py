"""Where on a body each texel lies: the scalar fields with which skin, hair and clothes are painted.

Everything is measured on the neutral shape, once per process; so a hem at the knee is at the knee of every shape.
"""

import functools
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.spatial import cKDTree

from simpose_tf.figures import makehuman
from simpose_tf.figures.dressed import patches
from simpose_tf.figures.figure import Skeleton
from simpose_tf.figures.makehuman import BaseMesh
from simpose_tf.figures.painted import body_atlas
from simpose_tf.figures.painted.body_atlas import Atlas

NUM_NOISES = 24  # three scales of four directions, each as sine and cosine: any mixture is another noise
_NOISE_PERIODS = (0.22, 0.07, 0.022)  # metres

# Hairline: degrees around the head (0 front, 90 ear, 180 nape) -> height above the eyes in units of eye-to-crown.
_HAIRLINE = PchipInterpolator(
    [0, 25, 45, 60, 70, 78, 100, 112, 125, 150, 180], [0.66, 0.68, 0.5, 0.28, -0.1, -0.12, 0.14, 0.1, -0.3, -0.72, -0.8]
)


@dataclass(frozen=True)
class Places:
    """Fields `[n]` float32 at some of the texels.

    Attributes:
      texels: `[n]` which of the atlas' covered texels.
      x, y, z: neutral positions, metres; soles at `FLOOR`.
      front: z, and `up`: y of the unit normal.
      arm: share of the skin weights that hang on arm and hand; `hand`, `foot` likewise.
      way: along either arm, 0 at the shoulder, 1 at the elbow, 2 at the wrist.
      along: metres along trunk, arm or leg, upward; `turn`: once around it in [0, 1), 0 at the back;
      girth: metres around it.
      crease: -1..1, waves across a limb at elbow, knee, groin and waist, 0 elsewhere.
      cavity: 0 on open skin to 1 in deep hollows.
      noise: `[n, NUM_NOISES]` smooth noise of unit variance, sine and cosine in turns.
    """

    texels: np.ndarray
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    front: np.ndarray
    up: np.ndarray
    arm: np.ndarray
    hand: np.ndarray
    foot: np.ndarray
    way: np.ndarray
    along: np.ndarray
    turn: np.ndarray
    girth: np.ndarray
    crease: np.ndarray
    cavity: np.ndarray
    noise: np.ndarray

    def take(self, keep: np.ndarray) -> "Places":
        """Return the places where `keep` `[n]` is true."""
        return Places(**{name: np.ascontiguousarray(field[keep]) for name, field in vars(self).items()})

    def mixed(self, rng: np.random.Generator, scale: int) -> np.ndarray:
        """Return a random smooth noise `[n]` of about unit variance; `scale` 0 coarse, 1 middle, 2 fine."""
        width = NUM_NOISES // len(_NOISE_PERIODS)
        mixture = rng.normal(0, 1, width).astype(np.float32)
        return self.noise[:, scale * width : (scale + 1) * width] @ (mixture / np.linalg.norm(mixture))


@dataclass(frozen=True)
class HeadPlaces:
    """Fields `[n]` of the head's texels, beside their `places`.

    `hairline`: metres above the hairline; `degrees`: around the head, 0 front, 180 back; `height`: above the eyes in
    units of eye to crown; `lashes`: metres from the rims of the eyelids; `upper_lid`: 1 for the upper rim.
    """

    places: Places
    hairline: np.ndarray
    degrees: np.ndarray
    height: np.ndarray
    lashes: np.ndarray
    upper_lid: np.ndarray


@dataclass(frozen=True)
class Body:
    """All that painting needs: places of `everywhere` on the body, of regions, of the eyeballs; joints by name.

    `eye_texels` and `eye_angle`: the eyeballs' texels and their angle from the pupil, radians; `eye_height`: how high
    on the eyeball, -1..1.
    """

    everywhere: Places
    upper: Places
    lower: Places
    feet: Places
    head: HeadPlaces
    eye_texels: np.ndarray
    eye_angle: np.ndarray
    eye_height: np.ndarray
    joints: dict[str, np.ndarray]
    floor: float


@functools.cache
def body_places() -> Body:
    """Return the places of the open body (made once per process, about a second)."""
    base, atlas = makehuman.load_base(), body_atlas.body_atlas()
    skeleton = makehuman.skeleton_of(base, base.vertices)
    joints = dict(zip(skeleton.names, skeleton.heads, strict=True))
    whole = _places(base, atlas, skeleton, joints)
    on_body = atlas.face < atlas.num_body_faces
    body = whole.take(on_body)
    neck, hips = joints["Neck"][1], joints["Hips"][1]
    head = body.take((body.y > neck - 0.06) & (np.abs(body.x) < 0.14) & (body.arm < 0.05))
    return Body(
        everywhere=body,
        upper=body.take((body.y > hips - 0.12) & (body.y < neck + 0.08) | (body.arm > 0.02)),
        lower=body.take((body.y < hips + 0.2) & (body.arm < 0.5)),
        feet=body.take(body.y < joints["LeftFoot"][1] + 0.3),
        head=_head(base, head, atlas),
        eye_texels=np.nonzero(~on_body)[0],
        joints=joints,
        floor=float(base.vertices[: base.body_quads.max() + 1, 1].min()),
        **_eyes(base, atlas, ~on_body),
    )


def _places(base: BaseMesh, atlas: Atlas, skeleton: Skeleton, joints: dict[str, np.ndarray]) -> Places:
    """Return the places of all texels."""
    neutral = base.vertices[atlas.vertex_ids]
    points = atlas.at_texels(neutral)
    normals = atlas.at_texels(body_atlas.neutral_normals(atlas, base))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    skin = base.skin[atlas.vertex_ids]

    def share(*bones: str) -> np.ndarray:
        bare = [name.removeprefix("Left").removeprefix("Right") for name in skeleton.names]
        return atlas.at_texels(skin[:, [b.startswith(bones) for b in bare]].sum(1))

    arm, lower = share("Arm", "ForeArm", "Hand"), share("ForeArm", "Hand")
    leg = share("UpLeg", "Leg", "Foot", "Toe")
    way, arm_along, arm_turn = _along_arm(points, lower, joints)
    along, turn, girth = _around_trunk_and_legs(points, leg, joints)
    on_arm = arm > 0.5
    fields = {
        "texels": np.arange(len(points)),
        "x": points[:, 0],
        "y": points[:, 1],
        "z": points[:, 2],
        "front": normals[:, 2],
        "up": normals[:, 1],
        "arm": arm,
        "hand": share("Hand"),
        "foot": share("Foot", "Toe"),
        "way": way,
        "along": np.where(on_arm, arm_along, along),
        "turn": np.where(on_arm, arm_turn, turn),
        "girth": np.where(on_arm, 0.27, girth),
        "crease": _creases(points, arm, way, leg, joints),
        "cavity": atlas.at_texels(_cavities(neutral, atlas.faces)),
    }
    fields = {name: field if name == "texels" else field.astype(np.float32) for name, field in fields.items()}
    return Places(noise=_noises(points), **fields)


def _along_arm(points: np.ndarray, lower: np.ndarray, joints: dict[str, np.ndarray]) -> tuple:
    """Return the way, the metres along (falling to the hand) and the turn around either arm at points `[n, 3]`.

    `lower` `[n]` is the forearm's share of the weights: the two straight ways are blended by it over the elbow.
    """
    mirrored = np.abs(points) * [1, 0, 0] + points * [0, 1, 1]
    shoulder, elbow, wrist = (joints[f"Left{bone}"] for bone in ("Arm", "ForeArm", "Hand"))
    ways, turns = [], []
    for start, end in ((shoulder, elbow), (elbow, wrist)):
        axis = end - start
        length = np.linalg.norm(axis)
        ways.append((mirrored - start) @ axis / length**2)
        across = mirrored - start - ways[-1][:, None] * axis
        over = np.array([0, 1, 0]) - axis * axis[1] / length**2
        over /= np.linalg.norm(over)
        turns.append(np.arctan2(across @ np.cross(axis / length, over), across @ over))
    way = (1 - lower) * ways[0] + lower * (1 + ways[1])
    turn = np.where(lower > 0.5, turns[1], turns[0])
    metres = float(np.linalg.norm(elbow - shoulder))
    return way, -way * metres, turn / (2 * np.pi) % 1


def _around_trunk_and_legs(points: np.ndarray, leg: np.ndarray, joints: dict[str, np.ndarray]) -> tuple:
    """Return metres along, the turn around and the girth of the trunk, or of a leg below the crotch."""
    crotch = joints["LeftUpLeg"][1] - 0.07
    below = points[:, 1] < crotch
    share = np.clip((crotch - points[:, 1]) / (crotch - joints["LeftFoot"][1]), 0, 1)
    axis_x = np.where(below, (1 - share) * joints["LeftUpLeg"][0] + share * joints["LeftFoot"][0], 0)
    side = np.where(below, np.sign(points[:, 0]), 1)
    x, z = side * points[:, 0] - axis_x, points[:, 2] - np.where(below, 0.01, 0.03)
    girth = np.where(below, 0.55 - 0.25 * share, 0.85)
    on_shoulders = np.clip((points[:, 1] - joints["LeftArm"][1] + 0.04) / 0.06, 0, 1)  # they lie flat: away is down
    along = points[:, 1] - on_shoulders * np.hypot(x, z)
    return along, (np.arctan2(x, z) / (2 * np.pi) + 0.5) % 1, girth


def _creases(
    points: np.ndarray, arm: np.ndarray, way: np.ndarray, leg: np.ndarray, joints: dict[str, np.ndarray]
) -> np.ndarray:
    """Return waves across elbow, knee, groin and waist."""
    warp = 0.012 * np.sin(points @ [31.0, 17, 23]) + 0.006 * np.sin(points @ [71.0, -37, 53])
    waist = 0.5 * (joints["Hips"][1] + joints["Spine"][1]) + 0.03

    def waves(distance: np.ndarray, reach: float, period: float) -> np.ndarray:
        return np.exp(-((distance / reach) ** 2)) * np.sin(2 * np.pi * (distance + warp) / period)

    at_elbow = np.where(arm > 0.5, waves(0.23 * (way - 1), 0.06, 0.036), 0)
    legs = np.where(arm > 0.5, 0, np.minimum(leg * 2, 1))
    knee = waves(points[:, 1] - joints["LeftLeg"][1], 0.07, 0.045)
    slanted = points[:, 1] - joints["LeftUpLeg"][1] - 0.55 * (np.abs(points[:, 0]) - 0.1)
    groin = waves(slanted, 0.05, 0.04) * (points[:, 2] > 0)
    ankle = waves(points[:, 1] - joints["LeftFoot"][1] - 0.05, 0.06, 0.04)
    return at_elbow + legs * (knee + groin + ankle) + np.where(arm > 0.3, 0, waves(points[:, 1] - waist, 0.06, 0.05))


def _cavities(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return how deep `[V]` vertices lie in hollows narrower than about 2 cm, 0..1."""
    mean = patches.averaging(faces, len(points))
    normals = body_atlas.vertex_normals(points.astype(np.float32), faces)
    total = np.zeros(len(points))
    for rounds, depth in ((2, 0.0012), (10, 0.004)):
        inside = np.einsum("vc,vc->v", patches.smooth(points, mean, rounds, 0.9) - points, normals)
        total += np.clip(inside / depth, 0, 1) / 2
    return total


def _noises(points: np.ndarray) -> np.ndarray:
    """Return `[n, NUM_NOISES]` float32: warped waves of three scales in four directions, sine and cosine."""
    rng = np.random.default_rng(7)  # part of the layout, the same for every body
    columns = []
    for period in _NOISE_PERIODS:
        for direction in rng.normal(0, 1, (NUM_NOISES // (2 * len(_NOISE_PERIODS)), 3)):
            warp = 1.3 * np.sin(points @ (rng.normal(0, 0.8, (3, 3)) * 2 * np.pi / period) + rng.uniform(0, 6, 3))
            wave = 2 * np.pi / period * direction / np.linalg.norm(direction)
            phase = points @ wave + warp @ rng.normal(0, 0.8, 3)
            columns += [np.sin(phase) * np.sqrt(2), np.cos(phase) * np.sqrt(2)]
    return np.stack(columns, -1).astype(np.float32)


def _head(base: BaseMesh, head: Places, atlas: Atlas) -> HeadPlaces:
    """Return the head's fields; ears and eyes are where the neutral shape's keypoints are."""
    keypoints = base.keypoint_regressor @ base.vertices
    eyes, ears = keypoints[1:3].mean(0), keypoints[3:5].mean(0)
    unit = base.vertices[: base.body_quads.max() + 1, 1].max() - eyes[1]
    height = (head.y - eyes[1]) / unit
    degrees = np.degrees(np.arctan2(np.abs(head.x - ears[0]), head.z - ears[2]))
    in_the_mouth = (np.hypot(head.x - ears[0], head.z - ears[2]) < 0.4 * unit) & (height < 0.5)
    hairline = np.where(in_the_mouth, -1, (height - _HAIRLINE(degrees)) * unit)
    roots, upper = _lash_roots(base)
    distance, nearest = cKDTree(roots).query(np.stack([head.x, head.y, head.z], -1))
    fields = (hairline, degrees, height, distance, upper[nearest])
    return HeadPlaces(head, *(np.asarray(field, np.float32) for field in fields))


def _lash_roots(base: BaseMesh) -> tuple[np.ndarray, np.ndarray]:
    """Return points `[n, 3]` along the rims of the eyelids, where lashes grow, and whether it is the upper rim."""
    roots, upper = [], []
    for side in "lr":
        eye = base.vertices[np.unique(base.groups[f"helper-{side}-eye"])]
        middle = (eye.max(0) + eye.min(0)) / 2
        for group in (f"helper-{side}-eyelashes-1", f"helper-{side}-eyelashes-2"):
            lashes = base.vertices[np.unique(base.groups[group])]
            distance = np.linalg.norm(lashes - middle, axis=1)
            near = lashes[distance < distance.min() + 0.003]
            roots.append(near)
            upper.append(np.full(len(near), float(lashes[:, 1].mean() > middle[1])))
    return np.concatenate(roots), np.concatenate(upper)


def _eyes(base: BaseMesh, atlas: Atlas, on_eyes: np.ndarray) -> dict[str, np.ndarray]:
    """Return `eye_angle` and `eye_height` of a `Body`."""
    face, weights = atlas.face[on_eyes], atlas.weights[on_eyes]
    angle, height = np.zeros(len(face)), np.zeros(len(face))
    corners = base.vertices[atlas.vertex_ids][atlas.faces[face]]
    points = np.einsum("nk,nkc->nc", weights, corners)
    for group, side in zip(body_atlas.EYES, (1, -1), strict=True):
        own = points[:, 0] * side > 0
        ball = base.vertices[np.unique(base.groups[group])]
        middle, radius = (ball.max(0) + ball.min(0)) / 2, np.ptp(ball[:, 1]) / 2
        way = points[own] - middle
        angle[own] = np.arccos(way[:, 2] / np.linalg.norm(way, axis=1))
        height[own] = way[:, 1] / radius
    return {"eye_angle": angle.astype(np.float32), "eye_height": height.astype(np.float32)}
