"""From a drawn posture to one that stands: the nearest joint angles that meet goals, by damped least squares.

A posture drawn joint by joint floats, falls over, and puts hands where nothing is. Goals say what must touch the
ground, that the body stands in balance, where hands are, and that limbs keep out of the body; the solver then moves all
joints a little (Levenberg 1944, Marquardt 1963; derivatives by differences, all at once).
"""

import functools
from dataclasses import dataclass, field

import numpy as np

from simpose_tf.figures import joints, kinematics
from simpose_tf.figures.motion.reference_body import SIDES, Landmark, ReferenceBody

Angles = tuple[float, float, float]
Pose = dict[str, Angles]


@dataclass(frozen=True)
class Reach:
    """A point of the body that shall be at another one.

    Attributes:
      point: a landmark (`LeftPalm`).
      target: a landmark (`RightArmOut`), or a place fixed to a bone: (bone, x, y, z), metres from its joint in the
        neutral posture's axes (x left, y up, z front); the bone `Ground` stands for the world, from the ground below
        the hips.
      gap: metres between the two along the target's outward direction (a telephone's thickness); only for landmarks.
      sd: metres that it may miss.
      wish: whether the pose is still good if it is missed.
    """

    point: str
    target: str | tuple[str, float, float, float]
    gap: float = 0.0
    sd: float = 0.01
    wish: bool = False


@dataclass(frozen=True)
class Posture:
    """Drawn joint angles (degrees, by bone; absent bones: zero) and goals.

    Attributes:
      angles: what was drawn.
      ground: landmarks that lie on the ground.
      balance: whether the centre of mass lies over them.
      reach: where points shall be.
      loose: bones that may leave their drawn angles freely for the goals.
    """

    angles: Pose
    ground: tuple[str, ...] = ()
    balance: bool = False
    reach: tuple[Reach, ...] = ()
    loose: tuple[str, ...] = field(default=())


# Standard deviations in degrees of what the solver may change, by bone without its side (flexion, abduction, twist).
_FREEDOM = {
    "Hips": (8, 5, 3), "Spine": (4, 3, 3), "Spine1": (4, 3, 3), "Spine2": (4, 3, 3), "Neck": (3, 2, 2),
    "Head": (3, 2, 2), "Shoulder": (3, 4, 1), "Arm": (14, 12, 14), "ForeArm": (16, 0.5, 12), "Hand": (6, 12, 10),
    "UpLeg": (10, 6, 6), "Leg": (12, 0.5, 0.5), "Foot": (16, 8, 8), "ToeBase": (14, 0.5, 0.5),
}  # fmt: skip
_LOOSE = 4.0  # how much freer loose bones are
_GROUND_SD, _SUNK_SD, _BALANCE_SD, _INSIDE_SD = 0.002, 0.004, 0.006, 0.004  # metres
_OVERLAP = 0.006  # metres that balls of two limbs may overlap: skin gives way
_ROUNDS = 18

# Masses of body parts in shares of the whole, and where along bones their centres lie (de Leva 1996, both sexes).
_MASSES = (
    ("Head", 0.4, 0.069), ("Spine2", 0.3, 0.158), ("Spine1", 0.2, 0.155), ("Hips", 0.5, 0.118),
    ("LeftArm", 0.57, 0.027), ("RightArm", 0.57, 0.027), ("LeftForeArm", 0.46, 0.016), ("RightForeArm", 0.46, 0.016),
    ("LeftHand", 0.8, 0.006), ("RightHand", 0.8, 0.006), ("LeftUpLeg", 0.4, 0.145), ("RightUpLeg", 0.4, 0.145),
    ("LeftLeg", 0.44, 0.046), ("RightLeg", 0.44, 0.046), ("LeftFoot", 0.5, 0.0135), ("RightFoot", 0.5, 0.0135),
)  # fmt: skip
_LOWEST = ("Heel", "BallIn", "BallOut", "Toe", "Kneecap", "ToeTop", "Seat", "Palm", "Fingers", "Knuckles", "Elbow")


def solve(body: ReferenceBody, posture: Posture, skin: dict[str, Landmark] | None = None) -> tuple[np.ndarray, float]:
    """Return the nearest angles `[J, 3]` (of `body.chain`, degrees) that meet the goals.

    Args:
      body: who takes the posture.
      posture: what was drawn and the goals.
      skin: landmarks to use instead of the body's (where the skin really is in this posture), and further points that
        must not sink into the ground.

    Returns:
      The angles, and the largest distance in metres from a goal that was not met.
    """
    problem = _Problem(body, posture, skin or {})
    x, damping = problem.start.copy(), 1e-2
    residuals, jacobian = _linearised(problem, x)
    for _ in range(_ROUNDS):
        normal, slope = jacobian.T @ jacobian, jacobian.T @ residuals
        step = -np.linalg.solve(normal + damping * np.eye(len(x)), slope)
        trial = problem.clipped(x + step)
        if (problem.residuals(trial[None])[0] ** 2).sum() < (residuals**2).sum():
            moved = np.abs(trial - x).max()
            x, damping = trial, max(damping / 4, 1e-6)
            residuals, jacobian = _linearised(problem, x)
            if moved < 1e-3:
                break
        else:
            damping = min(damping * 6, 1e6)
    return problem.angles(x[None])[0], problem.miss(x)


