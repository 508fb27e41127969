import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from pycocotools.coco import COCO

import simpose_tf
from simpose_tf import app, configurables, evaluate
from simpose_tf.data import schema
from simpose_tf.data.window import WindowConfig
from simpose_tf.evaluation import label_pictures
from simpose_tf.figures.cast import Cast, CastConfig
from simpose_tf.figures.dressed.catalogue import figure_names
from simpose_tf.figures.motion.bank import pose_bank
from simpose_tf.sim.annotate import SimPeopleFilter
from simpose_tf.sim.renderer import RenderConfig
from simpose_tf.sim.sampler import SceneConfig
from simpose_tf.sim.surroundings import SurroundingsConfig
from tests.mains import Ended, run_main
from tfrecord_tools import render_sim, scene_records

ROOT = Path(__file__).resolve().parents[2]
SMALL = [
    "--gin_file=gin_configs/render_figures.gin",
    "--gin_param=SceneConfig.height=160",
    "--gin_param=SceneConfig.width=160",
    "--gin_param=SceneConfig.max_people=3",
    "--gin_param=RenderConfig.shadow_map_size=256",
    "--gin_param=SurroundingsConfig.max_props=2",
    "--gin_param=SimPeopleFilter.min_pixels=40",
]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tfrecord_tools.render_sim", *SMALL, *arguments]


