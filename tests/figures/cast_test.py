import pickle

import pytest

from simpose_tf.errors import InputError
from simpose_tf.figures.cast import Cast, CastConfig, UserFiles

FIGURES, BODY = CastConfig("figures", 1), CastConfig("body", 8)


@pytest.mark.parametrize("config", [FIGURES, BODY])
def test_nobody_is_in_two_splits(config):
    train, val = (Cast(config, split).names() for split in ("train", "val"))
    assert train and val and not set(train) & set(val)


def test_figures_are_at_least_seventeen_and_bodies_as_many_as_asked():
    assert len(Cast(FIGURES, "train").names()) >= 17
    assert len(Cast(BODY, "train").names()) == 8


@pytest.mark.parametrize("config", [FIGURES, BODY])
def test_figure_is_loaded_by_name_and_kept(config):
    cast = Cast(config, "train")
    name = cast.names()[0]
    assert cast.load(name).name == name
    assert cast.load(name) is cast.load(name)


def test_preparing_tells_how_many_are_ready():
    told = []
    Cast(FIGURES, "val").prepare(lambda done, of: told.append((done, of)))
    assert told == [(k, 6) for k in range(1, 7)]
    Cast(BODY, "val").prepare(lambda done, of: told.append((done, of)))
    assert told[6:] == [(1, 1)]


def test_cast_travels_to_workers():
    cast = Cast(BODY, "val", UserFiles())
    assert pickle.loads(pickle.dumps(cast)) == cast


@pytest.mark.parametrize(
    ("config", "files", "line"),
    [
        (FIGURES, UserFiles(smpl="m.npz", charts="c.npz"), "--smpl: not for the source 'figures'"),
        (BODY, UserFiles(garments="g"), "--garments: not for the source 'body'"),
        (BODY, UserFiles(figures="f"), "--figures: not for the source 'body'"),
        (BODY, UserFiles(smpl="m.npz"), "--smpl and --charts go together"),
        (BODY, UserFiles(textures="t"), "--textures: is for --smpl"),
        (FIGURES, UserFiles(figures="f", garments="g"), "--garments: dresses the open figures"),
    ],
)
def test_files_of_another_source_raise(config, files, line):
    with pytest.raises(InputError, match=line):
        Cast(config, "train", files)


def test_unknown_split_and_source_raise():
    with pytest.raises(InputError, match="split 'test'"):
        Cast(FIGURES, "test")
    with pytest.raises(ValueError, match="source"):
        CastConfig("statues", 1)
