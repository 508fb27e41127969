import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.figures.own import user_figures
from tests.figures.glb_files import write_glb
from tests.figures.open_body import open_body
from tests.figures.own.glb_test import charts_of

PEOPLE = ("ann", "ben", "cem", "dot", "eve")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Five people of which one is real; names alone decide the rest."""
    root = tmp_path_factory.mktemp("people")
    write_glb(root / "ann.glb", open_body())
    charts_of(open_body(), root / "ann.npz")
    for name in PEOPLE[1:]:
        (root / f"{name}.GLB").write_bytes(b"glTF")
        (root / f"{name}.npz").write_bytes(b"")
    (root / "readme.txt").write_text("not a person")
    return root


def test_everybody_is_in_one_split(folder):
    train, val = (user_figures.user_figure_names(folder, split) for split in ("train", "val"))
    assert sorted(train + val) == list(PEOPLE)
    assert len(val) == 1


def test_a_person_is_loaded_by_name(folder):
    figure = user_figures.load_user_figure(folder, "ann")
    assert figure.name == "ann"
    assert set(np.unique(figure.part)) == set(range(1, 25))
    with pytest.raises(InputError, match=r"no zoe\.glb in"):
        user_figures.load_user_figure(folder, "zoe")
    with pytest.raises(InputError, match="not a GLB file"):
        user_figures.load_user_figure(folder, "ben")


def test_missing_charts_are_refused_with_what_belongs_there(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.glb").write_bytes(b"glTF")
    command = r"python -m simpose_tf\.annotate_mesh --mesh=.*a\.glb --output=.*a\.npz"
    line = rf"a\.glb: its charts are missing: {tmp_path}/a\.npz with part .*; {command}"
    with pytest.raises(InputError, match=line):
        user_figures.user_figure_names(tmp_path, "train")
    with pytest.raises(InputError, match=line):
        user_figures.load_user_figure(tmp_path, "a")


def test_too_few_people_for_two_splits_and_no_people_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"no \.glb files"):
        user_figures.user_figure_names(tmp_path, "train")
    for suffix in (".glb", ".npz"):
        (tmp_path / f"solo{suffix}").write_bytes(b"")
    found = []
    for split in ("train", "val"):
        try:
            found += user_figures.user_figure_names(tmp_path, split)
        except InputError as error:
            found.append(str(error))
    assert len(found) == 2
    assert sum(str(tmp_path) in line for line in found) >= 1
    with pytest.raises(InputError, match="no such folder"):
        user_figures.user_figure_names(tmp_path / "none", "train")
