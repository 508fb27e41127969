"""SimPose for TensorFlow 2: dense pose and surface normals of people, learnt from simulated people."""

import os
import warnings

# Before TensorFlow is imported anywhere: its start-up notes hide the program's own lines.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
warnings.filterwarnings("ignore", category=FutureWarning, module=r"google\.")
warnings.filterwarnings("ignore", category=UserWarning, module=r"tensorflow_addons")

__version__ = "0.1.0"
