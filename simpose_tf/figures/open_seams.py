"""Where the 24 open charts meet: seams as paths of edges on the left half of the base mesh.

Notation: `joint` holds joints of the rest skeleton, metres, figure frame (x left, y up, z front); a seam is a list of
vertices; a landmark is a vertex with a name. Rings go around a limb at a joint, long seams go along it from ring to
ring, cuts open a hand or a foot inside its chart. Paths may take a quad's diagonal, so the quads do not show.
"""

import itertools
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import dijkstra

from simpose_tf.geometry import rotation_between

X, Y, Z = np.eye(3)
# Upper arm charts meet 45 degrees in front of the top, lower arm charts ever less (DensePose: 15 is front and
# under, 19 is under), in degrees at shoulder, elbow and wrist.
ARM_TWIST_DEG = {"shoulder": 45.0, "elbow": 35.0, "wrist": 20.0}
TOE_X = 0.152  # metres: the tip of the big toe, where the cut of the sole ends
BEND = 0.04  # metres that a right-angled bend of a seam costs
FAR = 40.0  # a seam takes no vertex whose cost is higher
FINGERS = ("Pinky", "Ring", "Middle", "Index", "Thumb")


@dataclass
class Seams:
    """Seams under construction on the left half (x >= 0) of the body.

    Attributes:
      points: `[V, 3]` body vertices.
      quads: `[Q, 4]` body quads.
      normals: `[V, 3]` unit vertex normals.
      marks: landmark name -> vertex.
      edges: edges of all seams so far (smaller vertex first).
      cuts: those that open a chart instead of separating two.
    """

    points: np.ndarray
    quads: np.ndarray
    normals: np.ndarray
    marks: dict[str, int] = field(default_factory=dict)
    edges: set[tuple[int, int]] = field(default_factory=set)
    cuts: set[tuple[int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Collect the edges that a path may take: sides and diagonals of the left half's quads."""
        left = self.quads[self.points[self.quads, 0].min(1) >= 0]
        pairs = np.concatenate([left[:, [i, j]] for i, j in ((0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3))])
        self._pairs = np.unique(np.sort(pairs, 1), axis=0)
        self._around = {}
        for a, b, c, d in left.tolist():
            sides = {(min(e), max(e)) for e in ((a, b), (b, c), (c, d), (d, a))}
            self._around |= {(min(a, c), max(a, c)): sides, (min(b, d), max(b, d)): sides}
        crossing = np.concatenate([left[:, [0, 2, 1, 3]], left[:, [1, 3, 0, 2]]])
        crossing = np.concatenate([np.sort(crossing[:, :2], 1), np.sort(crossing[:, 2:], 1)], 1)
        self._sides = np.unique(np.sort(left[:, [0, 1, 1, 2, 2, 3, 3, 0]].reshape(-1, 2), 1), axis=0)
        self._quads_at: dict[int, list[set[int]]] = {}
        for quad in self.quads.tolist():
            for vertex in quad:
                self._quads_at.setdefault(vertex, []).append(set(quad))
        self._crossing = {(a, b): (c, d) for a, b, c, d in crossing.tolist()}

    def mark(self, name: str, score: np.ndarray) -> int:
        """Name the left vertex with the smallest score `[V]`."""
        self.marks[name] = int(np.argmin(np.where(self.points[:, 0] < 0, np.inf, score)))
        return self.marks[name]

    def path(self, start: str, end: str, cost: np.ndarray, cut: bool = False, diagonals: str = "free") -> None:
        """Lay a seam between two landmarks along the cheapest edges that no seam touches.

        Args:
          start, end: landmarks.
          cost: `[V]` factor on the length of edges at a vertex, at least 1.
          cut: whether the seam opens a chart.
          diagonals: `free`: of quads no side of which is a seam (else a side between two seams would be left
            over); `all`; or `none`.
        """
        first, last = self.marks[start], self.marks[end]
        used = {v for edge in self.edges for v in edge} - {first, last}
        taken = {self._crossing[e] for e in self.edges if e in self._crossing}
        if diagonals != "all":
            barred = [diagonal for diagonal, sides in self._around.items() if diagonals == "none" or sides & self.edges]
            taken |= set(barred)
        pairs = np.array([p for p in self._pairs.tolist() if tuple(p) not in taken and not used & set(p)])
        cost = np.where(np.isin(np.arange(len(cost)), (first, last)), 1.0, cost)
        chain = self._straightest(pairs[cost[pairs].max(1) < FAR], first, last, cost)
        if not chain:
            raise ValueError(f"no seam from {start} to {end}")
        edges = {(min(e), max(e)) for e in itertools.pairwise(chain)}
        self.edges |= edges
        self.cuts |= edges if cut else set()

    def _straightest(self, pairs: np.ndarray, first: int, last: int, cost: np.ndarray) -> list[int]:
        """Return the vertices of the cheapest way along edges `[E, 2]` when bends cost too; empty if there is none."""
        tail, head = np.concatenate([pairs, pairs[:, ::-1]]).T
        step = self.points[head] - self.points[tail]
        length = np.linalg.norm(step, axis=1)
        number = len(tail)  # the graph's nodes are directed edges, one more stands for the start
        order = np.argsort(tail, kind="stable")
        begin, stop = np.searchsorted(tail[order], head), np.searchsorted(tail[order], head, side="right")
        source = np.repeat(np.arange(number), stop - begin)
        within = np.arange(len(source)) - np.repeat(np.cumsum(stop - begin) - (stop - begin), stop - begin)
        target = order[np.repeat(begin, stop - begin) + within]
        cosine = (step[source] * step[target]).sum(1) / (length[source] * length[target])
        price = length * (cost[tail] + cost[head]) / 2
        starts = np.flatnonzero(tail == first)
        graph = sp.csr_matrix(
            (
                np.concatenate([price[target] + BEND * (1 - cosine), price[starts]]),
                (
                    np.concatenate([source, np.full(len(starts), number)]),
                    np.concatenate([target, starts]),
                ),
            ),
            shape=(number + 1, number + 1),
        )
        distance, before = dijkstra(graph, indices=number, return_predecessors=True)
        ends = np.flatnonzero(head == last)
        if len(ends) == 0 or not np.isfinite(distance[ends]).any():
            return []
        edge = int(ends[np.argmin(distance[ends])])
        chain = [last]
        while edge != number:
            chain.append(int(tail[edge]))
            edge = int(before[edge])
        return chain[::-1]

    def plane_path(self, start: str, end: str, normal: np.ndarray, width: float = 0.012) -> None:
        """Lay a seam near the plane through two landmarks that contains neither more nor less than needed.

        Args:
          start, end: landmarks.
          normal: `[3]`; the plane's normal is its part across the line from start to end.
          width: metres off the plane that double the cost.
        """
        begin = self.points[self.marks[start]]
        along = self.points[self.marks[end]] - begin
        along = along / np.linalg.norm(along)
        across = normal - along * (normal @ along)
        height = (self.points - begin) @ (across / np.linalg.norm(across))
        self.path(start, end, 1 + (height / width) ** 2)

    def ring(self, name: str, origin: np.ndarray, normal: np.ndarray, directions: dict[str, np.ndarray]) -> None:
        """Lay a seam along the closed row of quads nearest to a plane and mark points of it.

        Args:
          name: prefix of the landmarks `name.direction`.
          origin: `[3]` a point inside the limb, on the plane.
          normal: `[3]` of the plane.
          directions: name -> `[3]` from the ring's middle to the landmark.
        """
        height = (self.points - origin) @ (normal / np.linalg.norm(normal))
        near = (np.abs(height) < 0.03) & (np.linalg.norm(self.points - origin, axis=1) < 0.12)
        loops = [self._row(a, b) for pair in self._sides.tolist() if near[pair].all() for a, b in (pair,)]
        loop = min((loop for loop in loops if loop), key=lambda loop: float((height[loop] ** 2).mean()))
        middle = self.points[loop].mean(0)
        for key, direction in directions.items():
            offset = self.points[loop] - middle
            toward = direction - normal * (direction @ normal) / (normal @ normal)
            self.marks[f"{name}.{key}"] = loop[int(np.argmax(offset @ toward / np.linalg.norm(offset, axis=1)))]
        self.edges |= {(min(e), max(e)) for e in zip(loop, loop[1:] + loop[:1], strict=True)}

    def _row(self, first: int, second: int) -> list[int]:
        """Return the closed row of quad sides that goes straight on through an edge, or nothing if it ends."""
        loop = [first, second]
        while True:
            before, here = loop[-2:]
            beyond = [quad for quad in self._quads_at[here] if before not in quad]
            if len(self._quads_at[here]) != 4 or len(beyond) != 2 or len(loop) > 60:
                return []
            (ahead,) = (beyond[0] & beyond[1]) - {here}
            if ahead == first:
                return loop
            loop.append(ahead)


def arm_frames(joint: dict[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return (along, up, front) of the left arm at shoulder, elbow and wrist.

    They are the axes x, y, z of a person in T-pose, brought to the rest pose by the smallest turns of the bones.
    """
    upper = joint["LeftForeArm"] - joint["LeftArm"]
    lower = joint["LeftHand"] - joint["LeftForeArm"]
    lift = rotation_between(X, upper)
    bend = rotation_between(upper, lower)
    half = rotation_between(upper, upper / np.linalg.norm(upper) + lower / np.linalg.norm(lower))
    turns = {"shoulder": lift, "elbow": half @ lift, "wrist": bend @ lift}
    return {name: (turn @ X, turn @ Y, turn @ Z) for name, turn in turns.items()}


def _arm(seams: Seams, joint: dict[str, np.ndarray]) -> None:
    """Lay the rings at shoulder, elbow and wrist and the two seams along the arm."""
    places = {"shoulder": "LeftArm", "elbow": "LeftForeArm", "wrist": "LeftHand"}
    frames = arm_frames(joint)
    edge = {}
    for name, (along, up, front) in frames.items():
        twist = np.radians(ARM_TWIST_DEG[name])
        edge[name] = np.cos(twist) * front + np.sin(twist) * up
        over = np.cross(edge[name], along)
        if name != "shoulder":
            around = {"front": edge[name], "over": over, "back": -edge[name], "under": -over}
            seams.ring(name, joint[places[name]], along, around)
    _arm_hole(seams, {"top": Y, "front": edge["shoulder"], "pit": -Y, "back": -edge["shoulder"]})
    for first, second in (("shoulder", "elbow"), ("elbow", "wrist")):
        for side in ("front", "back"):
            across = np.cross(edge[first] + edge[second], frames[first][0] + frames[second][0])
            seams.plane_path(f"{first}.{side}", f"{second}.{side}", across)


def _arm_hole(seams: Seams, directions: dict[str, np.ndarray]) -> None:
    """Lay the upright ring at the shoulder; the torso's charts meet at its top and in the armpit."""
    origin, normal = np.array([0.178, 1.305, 0.01]), np.array([0.98, -0.2, 0.0])
    height = (seams.points - origin) @ normal
    flat = seams.points - origin - height[:, None] * normal
    for key, direction in directions.items():
        toward = direction - normal * (direction @ normal)
        along = flat @ (toward / np.linalg.norm(toward))
        aside2 = (flat**2).sum(1) - along**2
        seams.mark(f"shoulder.{key}", height**2 + aside2 + np.where((along < 0) | (along > 0.16), 1e3, 0))
    keys = list(directions)
    for a, b in zip(keys, keys[1:] + keys[:1], strict=True):
        seams.path(f"shoulder.{a}", f"shoulder.{b}", 1 + (height / 0.012) ** 2)


def _torso_and_legs(seams: Seams, joint: dict[str, np.ndarray]) -> None:
    """Lay the rings at neck, hip, knee and ankle and the seams along flank and leg."""
    middle = seams.points[:, 0] == 0
    seams.ring("neck", np.array([0.0, 1.394, 0.0]), np.array([0.0, 1.0, 0.5]), {"front": Z, "back": -Z, "side": X})
    off_middle = np.where(middle, 0, 1e3)

    lowest = seams.points[:, 1] + 0.2 * np.abs(seams.points[:, 2] - 0.03)
    seams.mark("crotch", lowest + off_middle)
    crotch = seams.points[seams.marks["crotch"]]
    crease = np.array([0.175, 0.925, 0.0]) - crotch * [1, 1, 0]
    normal = np.cross(Z, crease) / np.linalg.norm(crease)
    origin = crotch * [1, 1, 0] + crease / 2
    height = (seams.points - origin) @ normal
    offset = seams.points - origin
    aside2 = height**2 + offset[:, 2] ** 2
    seams.mark("hip.side", aside2 + np.where(np.linalg.norm(offset - crease / 2, axis=1) > 0.06, 1e3, 0))
    around = {"front": Z, "side": X, "back": -Z, "inner": -X}
    seams.ring("knee", joint["LeftLeg"], joint["LeftUpLeg"] - joint["LeftFoot"], around)
    seams.ring("ankle", joint["LeftFoot"] + [0, 0.024, 0], joint["LeftLeg"] - joint["LeftFoot"], around)
    # Straight out along the sides of quads, which leaves the diagonals at the crotch to the two creases.
    inner = np.abs(seams.points[:, 2] - np.interp(seams.points[:, 1], [0.47, 0.8], [0.037, 0.03]))
    seams.path("crotch", "knee.inner", 1 + (inner / 0.012) ** 2 + np.where(middle, 1e3, 0), diagonals="none")
    crease_cost = 1 + (height / 0.02) ** 2 + np.where(middle, 1e3, 0)
    toward_front = seams.points[:, 2] - np.interp(seams.points[:, 0], [0, crease[0]], [crotch[2], 0])
    for sign in (1, -1):
        seams.path("crotch", "hip.side", crease_cost + np.where(sign * toward_front < 0, 1e3, 0), diagonals="all")
    for first, second in (("shoulder.pit", "hip.side"), ("hip.side", "knee.side"), ("knee.side", "ankle.side")):
        seams.plane_path(first, second, Z)
    seams.plane_path("knee.inner", "ankle.inner", Z)
    seams.plane_path("neck.side", "shoulder.top", Z)


def _cuts(seams: Seams, joint: dict[str, np.ndarray], tips: dict[str, np.ndarray]) -> None:
    """Open the hand along its outline from the little finger's side to the thumb, the foot along heel and sole."""
    across = joint["LeftHandIndex1"] - joint["LeftHandPinky1"]
    dorsal = np.cross(across, joint["LeftHandMiddle1"] - joint["LeftHand"])
    dorsal *= np.sign(dorsal @ arm_frames(joint)["wrist"][1]) / np.linalg.norm(dorsal)
    outline = 1 + 20 * (seams.normals @ dorsal) ** 2
    previous = "wrist.back"
    for finger in FINGERS:
        bone = tips[f"LeftHand{finger}3"] - joint[f"LeftHand{finger}3"]
        offset = seams.points - tips[f"LeftHand{finger}3"]
        far = np.linalg.norm(offset, axis=1) > 0.02
        seams.mark(finger, -offset @ bone / np.linalg.norm(bone) + np.where(far, 1e3, 0))
        seams.path(previous, finger, outline, cut=True)
        previous = finger
    ankle = joint["LeftFoot"]
    heel = np.array([ankle[0], 0.0, seams.points[seams.marks["ankle.back"], 2] + 0.03])
    seams.mark("heel", ((seams.points - heel) ** 2).sum(1))
    second_toe = np.abs(seams.points[:, 0] - TOE_X) > 0.006
    seams.mark("toe", -seams.points[:, 2] + np.where(second_toe | (seams.points[:, 1] > 0.1), 1e3, 0))
    straight = np.interp(seams.points[:, 2], [heel[2], seams.points[seams.marks["toe"], 2]], [ankle[0], TOE_X])
    sole = 1 + ((seams.points[:, 0] - straight) / 0.012) ** 2
    seams.path("ankle.back", "heel", sole, cut=True, diagonals="none")
    seams.path("heel", "toe", sole + np.where(seams.normals[:, 1] > 0.2, 10, 0), cut=True)


def lay_seams(
    points: np.ndarray,
    quads: np.ndarray,
    normals: np.ndarray,
    joint: dict[str, np.ndarray],
    tips: dict[str, np.ndarray],
) -> Seams:
    """Return all seams of the left half except the middle line of the head.

    Args:
      points: `[V, 3]` body vertices of the average adult in the rest pose, metres, feet on y = 0.
      quads: `[Q, 4]` body quads.
      normals: `[V, 3]` unit vertex normals.
      joint: bone name -> `[3]` its joint.
      tips: bone name -> `[3]` its far end.
    """
    seams = Seams(points, quads, normals)
    _arm(seams, joint)
    _torso_and_legs(seams, joint)
    _cuts(seams, joint, tips)
    return seams
