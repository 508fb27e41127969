"""A body's texture: skin, face and clothes painted on it, as SURREAL's scans are on SMPL (SimPose sec. 3.1).

# not in the paper: SURREAL's textures are under a research licence; these are drawn by functions of places on the body.
"""

import numpy as np

from simpose_tf.figures.painted import body_cloth, body_skin
from simpose_tf.figures.painted.body_atlas import body_atlas
from simpose_tf.figures.painted.body_outfits import Outfit
from simpose_tf.figures.painted.body_places import body_places
from simpose_tf.figures.painted.body_skin import Complexion


def paint(complexion: Complexion, outfit: Outfit, rng: np.random.Generator) -> np.ndarray:
    """Return a texture `[SIZE, SIZE, 4]` uint8 sRGB, opaque, in the layout of `body_atlas`.

    Args:
      complexion: skin, face and hair.
      outfit: the clothes.
      rng: folds, prints and blotches.
    """
    atlas, body = body_atlas(), body_places()
    colors = np.empty((len(atlas.face), 3), np.float32)
    colors[body.everywhere.texels] = body_skin.skin(complexion, body, rng)
    colors[body.eye_texels] = body_skin.eyes(complexion, body)
    if not outfit.tops:
        body_skin.chest(colors, complexion, body)
    body_cloth.wear(colors, outfit, body, rng)
    body_skin.face(colors, complexion, body, rng)
    return atlas.image(colors)
