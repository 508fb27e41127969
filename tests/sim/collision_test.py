import numpy as np
import trimesh

from simpose_tf.sim.collision import CELL, Occupancy


def box(center, size=0.4):
    return np.asarray(trimesh.creation.box((size,) * 3).subdivide().subdivide().subdivide().vertices) + center


def test_first_person_always_fits():
    assert Occupancy().add(box([0, 0, 0]))


def test_overlapping_people_do_not_fit():
    taken = Occupancy()
    assert taken.add(box([0, 0, 0]))
    assert not taken.add(box([0.3, 0, 0]))


def test_touching_people_do_not_fit_and_a_refused_one_takes_nothing():
    taken = Occupancy()
    assert taken.add(box([0, 0, 0]))
    assert not taken.add(box([0.4 + CELL / 2, 0, 0]))
    assert taken.add(box([0.4 + 3 * CELL, 0, 0]))


def test_far_people_fit():
    taken = Occupancy()
    assert all(taken.add(box([x, 0, z])) for x in (-3, 0, 3) for z in (-100, -3))
