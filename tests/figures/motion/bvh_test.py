import json
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simpose_tf.errors import InputError
from simpose_tf.figures import makehuman
from simpose_tf.figures.figure import Skeleton
from simpose_tf.figures.motion import bvh, retarget

POSES = Path(__file__).parents[2].parent / "shared" / "data" / "makehuman_cc0" / "poses"


def skeleton(rig: str) -> Skeleton:
    """Return one of MakeHuman's rigs on the neutral body, names as in its files."""
    base = makehuman.load_base()
    stored = json.loads((makehuman.data_dir() / "mpfb2" / "rigs" / "standard" / f"rig.{rig}.json").read_text())
    bones = stored.get("bones", stored)
    ordered: list[str] = []
    while len(ordered) < len(bones):
        ordered += [n for n, b in bones.items() if n not in ordered and (not b["parent"] or b["parent"] in ordered)]

    def place(end: dict) -> np.ndarray:
        if end["strategy"] == "CUBE":
            return base.vertices[base.joint_cubes[end["cube_name"].removeprefix("joint-")]].mean(0)
        ids = end["vertex_indices"] if "vertex_indices" in end else [end["vertex_index"]]
        return base.vertices[ids].mean(0)

    parents = np.array([ordered.index(bones[n]["parent"]) if bones[n]["parent"] else -1 for n in ordered])
    heads = np.stack([place(bones[n]["head"]) for n in ordered])
    return Skeleton(tuple(ordered), parents, heads, np.stack([place(bones[n]["tail"]) for n in ordered]))


def write_bvh(
    path: Path, bones: Skeleton, euler: np.ndarray, order: str = "ZYX", turn: np.ndarray | None = None
) -> None:
    """Write frames of Euler angles `[T, J, 3]` (degrees, in the order given), the axes turned by `turn`."""
    turn = np.eye(3) if turn is None else turn
    rows: list[str] = ["HIERARCHY"]

    def joint(j: int, depth: int) -> None:
        parent = bones.parents[j]
        offset = turn @ (bones.heads[j] - (bones.heads[parent] if parent >= 0 else 0))
        channels = " ".join(f"{axis}rotation" for axis in order)
        rows.append("\t" * depth + ("ROOT " if parent < 0 else "JOINT ") + bones.names[j])
        rows.append("\t" * depth + "{")
        rows.append("\t" * (depth + 1) + "OFFSET " + " ".join(f"{x:.9f}" for x in offset))
        count, positions = (6, "Xposition Yposition Zposition ") if parent < 0 else (3, "")
        rows.append("\t" * (depth + 1) + f"CHANNELS {count} {positions}{channels}")
        children = [k for k, p in enumerate(bones.parents) if p == j]
        for child in children:
            joint(child, depth + 1)
            written.append(child)
        if not children:
            end = turn @ (bones.tails[j] - bones.heads[j])
            rows.append("\t" * (depth + 1) + "End Site\n{\nOFFSET " + " ".join(f"{x:.9f}" for x in end) + "\n}")
        rows.append("\t" * depth + "}")

    def in_file_order(j: int) -> list[int]:
        return [j] + [k for c, p in enumerate(bones.parents) if p == j for k in in_file_order(c)]

    written: list[int] = []
    joint(0, 0)
    rows += ["MOTION", f"Frames: {len(euler)}", "Frame Time: 0.033333"]
    for frame in euler[:, in_file_order(0)]:
        rows.append("0 0 0 " + " ".join(f"{x:.9f}" for x in frame.ravel()))
    path.write_text("\n".join(rows) + "\n")


@pytest.mark.parametrize("order", ["ZYX", "XYZ", "ZXY"])
def test_rotations_come_back_in_any_order_of_axes(tmp_path, order):
    bones = skeleton("cmu_mb")
    euler = np.random.default_rng(0).uniform(-50, 50, (3, len(bones.names), 3))
    write_bvh(tmp_path / "a.bvh", bones, euler, order)
    clip = bvh.read_bvh(tmp_path / "a.bvh")
    assert clip.name == "a" and clip.frames_per_second == pytest.approx(30, rel=1e-3)
    want = Rotation.from_euler(order, euler.reshape(-1, 3), degrees=True).as_matrix().reshape(3, -1, 3, 3)
    hips = clip.skeleton.heads[0]
    for j, name in enumerate(bones.names):
        at = np.flatnonzero(
            np.linalg.norm(clip.skeleton.heads - hips - (bones.heads[j] - bones.heads[0]), axis=1) < 1e-6
        )
        assert any(np.allclose(clip.rotations[:, k], want[:, j], atol=1e-6) for k in at), name


def test_cmu_names_become_mixamos(tmp_path):
    bones = skeleton("cmu_mb")
    write_bvh(tmp_path / "a.bvh", bones, np.zeros((1, len(bones.names), 3)))
    names = bvh.read_bvh(tmp_path / "a.bvh").skeleton.names
    assert {"Hips", "Spine", "Spine1", "Spine2", "Neck", "Head", "LeftToeBase", "RightHand"} <= set(names)
    assert len(set(names)) == len(names)


