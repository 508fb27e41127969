"""A model's answers to boxes about the people of records, with what each is worth."""

from collections.abc import Callable, Sequence

import numpy as np

from simpose_tf.data import recordfiles
from simpose_tf.data.schema import Person
from simpose_tf.errors import InputError
from simpose_tf.inference import predictor
from simpose_tf.inference.exported import ExportedModel
from simpose_tf.inference.people import PredictedPerson
from simpose_tf.inference.scores import CONFIDENCES
from simpose_tf.rescoring.ranking import Detections
from simpose_tf.rescoring.similarity import similarities
from simpose_tf.rescoring.trials import TrialConfig, boxes_of
from simpose_tf.surface.chart_vertices import ChartVertices

_BATCH = 16


def detect(
    model: ExportedModel,
    globs: Sequence[str],
    trial: TrialConfig,
    body: ChartVertices | None,
    seed: int,
    say: Callable[[int], None],
) -> Detections:
    """Return the detections of all people in records.

    People without a labelled keypoint are passed over and, where GPS is measured, those without dense labels.

    Args:
      model: answers with `confidence`.
      globs: of records.
      trial: how boxes go wrong.
      body: for GPS, or None.
      seed: boxes are a function of it and of the record's place.
      say: told how many people are done.

    Raises:
      InputError: bad records, nobody to measure, or a model that tells no confidences.
    """
    person: list[int] = []
    values: list[np.ndarray] = []
    rows: list[dict[str, float]] = []
    done = 0
    for glob in globs:
        found = recordfiles.find(glob, "--records")
        for number in range(found.count):
            rng = np.random.default_rng((seed, done))
            record = recordfiles.read_person(found, number)
            if not record.visibility.any() or (body is not None and record.part is None):
                continue
            for predicted in _people(model, record, boxes_of(record, trial, rng)):
                person.append(done)
                values.append(predicted.confidence)
                rows.append(similarities(predicted, record, body, rng))
            done += 1
            say(done)
    if not rows:
        raise InputError("--records: no person with the labels that are measured got a box")
    of = {measure: np.nan_to_num(np.array([row[measure] for row in rows])) for measure in rows[0]}
    table = np.array(values, float).reshape(-1, len(CONFIDENCES))
    return Detections(np.array(person, int), table, of, done)


def _people(model: ExportedModel, record: Person, boxes: np.ndarray) -> list[PredictedPerson]:
    """Return the model's people. Raises InputError if it tells no confidences."""
    people = predictor.predict_people(model, record.image, boxes, _BATCH)
    if any(person.confidence is None for person in people):
        raise InputError(f"--model: {model.path!r} tells no confidences; export the model anew")
    return people
