"""Commands that make and look at records."""

import simpose_tf  # noqa: F401  before TensorFlow: keeps it quiet
