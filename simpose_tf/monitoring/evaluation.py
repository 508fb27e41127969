"""The network as it stands in the midst of training, on fixed people: Table 2's metrics, statistics, drawings.

Metrics are those of `simpose_tf.evaluate` (`metrics.crops.Scores`), on every pixel of the crop. Each crop is normalised
as one of its own domain, and on several replicas by the moving averages of the first one.
"""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from simpose_tf import crop_scores
from simpose_tf.data import schema
from simpose_tf.inference import decode
from simpose_tf.inference.people import MASK_THRESHOLD
from simpose_tf.metrics.crops import CropPrediction, Scores
from simpose_tf.model import normalization
from simpose_tf.model.network import Network
from simpose_tf.monitoring import statistics
from simpose_tf.monitoring.people import Batch
from simpose_tf.monitoring.statistics import CropMoments

_MAPS = ("keypoints", "mask", "part", "uv", "normal", "uv_of_true_part")


@dataclass(frozen=True)
class Answers:
    """What the network says of N people.

    Attributes:
      maps: `keypoints` `[N,17,3]`, `mask` `[N,H,W]` probabilities, `part`, `uv`, `normal` as in `decode.decode_maps`;
        `uv_of_true_part` `[N,H,W,2]`.
      moments: of the inputs of each normalising layer, in the order of `statistics.layer_names`.
    """

    maps: dict[str, np.ndarray]
    moments: list[CropMoments]

    def predictions(self) -> list[CropPrediction]:
        """Return what the metrics ask for."""
        return [
            CropPrediction(
                keypoints_xy=keypoints[:, :2],
                mask=mask >= MASK_THRESHOLD,
                part=part,
                uv_of_true_part=uv,
                normal=normal,
            )
            for keypoints, mask, part, uv, normal in zip(
                *(self.maps[name] for name in ("keypoints", "mask", "part", "uv_of_true_part", "normal")), strict=True
            )
        ]

    def scores(self, people: Batch) -> Scores:
        """Return the scores of the people that were answered for."""
        scores = Scores()
        for predicted, true in zip(self.predictions(), crop_scores.labels_of(people), strict=True):
            scores.add(predicted, true)
        return scores


class LiveNetwork:
    """Asks a network that is being trained."""

    def __init__(self, network: Network, strategy: tf.distribute.Strategy, batch_size: int) -> None:
        """Prepare; the graph is built at the first question.

        Args:
          network: built under `strategy`.
          strategy: every worker asks at the same time.
          batch_size: people at once.
        """
        self._network, self._batch_size = network, batch_size
        self._layers = normalization.norm_layers(network.backbone)
        self._answer = tf.function(lambda *crops: strategy.run(self._of_replica, crops))
        self._first = lambda values: strategy.experimental_local_results(values)[0].numpy()

    def ask(self, people: Batch) -> Answers:
        """Return the answers about all people of a numpy batch (`people.FixedPeople`)."""
        count = len(people["image"])
        answers = [self._ask(people, np.arange(i, i + self._batch_size)) for i in range(0, count, self._batch_size)]
        maps = {name: np.concatenate([maps[name] for maps, _ in answers])[:count] for name in _MAPS}
        moments = [
            CropMoments(*(np.concatenate(parts)[:count] for parts in zip(*layer, strict=True)))
            for layer in zip(*(moments for _, moments in answers), strict=True)
        ]
        return Answers(maps, moments)

    def _ask(self, people: Batch, places: np.ndarray) -> tuple[dict[str, np.ndarray], list[tuple]]:
        """Answer for one batch; the last one is filled up with its first people, so that one graph serves all."""
        places = places % len(people["image"])
        crops = (tf.constant(people[name][places]) for name in ("image", "part", "domain"))
        maps, moments = self._answer(*crops)
        return {n: self._first(v) for n, v in maps.items()}, [tuple(map(self._first, pair)) for pair in moments]

    def _of_replica(self, image: tf.Tensor, part: tf.Tensor, domain: tf.Tensor) -> tuple:
        recorded: dict[int, tuple] = {}
        with statistics.recorded(self._layers, recorded):
            maps = self._network(image, label_stride=1, domain=domain)
        answers = decode.decode_maps(maps, self._network.crop.radius)
        answers["uv_of_true_part"] = decode.uv_at_parts(maps["uv"], part)
        return {name: answers[name] for name in _MAPS}, [recorded[place] for place in range(len(self._layers))]


def domain_distances(network: Network, by_domain: dict[str, Answers]) -> dict[str, dict[str, float]]:
    """Return how far apart the domains lie in front of each normalisation.

    Args:
      network: that answered.
      by_domain: its answers about people of both domains.

    Returns:
      `kl` (`statistics.symmetric_kl`), `gap` (`statistics.mean_gap`) and `kl_within`, `gap_within`: the same between
      two halves of one domain, the mean of both domains, which tells how much is chance; each layer's name -> value.
    """
    layers = normalization.norm_layers(network.backbone)
    distances: dict[str, dict[str, float]] = {name: {} for name in ("kl", "gap", "kl_within", "gap_within")}
    for place, name in enumerate(statistics.layer_names(network.backbone)):
        moments = [by_domain[domain].moments[place] for domain in schema.DOMAIN_NAMES]
        halves = [(m.of_all(slice(0, None, 2)), m.of_all(slice(1, None, 2))) for m in moments]
        for kind, distance in (("kl", statistics.symmetric_kl), ("gap", statistics.mean_gap)):
            epsilon = layers[place].epsilon
            distances[kind][name] = distance(moments[0].of_all(), moments[1].of_all(), epsilon)
            distances[f"{kind}_within"][name] = float(np.mean([distance(*pair, epsilon) for pair in halves]))
    return distances
