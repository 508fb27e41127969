"""Weights stored with 16 bits: half the file, the arithmetic as before."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import graph_pb2, node_def_pb2
from tensorflow.python.framework import convert_to_constants

# Constants with fewer entries stay as they are: nothing to save.
_FEWEST = 256


def halve(function: Callable, signature: tf.TensorSpec) -> Callable:
    """Return a function of one tensor with its weights as float16 constants, which are cast to float32 where used.

    Kernels only: what has one axis (statistics, biases) keeps its 32 bits.

    Args:
      function: tensor -> dict of tensors; it may read variables.
      signature: of the tensor.

    Returns:
      a `tf.function` that reads no variables.
    """
    traced = tf.function(function, input_signature=[signature]).get_concrete_function()
    frozen = convert_to_constants.convert_variables_to_constants_v2(traced, lower_control_flow=False)
    graph_def = _halved(frozen.graph.as_graph_def())
    feed, names = frozen.inputs[0].name, [tensor.name for tensor in frozen.outputs]
    imported = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph_def, name=""), [])
    pruned = imported.prune(feed, tf.nest.map_structure(imported.graph.as_graph_element, names))
    outputs = traced.structured_outputs
    return tf.function(lambda values: tf.nest.pack_sequence_as(outputs, pruned(values)), input_signature=[signature])


def _halved(graph_def: graph_pb2.GraphDef) -> graph_pb2.GraphDef:
    """Return a graph whose kernels are float16 constants, each followed by a cast under the constant's name."""
    halved = graph_pb2.GraphDef(library=graph_def.library, versions=graph_def.versions)
    for node in graph_def.node:
        values = tf.make_ndarray(node.attr["value"].tensor) if node.op == "Const" else None
        if values is None or values.dtype != np.float32 or values.ndim < 2 or values.size < _FEWEST:
            halved.node.append(node)
            continue
        half = node_def_pb2.NodeDef(name=f"{node.name}/half", op="Const", device=node.device)
        half.attr["dtype"].type = tf.float16.as_datatype_enum
        half.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values.astype(np.float16)))
        cast = node_def_pb2.NodeDef(name=node.name, op="Cast", input=[half.name], device=node.device)
        cast.attr["SrcT"].type, cast.attr["DstT"].type = tf.float16.as_datatype_enum, tf.float32.as_datatype_enum
        halved.node.extend([half, cast])
    return halved
