"""SimPose for TensorFlow 2: dense pose and surface normals of people, learnt from simulated people."""

__version__ = "0.1.0"