def run(*arguments: str) -> str:
    done = subprocess.run(command(*arguments), cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


def records(folder: Path) -> list[schema.Person]:
    paths = sorted(str(p) for p in folder.glob("*.tfrecord"))
    return [schema.decode(r.numpy()) for p in paths for r in tf.data.TFRecordDataset(p)]


def shard_bytes(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.is_file()}


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """Six scenes, written by one process, and two pictures."""
    output = tmp_path_factory.mktemp("sim") / "one"
    run(f"--output={output}", "--num_images=6", "--num_shards=2", "--seed=0", "--workers=1", "--num_pictures=2")
    return output


def here(capsys, *arguments: str) -> Ended:
    """Run the main in this process, one worker."""
    return run_main(render_sim, [*SMALL, "--workers=1", *arguments], capsys)


def test_two_processes_write_the_same_bytes_as_one(written, tmp_path):
    run(f"--output={tmp_path / 'two'}", "--num_images=6", "--num_shards=2", "--seed=0", "--workers=2")
    assert shard_bytes(tmp_path / "two") == shard_bytes(written)


@pytest.mark.slow
def test_dask_cluster_on_this_machine_writes_the_same_bytes(written, tmp_path):
    settings = [f"--output={tmp_path / 'dask'}", "--num_images=6", "--num_shards=2", "--seed=0"]
    done = subprocess.run(command(*settings, "--runner=DaskRunner"), cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert shard_bytes(tmp_path / "dask") == shard_bytes(written)


def test_another_seed_writes_other_records(written, tmp_path, capsys):
    ended = here(capsys, f"--output={tmp_path / 'other'}", "--num_images=6", "--num_shards=2", "--seed=5")
    assert ended.status == 0
    assert shard_bytes(tmp_path / "other") != shard_bytes(written)


def test_second_call_finds_everything_there(written, capsys):
    before = {p: p.stat().st_mtime_ns for p in written.glob("*.tfrecord")}
    ended = here(capsys, f"--output={written}", "--num_images=6", "--num_shards=2", "--seed=0")
    assert ended.status == 0 and "there already" in ended.stdout
    assert {p: p.stat().st_mtime_ns for p in written.glob("*.tfrecord")} == before


def test_records_hold_every_label_and_where_they_come_from(written):
    people = records(written)
    assert len(people) >= 4
    for person in people:
        assert person.domain == schema.SIM and person.seed == 0 and person.source == "figures"
        assert person.figure_id in figure_names("train") and person.pose in pose_bank("train").names
        np.testing.assert_array_equal(person.part > 0, person.mask)
        assert not np.any(person.mask & person.others)
        length = np.linalg.norm(person.normal[person.mask], axis=-1)
        np.testing.assert_allclose(length, 1, atol=1e-3)
        assert person.u[person.mask].min() >= 0 and person.u.max() <= 1
        y0, x0, y1, x1 = person.box_yxyx
        rows, columns = np.nonzero(person.mask)
        assert y0 - 1 <= rows.min() and rows.max() <= y1 + 1 and x0 - 1 <= columns.min() and columns.max() <= x1 + 1


def test_surfaces_that_are_seen_face_the_camera(written):
    z = np.concatenate([p.normal[p.mask][:, 2] for p in records(written)])
    # Smooth normals turn away from us a little at outlines, and people here are only some 60 pixels high.
    assert np.mean(z < 0) > 0.93 and np.mean(z < 0.5) > 0.99


def test_record_is_rendered_again_alone_from_its_seed(written):
    person = records(written)[-1]
    manifest = json.loads((written / "train.manifest.json").read_text())
    assert manifest["settings"]["seed"] == person.seed
    params = [s.removeprefix("--gin_param=") for s in SMALL[1:]]
    configurables.load([str(ROOT / "gin_configs/render_figures.gin")], params)
    parts = (
        configurables.get(c) for c in (SceneConfig, SurroundingsConfig, RenderConfig, WindowConfig, SimPeopleFilter)
    )
    cast = Cast(configurables.get(CastConfig), "train")
    writer = scene_records.SceneWriter(*parts, cast, person.seed, scene_records.Media())
    again = [schema.decode(r) for r in writer(person.image_id)[0]]
    (same,) = [p for p in again if p.person_id == person.person_id]
    np.testing.assert_array_equal(same.image, person.image)
    np.testing.assert_array_equal(same.u, person.u)


def test_label_pictures_show_exactly_the_annotated_people(written, tmp_path, capsys):
    pictures, seen = written / "pictures", 0
    coco = COCO(str(pictures / "annotations.json"))
    for image in coco.imgs.values():
        stem, size = Path(image["file_name"]).stem, (image["height"], image["width"])
        part, uv = label_pictures.read_iuv(pictures / "labels" / f"{stem}_iuv.png", size, "--labels")
        normal = label_pictures.read_normals(pictures / "labels" / f"{stem}_normals.png", size, "--labels")
        on_person = np.zeros(size, bool)
        for person in coco.imgToAnns[image["id"]]:
            on_person |= coco.annToMask(person) > 0
        assert (part[on_person] > 0).all() and part.max() <= 24
        np.testing.assert_array_equal(normal.any(-1), part > 0)
        assert not uv[part == 0].any()
        assert (normal[on_person][:, 2] < 0).mean() > 0.95  # z goes away from the camera
        seen += np.count_nonzero(on_person)
    assert seen > 500
    # They are their own perfect prediction.
    files = [f"--annotations={pictures / 'annotations.json'}", f"--results={pictures / 'labels'}"]
    done = run_main(evaluate, ["--metric=normals", *files, f"--output={tmp_path / 'out.json'}"], capsys)
    assert done.status == 0, done.stderr
    assert json.loads((tmp_path / "out.json").read_text())["normal_add_deg"] < 0.01


def test_pictures_come_with_coco_annotations(written, capsys):
    coco = COCO(str(written / "pictures" / "annotations.json"))
    assert len(coco.imgs) == 2 and coco.anns
    for annotation in coco.anns.values():
        image = coco.imgs[annotation["image_id"]]
        assert Image.open(written / "pictures" / image["file_name"]).size == (160, 160)
        assert coco.annToMask(annotation).sum() == annotation["area"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--backgrounds=no/such/folder"], "--backgrounds: no such folder"),
        (["--environments=no/such/folder"], "--environments: no such folder"),
        (["--motion=no/such/folder"], "--motion: no such folder"),
        (["--garments=no/such/folder"], "--garments: no such folder"),
        (["--figures=no/such/folder"], "--figures: no such folder"),
        (["--smpl=no/such/file.npz"], "--smpl: not for the source 'figures'"),
        (["--gin_file=gin_configs/render_body.gin", "--smpl=no/such/file.npz"], "--smpl and --charts go together"),
        (["--gin_file=gin_configs/render_body.gin", "--garments=x"], "--garments: not for the source 'body'"),
        (["--gin_param=SceneConfig.max_poeple=3"], "max_poeple"),
        (["--gin_param=SceneConfig.min_people=9"], "min_people"),
        (["--num_shards=7"], "num_shards"),
        (["--runner=NoSuchRunner"], "NoSuchRunner"),
        (["--split=test"], "split"),
        (["stray"], "stray"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(arguments, line, tmp_path, capsys):
    ended = here(capsys, f"--output={tmp_path / 'out'}", "--num_images=2", *arguments)
    assert ended.status == 2
    assert line in ended.stderr and len(ended.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_help_is_complete_and_no_failure():
    told = run("--help")  # asserts that the status is 0
    plain = ("gin_file", "gin_param", "output", "num_images", "seed", "split", "runner", "workers")
    for flag in (*plain, "backgrounds", "garments", "figures", "smpl", "charts", "textures"):
        assert f"--{flag}:" in told, flag


def test_include_that_is_missing_is_told(tmp_path, capsys):
    (tmp_path / "mine.gin").write_text('include "nowhere.gin"\n')
    ended = here(capsys, f"--gin_file={tmp_path / 'mine.gin'}", f"--output={tmp_path / 'out'}", "--num_images=1")
    assert ended.status == 2 and "included file does not exist" in ended.stderr


def test_gin_file_that_is_missing_is_named(tmp_path, capsys):
    """Also where its folder has the name of a folder here, which gin takes for a package."""
    ended = here(capsys, "--gin_file=gin_configs/nowhere.gin", f"--output={tmp_path / 'out'}", "--num_images=1")
    assert (ended.status, ended.stderr) == (2, "error: --gin_file: no such file: 'gin_configs/nowhere.gin'\n")


def test_broken_background_is_named_and_left_out(tmp_path, capsys):
    backgrounds = tmp_path / "photos"
    backgrounds.mkdir()
    (backgrounds / "broken.jpg").write_bytes(b"no picture")
    arguments = [f"--backgrounds={backgrounds}", "--gin_param=SurroundingsConfig.photo_share=1.0", "--num_images=2"]
    ended = here(capsys, f"--output={tmp_path / 'out'}", *arguments)
    assert ended.status == 2 and "broken.jpg" in ended.stderr
    assert not (tmp_path / "out").exists()
    Image.new("RGB", (64, 48), "red").save(backgrounds / "good.png")
    ended = here(capsys, f"--output={tmp_path / 'out'}", *arguments)
    assert ended.status == 0 and "left out: " in ended.stdout and "broken.jpg" in ended.stdout
    manifest = json.loads((tmp_path / "out" / "train.manifest.json").read_text())
    assert list(manifest["settings"]["photos"]) == ["good.png"] and "broken.jpg" in manifest["skipped"][0]


def test_what_takes_long_before_and_after_the_scenes_says_how_far_it_is(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(render_sim.app, "now_and_then", lambda what: lambda done, of: app.say(f"{done}/{of} {what}"))
    for k in range(3):
        Image.new("RGB", (64, 48), "blue").save(tmp_path / f"photo{k}.png")
    arguments = [f"--output={tmp_path / 'out'}", f"--backgrounds={tmp_path}", "--num_images=1", "--num_pictures=1"]
    ended = here(capsys, *arguments)
    assert ended.status == 0, ended.stderr
    dressed = f"{len(figure_names('train'))} people are dressed"
    for line in ("2/3 pictures of --backgrounds are read", dressed, "0/1 pictures are kept"):
        assert line in ended.stdout


def test_backgrounds_of_validation_are_unseen_in_training(tmp_path, capsys):
    backgrounds = tmp_path / "photos"
    backgrounds.mkdir()
    for k in range(5):
        Image.new("RGB", (64, 48), (40 * k, 0, 0)).save(backgrounds / f"photo{k}.png")
    seen = {}
    for split in ("train", "val"):
        ended = here(
            capsys, f"--output={tmp_path / 'out'}", f"--backgrounds={backgrounds}", "--num_images=2", f"--split={split}"
        )
        assert ended.status == 0
        manifest = json.loads((tmp_path / "out" / f"{split}.manifest.json").read_text())
        seen[split] = set(manifest["settings"]["photos"])
    assert len(seen["train"]) == 4 and len(seen["val"]) == 1 and not seen["train"] & seen["val"]


def test_manifest_tells_counts_seed_versions_hashes_and_the_renderer(written):
    manifest = json.loads((written / "train.manifest.json").read_text())
    assert manifest["num_records"] == len(records(written)) and manifest["settings"]["seed"] == 0
    assert manifest["versions"]["simpose_tf"] and len(manifest["settings"]["poses"]["sha256"]) == 64
    assert all(len(shard["sha256"]) == 64 for shard in manifest["shards"])
    assert len(manifest["made_with"]) == 1 and "OpenGL" in manifest["made_with"][0]


def test_bodies_are_another_source(tmp_path, capsys):
    ended = here(capsys, "--gin_file=gin_configs/render_body.gin", f"--output={tmp_path}", "--num_images=2")
    assert ended.status == 0
    people = records(tmp_path)
    assert people and {p.source for p in people} == {"body"} and all(p.figure_id.startswith("body-") for p in people)


def test_folder_with_another_seed_is_refused(written, capsys):
    before = shard_bytes(written)
    ended = here(capsys, f"--output={written}", "--num_images=6", "--num_shards=2", "--seed=1")
    assert ended.status == 2 and "other settings" in ended.stderr
    assert shard_bytes(written) == before


def test_folder_of_other_code_is_refused(written, capsys, monkeypatch):
    monkeypatch.setattr(scene_records, "code_digest", lambda: "edited")
    before = shard_bytes(written)
    ended = here(capsys, f"--output={written}", "--num_images=6", "--num_shards=2", "--seed=0")
    assert ended.status == 2 and "other code" in ended.stderr
    assert shard_bytes(written) == before


def test_digest_of_the_code_changes_with_people_drawing_and_charts(tmp_path, monkeypatch):
    package = tmp_path / "simpose_tf"
    shutil.copytree(ROOT / "simpose_tf", package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(simpose_tf, "__file__", str(package / "__init__.py"))
    digest = scene_records.code_digest.__wrapped__
    seen = {digest()}
    decisive = ["figures/dressed/people_train.py", "figures/makehuman.py", "figures/painted/bodies.py"]
    decisive += ["sim/sampler.py", "sim/shaders/light.glsl", "surface/open_reference.npz"]
    for count, name in enumerate(decisive, 2):
        with (package / name).open("ab") as file:
            file.write(b" ")
        seen.add(digest())
        assert len(seen) == count, name
    with (package / "trainer.py").open("ab") as file:
        file.write(b" ")
    assert digest() in seen


def test_folder_with_another_number_of_scenes_is_refused(written, capsys):
    ended = here(capsys, f"--output={written}", "--num_images=5", "--num_shards=2", "--seed=0")
    assert ended.status == 2 and "other settings" in ended.stderr


def test_killed_run_goes_on_and_ends_with_the_same_bytes(written, tmp_path, capsys):
    output = tmp_path / "killed"
    settings = [f"--output={output}", "--num_images=6", "--num_shards=2", "--seed=0"]
    process = subprocess.Popen(
        command(*settings, "--workers=1"), cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True
    )
    while process.poll() is None and not list(output.glob("train-*.tfrecord")):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert here(capsys, *settings).status == 0
    assert shard_bytes(output) == shard_bytes(written)
