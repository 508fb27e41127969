"""The skeleton of a GLB file: bones of its skins in the pose in which the meshes were bound."""

from dataclasses import dataclass

import numpy as np

from simpose_tf.errors import InputError
from simpose_tf.figures.figure import Skeleton
from simpose_tf.figures.own import bone_names
from simpose_tf.figures.own.glb_file import Glb, accessor, matrices, node_parents, node_transforms, world_matrices

_SAME_POSE = 0.02  # share of the skeleton's size by which skins may disagree on where a bone was bound
_UPRIGHT_DEG = 25.0  # a bind pose this near to the axes is taken to stand along them
# Heights in metres that people have, and units of length that exporters write.
_HEIGHTS = (0.6, 2.6)
_UNITS = (1.0, 0.01, 0.1, 0.001, 100.0)


@dataclass(frozen=True)
class Bones:
    """Bones of a file, parents first.

    Attributes:
      nodes: J nodes that are bones.
      names: J names, Mixamo's where they are known.
      parents: `[J]` the nearest bone above, -1 for none.
      rest: `[J, 4, 4]` bones in the rest pose, in the space that the first skin's mesh was bound in.
      rest_from_mesh: skin -> `[4, 4]` that takes the vertices of its meshes to that space.
      rest_from_world: `[4, 4]` from the file's scene to that space, without the pose of its nodes.
    """

    nodes: tuple[int, ...]
    names: tuple[str, ...]
    parents: np.ndarray
    rest: np.ndarray
    rest_from_mesh: dict[int, np.ndarray]
    rest_from_world: np.ndarray


def read_bones(glb: Glb) -> Bones:
    """Return the bones of all skins that meshes use. Raises InputError if there is none or they do not fit together."""
    skins = [node.skin for node in glb.gltf.nodes if node.mesh is not None and node.skin is not None]
    if not skins:
        raise InputError(f"{glb.path}: not rigged: no mesh has a skin (bones and weights); export with its armature")
    rest, rest_from_mesh = _bound(glb, sorted(set(skins)))
    nodes, parents = _ordered(glb, list(rest))
    world = world_matrices(node_parents(glb), matrices(*node_transforms(glb)))
    names = _names(glb, nodes, parents)
    table = np.stack([rest[node] for node in nodes])
    world_from_rest = world[nodes[0]] @ np.linalg.inv(table[0])
    return Bones(nodes, names, parents, table, rest_from_mesh, np.linalg.inv(_axis_aligned(world_from_rest)))


def bones_without_skin(glb: Glb) -> Bones:
    """Return the nodes of a file that holds just an armature as bones; their rest is how the file leaves them."""
    nodes, parents = _ordered(glb, [k for k, node in enumerate(glb.gltf.nodes) if node.mesh is None])
    world = world_matrices(node_parents(glb), matrices(*node_transforms(glb)))
    names = _names(glb, nodes, parents)
    return Bones(nodes, names, parents, world[list(nodes)], {}, np.eye(4))


def _names(glb: Glb, nodes: tuple[int, ...], parents: np.ndarray) -> tuple[str, ...]:
    given = [glb.gltf.nodes[node].name or f"node {node}" for node in nodes]
    return bone_names.mixamo_names(given, parents, glb.path)


def _bound(glb: Glb, skins: list[int]) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray]]:
    """Return node -> bound matrix `[4, 4]` in the first skin's space, and skin -> `[4, 4]` into that space."""
    rest: dict[int, np.ndarray] = {}
    rest_from_mesh: dict[int, np.ndarray] = {}
    for index in skins:
        joints, bound = _skin(glb, index)
        shared = [k for k, node in enumerate(joints) if node in rest]
        into = rest[joints[shared[0]]] @ np.linalg.inv(bound[shared[0]]) if shared else np.eye(4)
        if rest and not shared:
            raise InputError(f"{glb.path}: two skins share no bone; put all meshes under one armature")
        _require_same_pose(glb, [(rest[joints[k]], into @ bound[k]) for k in shared])
        rest_from_mesh[index] = into
        for node, matrix in zip(joints, bound, strict=True):
            rest.setdefault(node, into @ matrix)
    return rest, rest_from_mesh


def _skin(glb: Glb, index: int) -> tuple[list[int], np.ndarray]:
    """Return the joints of a skin (nodes) and how they were bound, `[K, 4, 4]` in its mesh's space."""
    try:
        skin = glb.gltf.skins[index]
    except (IndexError, TypeError) as error:
        raise InputError(f"{glb.path}: there is no skin {index}") from error
    if skin.inverseBindMatrices is None:
        raise InputError(f"{glb.path}: skin {index} has no inverse bind matrices; export the rest pose too")
    inverse = accessor(glb, skin.inverseBindMatrices, "inverse bind matrices").astype(float)
    joints = list(skin.joints or ())
    if len(inverse) < len(joints) or not joints or max(joints) >= len(glb.gltf.nodes):
        raise InputError(f"{glb.path}: skin {index}: {len(joints)} joints, {len(inverse)} inverse bind matrices")
    inverse = inverse[: len(joints)]
    if not np.isfinite(inverse).all() or (np.abs(np.linalg.det(inverse)) < 1e-18).any():
        raise InputError(f"{glb.path}: skin {index} has inverse bind matrices that cannot be inverted")
    return joints, np.linalg.inv(inverse)


