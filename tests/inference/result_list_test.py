"""results.json is made of the files of pictures and clips."""

import json
from pathlib import Path

from simpose_tf.inference import result_list

ENTRY = {
    "image_id": 7, "category_id": 1, "bbox": [0.1, 1 / 3, 1e-7, 12345.678901234567], "score": 0.1 + 0.2,
    "uv_shape": [3, 4, 5], "uv_data": "aä==",
}  # fmt: skip


def test_is_what_json_writes_of_the_whole_list(tmp_path: Path) -> None:
    people = [ENTRY | {"image_id": number} for number in range(4)]
    pictures = [tmp_path / "a.json", tmp_path / "empty.json"]
    pictures[0].write_text(json.dumps({"people": [one | {"keypoints": [1]} for one in people[:2]]}) + "\n")
    pictures[1].write_text(json.dumps({"people": []}))
    clip = tmp_path / "b.jsonl"
    clip.write_text("".join(json.dumps({"frame": 0, "people": [one | {"track": 1}]}) + "\n" for one in people[2:]))
    assert result_list.write(tmp_path / "results.json", result_list.entries(pictures, [clip])) == 4
    assert (tmp_path / "results.json").read_text() == json.dumps(people) + "\n"


def test_nobody_is_an_empty_list(tmp_path: Path) -> None:
    assert result_list.write(tmp_path / "results.json", []) == 0
    assert (tmp_path / "results.json").read_text() == "[]\n"