def _linearised(problem: "_Problem", x: np.ndarray, step: float = 1e-4) -> tuple[np.ndarray, np.ndarray]:
    """Return residuals `[R]` and their derivatives `[R, N]`, rows that are zero left out."""
    batch = np.concatenate([x[None], x + step * np.eye(len(x))])
    values = problem.residuals(batch)
    values = values[:, np.any(values != 0, 0)]
    return values[0], (values[1:] - values[0]).T / step


class _Problem:
    """The variables are angles in units of their standard deviations, the ground's height (cm), and how the weight is
    spread over the ground points (a softmax)."""

    def __init__(self, body: ReferenceBody, posture: Posture, skin: dict[str, Landmark]):
        self.body, self.posture, chain = body, posture, body.chain
        drawn = np.array([posture.angles.get(name, (0.0, 0.0, 0.0)) for name in chain.names])
        self.drawn = joints.within_limits(chain.names, drawn)
        self.sd = np.array([_FREEDOM[joints.kind(name) or ""] for name in chain.names], float)
        self.sd[[name in posture.loose for name in chain.names]] *= _LOOSE
        self.low, self.high = joints.limits(chain.names)
        self.weights = len(posture.ground) if posture.balance else 0
        self.ground = self._table([skin.get(name) or body.landmarks[name] for name in posture.ground])
        lowest = {side + name: body.landmarks[side + name] for side in SIDES for name in _LOWEST} | skin
        self.lowest = self._table(list(lowest.values()))
        self.masses = self._table([_mass_point(body, *row[:2]) for row in _MASSES])
        self.shares = np.array([row[2] for row in _MASSES]) / sum(row[2] for row in _MASSES)
        self.reach = self._table([body.landmarks[reach.point] for reach in posture.reach])
        self.pairs = ball_pairs(body)
        self.start = np.zeros(self.drawn.size + 1 + self.weights)
        self.start[self.drawn.size] = 100 * self._ground_height(self.drawn)

    def _table(self, landmarks: list[Landmark]) -> tuple[np.ndarray, np.ndarray]:
        names = self.body.chain.names
        bones = np.array([names.index(mark.bone) for mark in landmarks], int)
        return bones, np.array([mark.point for mark in landmarks]).reshape(-1, 3)

    def _ground_height(self, angles: np.ndarray) -> float:
        frames, heads = kinematics.forward(self.body.chain, angles[None])
        if not self.posture.ground:
            return float(kinematics.points(self.body.chain, frames, heads, *self.lowest)[0, :, 1].min())
        return float(np.median(kinematics.points(self.body.chain, frames, heads, *self.ground)[0, :, 1]))

    def angles(self, x: np.ndarray) -> np.ndarray:
        """Return degrees `[N, J, 3]` of variables `[N, X]`."""
        return self.drawn + self.sd * x[:, : self.drawn.size].reshape(-1, *self.drawn.shape)

    def clipped(self, x: np.ndarray) -> np.ndarray:
        """Return the variables with the angles inside their limits."""
        inside = joints.within_limits(self.body.chain.names, self.angles(x[None])[0])
        return np.concatenate([((inside - self.drawn) / self.sd).ravel(), x[self.drawn.size :]])

    def residuals(self, x: np.ndarray) -> np.ndarray:
        """Return `[N, R]` what shall be small, in standard deviations."""
        chain, count = self.body.chain, self.drawn.size
        frames, heads = kinematics.forward(chain, self.angles(x))
        height = x[:, count : count + 1] / 100
        ground = kinematics.points(chain, frames, heads, *self.ground)
        lowest = kinematics.points(chain, frames, heads, *self.lowest)
        parts = [x[:, :count], x[:, count + 1 :] / 1.2]
        parts += [(ground[..., 1] - height) / _GROUND_SD, np.minimum(lowest[..., 1] - height, 0) / _SUNK_SD]
        if self.weights:
            spread = np.exp(x[:, count + 1 :] - x[:, count + 1 :].max(1, keepdims=True))
            spread /= spread.sum(1, keepdims=True)
            center = np.einsum("npc,p->nc", kinematics.points(chain, frames, heads, *self.masses), self.shares)
            off = center - np.einsum("npc,np->nc", ground, spread)
            parts.append(off[:, [0, 2]] / _BALANCE_SD)
        parts += [self.misses(frames, heads, height) / self._reach_sd(), self.overlaps(frames, heads) / _INSIDE_SD]
        return np.concatenate(parts, 1)

    def _reach_sd(self) -> np.ndarray:
        return np.repeat([reach.sd for reach in self.posture.reach], 3)

    def misses(self, frames: np.ndarray, heads: np.ndarray, height: np.ndarray) -> np.ndarray:
        """Return `[N, 3 * reaches]` metres from the reached points to their targets."""
        if not self.posture.reach:
            return np.zeros((frames.shape[1], 0))
        chain, at = self.body.chain, kinematics.points(self.body.chain, frames, heads, *self.reach)
        targets = []
        for reach in self.posture.reach:
            if isinstance(reach.target, str):
                targets.append(_point(self.body, frames, heads, self.body.landmarks[reach.target], reach.gap))
            elif reach.target[0] == "Ground":
                targets.append(np.array(reach.target[1:]) + chain.heads[0] * [1, 0, 1] + height * [0, 1, 0])
            else:
                j = chain.names.index(reach.target[0])
                targets.append(heads[j] + frames[j] @ np.array(reach.target[1:]))
        return (at - np.stack(targets, 1)).reshape(len(at), -1)

    def overlaps(self, frames: np.ndarray, heads: np.ndarray) -> np.ndarray:
        """Return `[N, P]` metres by which balls of different limbs overlap too much (never negative)."""
        body, (a, b) = self.body, self.pairs
        centers = kinematics.points(body.chain, frames, heads, body.ball_bones, body.ball_centers)
        between = centers[:, a] - centers[:, b]
        distance = np.sqrt(np.einsum("npc,npc->np", between, between))
        return np.maximum(body.ball_radii[a] + body.ball_radii[b] - _OVERLAP - distance, 0)

    def miss(self, x: np.ndarray) -> float:
        """Return the largest distance in metres of a goal that is not met."""
        frames, heads = kinematics.forward(self.body.chain, self.angles(x[None]))
        height = x[None, self.drawn.size : self.drawn.size + 1] / 100
        ground = kinematics.points(self.body.chain, frames, heads, *self.ground)[..., 1] - height
        must = np.repeat([not reach.wish for reach in self.posture.reach], 3).astype(bool)
        everything = [ground, self.misses(frames, heads, height)[:, must], self.overlaps(frames, heads)]
        return float(max((np.abs(part).max() for part in everything if part.size), default=0.0))