def _require_same_pose(glb: Glb, pairs: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Raise InputError if the same bones, bound by two skins, lie at different places."""
    if len(pairs) < 2:
        return
    first, second = (np.stack(side)[:, :3, 3] for side in zip(*pairs, strict=True))
    if np.abs(first - second).max() > _SAME_POSE * max(np.ptp(first, axis=0).max(), 1e-9):
        raise InputError(f"{glb.path}: its meshes were bound to the skeleton in different poses")


def _ordered(glb: Glb, nodes: list[int]) -> tuple[tuple[int, ...], np.ndarray]:
    """Return bones with parents first, and the nearest bone above each, `[J]`, -1 for none."""
    above = node_parents(glb)

    def ancestors(node: int) -> list[int]:
        line = []
        while above[node] >= 0:
            node = int(above[node])
            line.append(node)
        return line

    ordered = tuple(sorted(nodes, key=lambda node: len(ancestors(node))))
    place = {node: j for j, node in enumerate(ordered)}
    parents = [next((place[a] for a in ancestors(node) if a in place), -1) for node in ordered]
    return ordered, np.array(parents, np.int32)


def _axis_aligned(matrix: np.ndarray) -> np.ndarray:
    """Return a `[4, 4]` similarity with its rotation snapped to the axes: a posed root is not the scene's frame."""
    size = np.cbrt(abs(np.linalg.det(matrix[:3, :3])))
    result = np.eye(4)
    result[:3, :3] = _snapped(matrix[:3, :3] / size) * size
    return result


def _snapped(rotation: np.ndarray) -> np.ndarray:
    """Return the rotation by quarter turns that is nearest to one `[3, 3]`."""
    quarters = [np.round(q) for q in _QUARTER_TURNS]
    return max(quarters, key=lambda q: float(np.sum(q * rotation)))


def _quarter_turns() -> list[np.ndarray]:
    """Return the 24 rotations of a cube."""
    found: list[np.ndarray] = []
    for first in range(3):
        for second in range(3):
            for a in (1.0, -1.0):
                for b in (1.0, -1.0):
                    if first != second:
                        x, y = a * np.eye(3)[first], b * np.eye(3)[second]
                        found.append(np.stack([x, y, np.cross(x, y)]))
    return found


_QUARTER_TURNS = _quarter_turns()


def upright(bones: Bones, place: str) -> np.ndarray:
    """Return the rotation `[3, 3]` from the rest space to the figure's: x to the person's left, y up, z to the front.

    It is read off the skeleton, so that files that are lying, turned or in z-up axes stand. Raises InputError if the
    bones called left lie on the right side.
    """
    head = {name: bones.rest[j, :3, 3] for j, name in enumerate(bones.names)}
    up = head["Head"] - head["Hips"]
    left = head["LeftUpLeg"] - head["RightUpLeg"] + head["LeftArm"] - head["RightArm"]
    y = up / np.linalg.norm(up)
    x = left - (left @ y) * y
    x /= np.linalg.norm(x)
    rotation = np.stack([x, y, np.cross(x, y)])
    snapped = _snapped(rotation)
    if np.degrees(np.arccos(np.clip((np.trace(snapped @ rotation.T) - 1) / 2, -1, 1))) < _UPRIGHT_DEG:
        rotation = snapped
    toes = [head[f"{s}ToeBase"] - head[f"{s}Foot"] for s in ("Left", "Right") if f"{s}ToeBase" in head]
    if toes and (rotation @ np.mean(toes, 0))[2] < 0:
        raise InputError(
            f"{place}: the toes point backward: left and right bones have changed places, or it is mirrored"
        )
    return rotation


def metres(height: float, place: str) -> float:
    """Return the factor from a file's unit to metres for a person of that height in the file's units.

    Raises InputError for a height that nobody has in any usual unit.
    """
    for unit in _UNITS:
        if _HEIGHTS[0] <= height * unit <= _HEIGHTS[1]:
            return unit
    raise InputError(f"{place}: {height:.3g} units high: nobody's height in metres, centimetres or millimetres")


_NEXT = {"Hips": "Spine", "Spine": "Spine1", "Spine1": "Spine2", "Spine2": "Neck", "Neck": "Head", "Shoulder": "Arm"}
_NEXT |= {"Arm": "ForeArm", "ForeArm": "Hand", "Hand": "HandMiddle1", "UpLeg": "Leg", "Leg": "Foot", "Foot": "ToeBase"}


def skeleton_of(bones: Bones, heads: np.ndarray, ends: np.ndarray) -> Skeleton:
    """Return the skeleton: a bone ends where the next of its limb begins, else where its children do, else at `ends`.

    Args:
      bones: the bones.
      heads: `[J, 3]` their heads in the figure's frame.
      ends: `[J, 3]` ends of bones without children.
    """
    tails = np.array(ends, float)
    for j, name in enumerate(bones.names):
        children = np.flatnonzero(bones.parents == j)
        side = "Left" if name.startswith("Left") else "Right" if name.startswith("Right") else ""
        follower = side + _NEXT.get(name.removeprefix(side), "*")
        if follower in bones.names:
            tails[j] = heads[bones.names.index(follower)]
        elif len(children) and np.linalg.norm(heads[children].mean(0) - heads[j]) > 1e-4:
            tails[j] = heads[children].mean(0)
    return Skeleton(bones.names, bones.parents, np.array(heads, float), tails)
