"""Flags for a user's own people, the same for every main that shows people."""

from absl import flags

from simpose_tf import app
from simpose_tf.figures.cast import Cast, CastConfig, UserFiles


def define_people_flags() -> None:
    """Define one flag for each of `UserFiles`."""
    flags.DEFINE_string("garments", "", "Folder of MakeHuman garments (.mhclo) for further figures.")
    flags.DEFINE_string("figures", "", "Folder of rigged figures, NAME.glb with its charts NAME.npz, in place of ours.")
    flags.DEFINE_string("smpl", "", "SMPL model (.npz, .pkl) in place of the open body; with --charts.")
    flags.DEFINE_string("charts", "", "Charts of the SMPL mesh (.npz).")
    flags.DEFINE_string("textures", "", "Folder of textures for the SMPL mesh.")
    app.list_in_help("garments", "figures", "smpl", "charts", "textures")


def cast_of(options: flags.FlagValues, config: CastConfig) -> Cast:
    """Return the people of `--split`, with the user's files. Raises InputError for files of the other source."""
    own = UserFiles(options.garments, options.figures, options.smpl, options.charts, options.textures)
    return Cast(config, options.split, own)
