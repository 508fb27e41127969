"""Measure by which score a model's people are ranked best, on held-out records.

    python -m simpose_tf.choose_score --model=SAVED_MODEL --records=GLOB --output=FILE.json [--distances=TABLE.npy]

About each person of the records boxes are put as a detector may: shifted and stretched ones, halves, false ones, and
none for some people (`TrialConfig` in the gin file). The model answers to all, and detections are ranked by the geometric
mean of each choice of the model's confidences (`inference.scores`). Average precision is measured over OKS, mask IoU
and, with `--gps`, GPS on the open reference. The choice is called unsure unless the 95 % interval of what it gains over
G-RMI's score is above 0 and it also gains on people that it was not chosen on.

The json holds all numbers; the printed bindings go to simpose_tf.export as --gin_param.
"""

import json
from collections.abc import Callable

import numpy as np
from absl import flags

from simpose_tf import app, configurables, files
from simpose_tf.errors import InputError
from simpose_tf.rescoring import ranking
from simpose_tf.rescoring.ranking import Detections

FLAGS = flags.FLAGS

_BASE = ("keypoints",)  # G-RMI's score
_EVERY = 50  # people between two lines of progress


def define_flags() -> None:
    """Define this main's flags."""
    flags.DEFINE_string("model", None, "SavedModel of simpose_tf.export.")
    flags.DEFINE_multi_string("records", None, "Glob of held-out people records; may be given several times.")
    flags.DEFINE_string("output", None, "The .json file to write.")
    flags.DEFINE_multi_string("gin_file", ["gin_configs/score_trial.gin"], "How boxes go wrong.")
    flags.DEFINE_multi_string("gin_param", None, "Binding over the file's, e.g. TrialConfig.false=2.0.")
    flags.DEFINE_bool("gps", False, "Also measure GPS, on the open reference; simulated people only.")
    flags.DEFINE_string("distances", None, "With --gps: the reference's table of simpose_tf.geodesic_table.")
    flags.DEFINE_bool("flip", False, "Average over each crop and its mirror image.")
    flags.DEFINE_integer("seed", 0, "Of the boxes.", lower_bound=0)


def main() -> None:
    """Predict, rank by every candidate, write the json and say what to bind."""
    files.require_dir(FLAGS.model, "--model")
    output = files.output_file(FLAGS.output, "--output")
    if not FLAGS.records:
        raise InputError("--records: name the glob of the held-out records")
    configurables.load(FLAGS.gin_file, FLAGS.gin_param)
    # TensorFlow takes seconds to load: what is wrong with the options was told before.
    from simpose_tf.densepose import references
    from simpose_tf.inference import exported
    from simpose_tf.inference.scores import CONFIDENCES
    from simpose_tf.rescoring import detections
    from simpose_tf.rescoring.trials import TrialConfig

    model = exported.load(FLAGS.model, flip=FLAGS.flip)
    body = references.load("open", FLAGS.distances, app.say) if FLAGS.gps else None
    trial = configurables.get(TrialConfig)
    found = detections.detect(model, FLAGS.records, trial, body, FLAGS.seed, _progress(app.say))
    result = {"model": model.path, "records": list(FLAGS.records), "flip": FLAGS.flip}
    result |= study(found, CONFIDENCES, np.random.default_rng(FLAGS.seed))
    for line in told(result, CONFIDENCES):
        app.say(line)
    files.write_text(output, json.dumps(result, indent=1) + "\n")
    app.say(str(output))


def _progress(say: Callable[[str], None]) -> Callable[[int], None]:
    """Return a function that says now and then how many people are done."""
    return lambda done: say(f"{done} people") if done % _EVERY == 0 else None


def study(found: Detections, names: tuple[str, ...], rng: np.random.Generator) -> dict:
    """Return the average precision of every candidate, the best one, and how sure that is."""
    rows = [{"score": list(c)} | ranking.precisions(found, names, c) for c in ranking.candidates(names)]
    rows.sort(key=lambda row: -row["mean"])
    best = tuple(rows[0]["score"])
    low, high = ranking.interval(found, names, (best, _BASE), rng)
    held_out = ranking.held_out_gains(found, names, _BASE)
    return {
        "people": found.people,
        "detections": len(found.person),
        "best": list(best),
        "gain": ranking.gain(found, names, best, _BASE),
        "gain_95_percent": [low, high],
        "gain_on_other_half": list(held_out),
        "sure": bool(low > 0 and min(held_out) > 0),
        "candidates": rows,
    }


def told(result: dict, names: tuple[str, ...]) -> list[str]:
    """Return the lines that are printed: the ten best, G-RMI's and single confidences, the choice, its bindings."""
    rows = result["candidates"]
    measures = [key for key in rows[0] if key != "score"]
    shown = rows[:10] + [row for row in rows[10:] if len(row["score"]) == 1]
    lines = [f"average precision of {result['detections']} detections of {result['people']} people, ranked by"]
    lines.append(f"{'':44}" + "".join(f"{measure:>10}" for measure in measures))
    for row in shown:
        name = " * ".join(row["score"]) + (" (G-RMI)" if row["score"] == list(_BASE) else "")
        lines.append(f"  {name:42}" + "".join(f"{row[measure]:10.4f}" for measure in measures))
    low, high = result["gain_95_percent"]
    halves = ", ".join(f"{g:+.4f}" for g in result["gain_on_other_half"])
    sure = "sure" if result["sure"] else "UNSURE: keep G-RMI's, or measure on more people"
    lines.append(f"gain of the best over G-RMI's {result['gain']:+.4f}, 95 % in {low:+.4f}..{high:+.4f}; ")
    lines[-1] += f"chosen on one half, on the other {halves}: {sure}"
    bindings = [f"--gin_param=ScoreConfig.{n}={float(n in result['best'])}" for n in names]
    return [*lines, " ".join(bindings)]


if __name__ == "__main__":
    define_flags()
    app.run(main)
