"""Ask a server of the exported model for the people of pictures and videos, and write what simpose_tf.predict does.

    python -m simpose_tf.serving.client --server=HOST:PORT|http://HOST:PORT --input=FILE|DIR|GLOB|VIDEO --output=DIR

The server is TensorFlow Serving with a model that `simpose_tf.export --detector` wrote: gRPC at HOST:PORT, REST at a
URL. `simpose_tf.serving.remote` does the same from Python.
"""

from absl import flags

from simpose_tf import app, files
from simpose_tf.errors import InputError
from simpose_tf.inference import picture_files, prediction_run, sources, video, work
from simpose_tf.inference.prediction_run import Request
from simpose_tf.serving.connection import Server
from simpose_tf.serving.remote import Client

FLAGS = flags.FLAGS

# Flags that decide what the outputs look like.
_SETTINGS = ("server", "model_name", "model_version", "draw", "dump", "atlas", "reference")
_VIDEO_SETTINGS = ("frames", "every", "smooth", "codec")


def define_flags() -> None:
    """Define this main's flags."""
    flags.DEFINE_string("server", None, "Where TensorFlow Serving is: HOST:PORT (gRPC) or http://HOST:PORT (REST).")
    flags.DEFINE_string("model_name", "simpose", "Name of the model, the server's --model_name.")
    flags.DEFINE_integer("model_version", None, "Version of the model. Default: the latest.", lower_bound=0)
    flags.DEFINE_string("input", None, "A picture, a video, a folder of them, or a glob.")
    flags.DEFINE_string("output", None, "Folder for the results.")
    flags.DEFINE_integer("parallel", 4, "Requests on their way at the same time.", lower_bound=1, upper_bound=64)
    flags.DEFINE_float("timeout", 60.0, "Seconds for one request.", lower_bound=0.001)
    flags.DEFINE_integer("retries", 5, "How often to send a request again while nobody answers.", lower_bound=0)
    flags.DEFINE_bool(
        "redo",
        False,
        "Do all anew. Without it the same command passes over what it has done into the same folder; it cannot tell "
        "whether the server's model is still the same.",
    )
    picture_files.define_flags()
    video.define_flags()
    app.list_in_help("draw", "atlas", "dump", "reference", "frames", "every", "smooth", "codec")


def main() -> None:
    """Check everything, then ask for picture after picture."""
    if not FLAGS.server:
        raise InputError("--server: name HOST:PORT for gRPC or http://HOST:PORT for REST")
    output = files.output_folder(FLAGS.output, "--output")
    found = sources.find(FLAGS.input)
    planned = work.plan(found.pictures, found.clips, None, detect=True)
    wanted = picture_files.wanted_of(FLAGS)
    work.refuse_overwriting(output, planned, lambda name: picture_files.file_names(name, wanted))
    settings = {name: FLAGS[name].value for name in _SETTINGS + _VIDEO_SETTINGS}
    request = Request(output, wanted, video.options_of(FLAGS), settings, FLAGS.redo, FLAGS.parallel)
    server = Server(FLAGS.server, FLAGS.model_name, FLAGS.model_version, FLAGS.timeout, FLAGS.retries)
    with Client(server) as client, app.told_of_stops():
        client.check()
        prediction_run.predict_all(lambda image, _boxes, _scores: client.predict(image), planned, request, app.say)


if __name__ == "__main__":
    define_flags()
    app.run(main)
