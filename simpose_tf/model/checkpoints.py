"""First weights out of checkpoints: an official ResNet's for the backbone, an earlier run's for the network.

TensorFlow's own `restore` tells of a wrong checkpoint by a list of objects, or by a shape without a name. Here every
variable is looked up by its place in the network, before any is changed, and the first one that does not fit is named.

A place is written as in a checkpoint's keys: `layer_with_weights-4/_conv1/kernel`. Names of variables would not do:
they hold a counter of the process.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2

from simpose_tf.errors import InputError
from simpose_tf.model.network import Network
from simpose_tf.model.normalization import SIM_PREFIX

Place = tuple[str, ...]

_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"

# Where checkpoints keep a ResNet: tf-models-official's own, its classifier alone, weights of a bare ResNet, our runs.
_BACKBONE_ROOTS: tuple[Place, ...] = (
    ("backbone",),
    ("model", "backbone"),
    ("model", "_backbone"),
    ("model", "layer_with_weights-0"),
    ("network", "backbone", "layer_with_weights-0"),
    (),
)
_NETWORK_ROOTS: tuple[Place, ...] = (("network",),)
# What is there if a root is one: the ResNet's first convolution, a network's backbone.
_BACKBONE_PROBE: Place = ("layer_with_weights-0", "kernel")
_NETWORK_PROBE: Place = ("backbone",)


def load_backbone(network: Network, path: str, what: str = "--backbone_checkpoint") -> None:
    """Load an official ResNet's weights into the backbone's ResNet; normalisation per domain takes them twice.

    Args:
      network: its head convolutions, and a top-down path, stay as they are.
      path: a TensorFlow 2 checkpoint: its prefix, its `.index` file, or a folder, whose last checkpoint is taken.
      what: the option that names the path, for messages.

    Raises:
      InputError: no whole checkpoint is there, or not of this network; nothing was loaded then.
    """
    _load(network.backbone.get_layer("official"), path, (_BACKBONE_ROOTS, _BACKBONE_PROBE), what)


def load_network(network: Network, path: str, what: str = "--initial_checkpoint") -> None:
    """Load all weights of an earlier run's network; else as `load_backbone`.

    A run of plain BN fits a network that normalises per domain, whose domains then start alike, and the other way round
    (photographs' statistics are taken).
    """
    _load(network, path, (_NETWORK_ROOTS, _NETWORK_PROBE), what)


@dataclass(frozen=True)
class _Stored:
    """A checkpoint as a graph of objects.

    Attributes:
      nodes: `TrackableObjectGraph.nodes`; node 0 is the root.
      shapes: key -> shape of each tensor.
      tensor: reads the tensor of a key.
    """

    nodes: Sequence
    shapes: dict[str, list[int]]
    tensor: Callable[[str], np.ndarray]

    def children(self, node: int) -> dict[str, int]:
        """Return name -> node."""
        return {child.local_name: child.node_id for child in self.nodes[node].children}

    def find(self, place: Place, node: int = 0) -> int | None:
        """Return the node at a place under another, or None."""
        for name in place:
            following = self.children(node).get(name)
            if following is None:
                return None
            node = following
        return node

    def key(self, node: int | None) -> str | None:
        """Return the key of a variable's tensor; None for other nodes."""
        attributes = [] if node is None else self.nodes[node].attributes
        return attributes[0].checkpoint_key if attributes else None


def _load(model: tf.keras.Model, path: str, where: tuple[Sequence[Place], Place], what: str) -> None:
    try:
        stored = _read(path)
        keys = _matched_keys(model, stored, _root(stored, *where))
        values = [stored.tensor(key) for key in keys]
    except _MismatchError as error:
        raise InputError(f"{what}: {path!r} is of another network: {error}") from error
    except (tf.errors.OpError, IndexError, ValueError, RuntimeError, OSError) as error:  # IndexError: cut off
        raise InputError(f"{what}: no checkpoint of TensorFlow 2 at {path!r}, or not a whole one") from error
    for key, value in zip(keys, values, strict=True):
        if not np.isfinite(value).all():
            raise InputError(f"{what}: {path!r} holds numbers that are not finite, in {_short(key)}")
    for variable, value in zip(model.weights, values, strict=True):
        variable.assign(value)


class _MismatchError(Exception):
    """Says which variable differs, and how."""


def _read(path: str) -> _Stored:
    prefix = path.removesuffix(".index")
    if Path(prefix).is_dir():
        prefix = tf.train.latest_checkpoint(prefix) or prefix
    reader = tf.train.load_checkpoint(prefix)
    graph = trackable_object_graph_pb2.TrackableObjectGraph()
    graph.ParseFromString(reader.get_tensor(_GRAPH_KEY))
    return _Stored(graph.nodes, reader.get_variable_to_shape_map(), reader.get_tensor)


def _root(stored: _Stored, roots: Sequence[Place], probe: Place) -> int:
    """Return the node of the first root that has the probe. Raises _MismatchError if none has."""
    for place in roots:
        node = stored.find(place)
        if node is not None and stored.find(probe, node) is not None:
            return node
    raise _MismatchError(f"it holds no {roots[0][0]}, but {', '.join(sorted(stored.children(0)))}")


def _matched_keys(model: tf.keras.Model, stored: _Stored, root: int) -> list[str]:
    """Return the key of each of the model's weights. Raises _MismatchError for the first one that differs."""
    places = _places(model)
    keys = [_matched_key(variable, places[variable.ref()], stored, root) for variable in model.weights]
    for place, key in _stored_variables(stored, root):
        if key not in keys and not place[-1].startswith(SIM_PREFIX):
            raise _MismatchError(f"{'/'.join(place)} is {stored.shapes[key]} in the checkpoint; the network has none")
    return keys


def _matched_key(variable: tf.Variable, place: Place, stored: _Stored, root: int) -> str:
    key = stored.key(stored.find(place, root))
    if key is None and place[-1].startswith(SIM_PREFIX):  # simulated crops start as photographs do
        key = stored.key(stored.find((*place[:-1], place[-1].removeprefix(SIM_PREFIX)), root))
    wanted = variable.shape.as_list()
    if key is None:
        raise _MismatchError(f"{'/'.join(place)} is not in the checkpoint; wanted {wanted}")
    if stored.shapes[key] != wanted:
        raise _MismatchError(f"{'/'.join(place)} is {stored.shapes[key]} in the checkpoint; wanted {wanted}")
    return key


def _places(model: tf.keras.Model) -> dict:
    """Return the shortest place of each variable, by its `ref()`."""
    view, found, seen = tf.train.TrackableView(model), {}, {id(model)}
    waiting: deque[tuple[Place, object]] = deque([((), model)])
    while waiting:
        place, thing = waiting.popleft()
        for name, child in view.children(thing).items():
            if id(child) in seen or not _is_step(name):
                continue
            seen.add(id(child))
            if isinstance(child, tf.Variable):
                found[child.ref()] = (*place, name)
            else:
                waiting.append(((*place, name), child))
    return found


def _stored_variables(stored: _Stored, root: int) -> Iterator[tuple[Place, str]]:
    """Yield place and key of the variables under a node of a checkpoint."""
    seen = {root}
    waiting: deque[tuple[Place, int]] = deque([((), root)])
    while waiting:
        place, node = waiting.popleft()
        for name, child in stored.children(node).items():
            if child in seen or not _is_step(name):
                continue
            seen.add(child)
            key = stored.key(child)
            if key:
                yield (*place, name), key
            else:
                waiting.append(((*place, name), child))


def _is_step(name: str) -> bool:
    """Return whether a place leads over this name.

    Keras counts layers twice: `layer-` with those that have no weights, which the kinds of ResNet place differently.
    """
    return not name.startswith("layer-") and name not in ("save_counter", "keras_api")


def _short(key: str) -> str:
    return key.split("/.ATTRIBUTES")[0]
