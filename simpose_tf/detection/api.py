"""The TF Object Detection API on today's TensorFlow: imported here first, by everything that uses it."""

from tensorflow.python.ops import cond, control_flow_case, control_flow_ops, while_loop

# tf-slim 1.1.0, in which the API still decodes records, looks for these at the place they had until TensorFlow 2.11.
_MOVED = {"case": control_flow_case.case, "cond": cond.cond, "while_loop": while_loop.while_loop}
for _name, _function in _MOVED.items():
    if not hasattr(control_flow_ops, _name):
        setattr(control_flow_ops, _name, _function)