def test_a_bent_elbow_of_a_cmu_file_is_an_elbow_bent_by_as_much(tmp_path):
    bones = skeleton("cmu_mb")
    euler = np.zeros((1, len(bones.names), 3))
    elbow = bones.names.index("LeftForeArm")
    upper = bones.heads[elbow] - bones.heads[bones.names.index("LeftArm")]
    fore = bones.heads[bones.names.index("LeftHand")] - bones.heads[elbow]
    before = np.degrees(np.arccos(upper @ fore / np.linalg.norm(upper) / np.linalg.norm(fore)))
    axis = np.cross(upper, fore) / np.linalg.norm(np.cross(upper, fore))
    euler[0, elbow] = Rotation.from_rotvec(np.radians(70) * axis).as_euler("ZYX", degrees=True)
    write_bvh(tmp_path / "a.bvh", bones, euler)
    angles = retarget.angles_of(bvh.read_bvh(tmp_path / "a.bvh"))[0]
    flexion, abduction, _ = angles[retarget.BONES.index("LeftForeArm")]
    assert flexion == pytest.approx(before + 70, abs=1) and abs(abduction) < 1


def test_a_file_with_z_up_gives_the_same_pose(tmp_path):
    bones = skeleton("cmu_mb")
    euler = np.random.default_rng(1).uniform(-20, 20, (2, len(bones.names), 3))
    write_bvh(tmp_path / "y.bvh", bones, euler)
    turn = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # y up to z up, the front to -y
    matrices = Rotation.from_euler("ZYX", euler.reshape(-1, 3), degrees=True).as_matrix()
    turned = Rotation.from_matrix(turn @ matrices @ turn.T).as_euler("ZYX", degrees=True).reshape(euler.shape)
    write_bvh(tmp_path / "z.bvh", bones, turned, turn=turn)
    y, z = (retarget.angles_of(bvh.read_bvh(tmp_path / name)) for name in ("y.bvh", "z.bvh"))
    np.testing.assert_allclose(z, y, atol=1e-4)


def broken(tmp_path: Path, change) -> Path:
    bones = skeleton("cmu_mb")
    write_bvh(tmp_path / "a.bvh", bones, np.zeros((2, len(bones.names), 3)))
    lines = change((tmp_path / "a.bvh").read_text().splitlines())
    (tmp_path / "a.bvh").write_text("\n".join(lines))
    return tmp_path / "a.bvh"


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda lines: ["JUNK", *lines[1:]], r"a\.bvh, line 1: .*HIERARCHY"),
        (lambda lines: lines[:-1], r"a\.bvh: ends where frame 2 of 2"),
        (lambda lines: lines[:20], r"a\.bvh: ends where MOTION"),
        (lambda lines: [*lines[:-1], lines[-1] + " 1"], r"line \d+: frame 2: 97 numbers instead of 96"),
        (lambda lines: [*lines[:-1], lines[-1].replace("0.000000000", "x", 1)], r"line \d+: frame 2: .*'x'"),
        (lambda lines: [*lines[:-1], lines[-1].replace("0.000000000", "nan", 1)], r"line \d+: frame 2: .*finite"),
        (lambda lines: [line.replace("CHANNELS 3", "CHANNELS 4") for line in lines], r"line \d+: CHANNELS"),
        (lambda lines: [line.replace("Frame Time: 0.03", "Frame Time: -1") for line in lines], r"above 0"),
        (lambda lines: [line.replace("LeftForeArm", "Wing") for line in lines], r"a\.bvh: .*LeftForeArm"),
        (lambda lines: [line.replace("Frames: 2", "Frames: 0") for line in lines], r"Frames: 0"),
        (lambda lines: [*lines[:3], "WHAT 1 2 3", *lines[3:]], r"line 4: unexpected 'WHAT"),
    ],
)
def test_broken_files_are_told_with_their_line(tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        bvh.read_bvh(broken(tmp_path, change))


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(InputError, match=r"gone\.bvh: can't be read"):
        bvh.read_bvh(tmp_path / "gone.bvh")


@pytest.mark.skipif(not POSES.is_dir(), reason="needs shared/data/makehuman_cc0 beside the checkout")
def test_makehuman_poses_are_what_their_names_say():
    def angles(name: str) -> dict[str, np.ndarray]:
        clip = bvh.read_bvh(POSES / f"{name}.bvh")
        inside, beyond = retarget.within_limits(retarget.angles_of(clip))
        assert beyond[0] < 40
        return dict(zip(retarget.BONES, inside[0], strict=True))

    sit, stand, handstand = angles("sit01"), angles("standing02"), angles("gym01")
    assert min(sit["LeftUpLeg"][0], sit["RightUpLeg"][0]) > 40
    assert max(abs(stand[name][0]) for name in ("LeftUpLeg", "RightUpLeg", "LeftLeg", "RightLeg")) < 25
    assert np.hypot(*handstand["Hips"][:2]) > 120
