import json

import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.figures.motion import humanoid3d, retarget


def angles(name: str) -> dict[str, np.ndarray]:
    """Return bone -> `[T, 3]` degrees of one of the clips."""
    path = next(path for path in humanoid3d.clip_files() if path.stem == f"humanoid3d_{name}")
    table = retarget.angles_of(humanoid3d.read_clip(path))
    return {bone: table[:, k] for k, bone in enumerate(retarget.BONES)}


def test_all_fifteen_clips_are_read_and_nearly_inside_the_limits():
    clips = [humanoid3d.read_clip(path) for path in humanoid3d.clip_files()]
    assert len(clips) == 15 and sum(len(clip.rotations) for clip in clips) > 1500
    beyond = [retarget.within_limits(retarget.angles_of(clip))[1] for clip in clips]
    assert max(map(np.median, beyond)) < 25 and np.median(np.concatenate(beyond)) < 10


def test_walking_bends_knees_forward_and_swings_arms_against_legs():
    walk = angles("walk")
    assert 40 < walk["LeftLeg"][:, 0].max() < 90 and walk["LeftLeg"][:, 0].min() > -5
    assert np.corrcoef(walk["LeftUpLeg"][:, 0], walk["RightUpLeg"][:, 0])[0, 1] < -0.5
    assert np.corrcoef(walk["LeftArm"][:, 0], walk["RightUpLeg"][:, 0])[0, 1] > 0.4
    assert abs(walk["Hips"][:, 0]).max() < 20


def test_a_backflip_turns_over_and_a_kick_lifts_a_leg():
    assert np.hypot(*angles("backflip")["Hips"][:, :2].T).max() > 120
    spinkick = angles("spinkick")
    assert max(np.hypot(*spinkick[f"{side}UpLeg"][:, :2].T).max() for side in ("Left", "Right")) > 80


def test_broken_files_are_told(tmp_path):
    path = tmp_path / "humanoid3d_x.txt"
    path.write_text("no json")
    with pytest.raises(InputError, match="humanoid3d_x"):
        humanoid3d.read_clip(path)
    path.write_text(json.dumps({"Frames": [[0.0] * 43]}))
    with pytest.raises(InputError, match="44"):
        humanoid3d.read_clip(path)