def _mass_point(body: ReferenceBody, bone: str, share: float) -> Landmark:
    j = body.skeleton.names.index(bone)
    return Landmark(bone, body.skeleton.heads[j] + share * (body.skeleton.tails[j] - body.skeleton.heads[j]))


def _point(body: ReferenceBody, frames: np.ndarray, heads: np.ndarray, mark: Landmark, gap: float) -> np.ndarray:
    """Return where a landmark is, `gap` metres further out from its bone, `[N, 3]`."""
    chain = body.chain
    j = chain.names.index(mark.bone)
    local = chain.neutral[j] @ (mark.point - chain.heads[j])
    if gap:
        axis = chain.neutral[j] @ (body.skeleton.tails[body.skeleton.names.index(mark.bone)] - chain.heads[j])
        out = local - axis * (local @ axis) / (axis @ axis)
        local = local + gap * out / np.linalg.norm(out)
    return heads[j] + frames[j] @ local


_TRUNK = ("Hips", "Spine", "Spine1", "Spine2")
# What keeps apart: bones without their side, on one side or on both ("own", "other", "both").
_APART = (
    ("Hand", _TRUNK, "both"), ("ForeArm", _TRUNK, "both"), ("Arm", _TRUNK, "both"),
    ("Hand", ("Head", "Neck"), "both"), ("ForeArm", ("Head", "Neck"), "both"),
    ("Hand", ("UpLeg", "Leg", "Foot"), "both"), ("ForeArm", ("UpLeg", "Leg"), "both"),
    ("Hand", ("Hand", "ForeArm", "Arm"), "other"), ("ForeArm", ("ForeArm", "Arm"), "other"),
    ("UpLeg", ("Leg", "Foot"), "other"), ("Leg", ("Leg", "Foot"), "other"), ("Foot", ("Foot",), "other"),
    ("Arm", ("UpLeg", "Leg"), "both"), ("Foot", ("Hips",), "both"),
)  # fmt: skip


def ball_pairs(body: ReferenceBody) -> tuple[np.ndarray, np.ndarray]:
    """Return the balls `[P]` and `[P]` that must keep out of each other."""
    return _ball_pairs(tuple(body.chain.names[j] for j in body.ball_bones))


@functools.cache
def _ball_pairs(names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    pairs = set()
    for moving, still, where in _APART:
        for i, a in enumerate(names):
            for j, b in enumerate(names):
                bare, same = b.removeprefix("Left").removeprefix("Right"), joints.side(a) == joints.side(b)
                if a in (f"Left{moving}", f"Right{moving}") and bare in still and not (where == "other" and same):
                    pairs.add((min(i, j), max(i, j)))
    first, second = np.array(sorted(pairs)).T
    return first, second
