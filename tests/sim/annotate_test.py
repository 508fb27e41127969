import numpy as np

from simpose_tf import geometry
from simpose_tf.sim.annotate import annotate, keypoint_thickness, mask_box
from tests.sim.renderer_test import FIGURES, HEIGHT, WIDTH, camera, crate, draw, place, scene
from tests.sim.spheres import sphere_figure


def labels_of(staged):
    return annotate(staged, FIGURES, draw(staged))


def test_keypoints_are_the_projected_regressors():
    view = camera((0.5, 1.5, 3.0), (0.0, 1.0, 0.0), 0.2)
    (label,) = labels_of(scene(place(0.2, 0.1), view=view))
    centre = geometry.transform_points(view.camera_from_world, np.array([0.2, 1.0, 0.1]))
    np.testing.assert_allclose(label.keypoints_xy[3], geometry.project(view.intrinsics, centre), atol=1e-4)


def test_unhidden_keypoints_inside_the_body_are_visible():
    (label,) = labels_of(scene(place()))
    assert np.all(label.visibility == 2)


def test_keypoints_behind_another_person_are_hidden():
    far, near = labels_of(scene(place(0.8, -1.5), place(0, 0.8)))
    assert np.all(far.visibility == 1) and np.all(near.visibility == 2)


def test_keypoint_thickness_is_each_figures_own_also_where_names_agree():
    for radius in (0.2, 0.5):  # keypoints lie at the centre
        thickness = keypoint_thickness(sphere_figure("same", radius, 3))
        np.testing.assert_allclose(thickness, np.full(17, 1.5 * radius + 0.05), atol=1e-6)


def test_keypoints_off_the_picture_are_unlabelled_and_zero():
    (label,) = labels_of(scene(place(2.5, 0.0), view=camera((0, 1, 3.0))))
    assert label.mask.any()
    assert np.all(label.visibility == 0) and not label.keypoints_xy.any()


def test_people_without_a_pixel_get_no_labels():
    assert [label.index for label in labels_of(scene(place(50.0), place()))] == [1]


def test_box_is_tight():
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[10:20, 30:33] = True
    assert mask_box(mask).tolist() == [10, 30, 20, 33]


def test_boxes_hold_exactly_the_mask():
    for label in labels_of(scene(place(-0.7), place(0.7, -0.5))):
        y0, x0, y1, x1 = label.box_yxyx.astype(int)
        assert label.mask[y0:y1, x0:x1].sum() == label.mask.sum()
        assert label.mask[y0].any() and label.mask[y1 - 1].any()


def test_keypoints_behind_a_prop_are_hidden():
    (label,) = labels_of(scene(place(), props=(crate(0.0, 1.0, 1.2),), view=camera((0, 1.5, 3.0), (0, 1.2, 0))))
    assert np.all(label.visibility == 1)


def test_what_stands_behind_a_keypoint_does_not_hide_it():
    far, near = labels_of(scene(place(0, -1.5), place(0.1, 0.8), view=camera((0, 1.9, 3.0), (0, 1.0, 0))))
    assert np.all(near.visibility == 2) and far.index == 0


def test_visibility_is_that_of_the_exact_ray_and_not_of_the_pixel():
    """A person whose edge crosses a pixel hides the keypoints on one side of the edge only."""
    answers = []
    for x in np.linspace(-0.012, 0.012, 8):  # the near sphere's edge moves over the far one's middle, within a pixel
        far, _ = labels_of(scene(place(0, -2.0), place(0.5 + x, 0.5)))
        assert np.all(far.visibility == (1 if x < 0 else 2))  # the ray to the far middle runs along x = 0
        answers.append(int(far.visibility[0]))
    assert set(answers) == {1, 2}
