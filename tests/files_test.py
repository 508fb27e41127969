import pytest

from simpose_tf import files
from simpose_tf.errors import InputError


def test_atomic_path_leaves_nothing_after_an_error(tmp_path):
    with pytest.raises(RuntimeError), files.atomic_path(tmp_path / "a.txt") as temporary:
        with open(temporary, "w") as stream:
            stream.write("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_atomic_path_keeps_the_old_file_until_the_end(tmp_path):
    path = tmp_path / "a.txt"
    files.write_text(path, "old")
    with files.atomic_path(path) as temporary:
        with open(temporary, "w") as stream:
            stream.write("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_atomic_folder_takes_the_old_one_s_place_at_the_end(tmp_path):
    path = tmp_path / "model"
    for text in ("old", "new"):
        with files.atomic_folder(path) as temporary:
            temporary.mkdir()
            (temporary / text).touch()
            assert text == "old" or (path / "old").exists()
    assert [p.name for p in tmp_path.rglob("*")] == ["model", "new"]


def test_atomic_folder_keeps_the_old_one_after_an_error(tmp_path):
    (tmp_path / "model").mkdir()
    with pytest.raises(RuntimeError), files.atomic_folder(tmp_path / "model") as temporary:
        temporary.mkdir()
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("call", [files.require_dir, files.require_file, files.images_in, files.match])
def test_what_is_missing_is_named_with_its_option(call, tmp_path):
    with pytest.raises(InputError, match=r"--input: .*absent"):
        call(str(tmp_path / "absent"), "--input")


@pytest.mark.parametrize("call", [files.output_folder, files.output_file])
def test_output_below_a_file_raises(call, tmp_path):
    (tmp_path / "file").touch()
    call(str(tmp_path / "new" / "deep" / "out"), "--output")
    for path in (None, "", str(tmp_path / "file" / "deep" / "out")):
        with pytest.raises(InputError, match="--output"):
            call(path, "--output")


def test_output_of_the_wrong_kind_raises(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file, not a folder"):
        files.output_folder(str(tmp_path / "file"), "--output")
    with pytest.raises(InputError, match="name a file"):
        files.output_file(str(tmp_path), "--output")


def test_folder_without_pictures_raises(tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(InputError, match="no pictures"):
        files.images_in(str(tmp_path), "--images")


def test_sha256_of_nothing(tmp_path):
    (tmp_path / "empty").touch()
    assert files.sha256(tmp_path / "empty").startswith("e3b0c44298fc1c14")


def test_digest_of_a_folder_changes_with_names_and_bytes_and_with_nothing_else(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "a.txt").write_text("a")
        (tmp_path / name / "deep" / "b.txt").write_text("b")
    first, second = (files.digest(tmp_path / name) for name in ("one", "two"))
    assert first == second
    (tmp_path / "two" / "deep" / "b.txt").write_text("c")
    changed = files.digest(tmp_path / "two")
    (tmp_path / "one" / "a.txt").rename(tmp_path / "one" / "z.txt")
    assert len({first, changed, files.digest(tmp_path / "one")}) == 3
    assert files.digest(tmp_path / "one" / "z.txt") == files.sha256(tmp_path / "one" / "z.txt")
