"""Install SimPose: `pip install -r requirements.txt && pip install --no-deps -r requirements-nodeps.txt -e .`."""

from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent


def requirements(name: str) -> list[str]:
    """Return the requirements of a file without comments."""
    lines = (ROOT / name).read_text().splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


setup(
    name="simpose-tf",
    version="0.1.0",
    description="Dense pose and surface normals of people, learnt from simulated people: SimPose for TensorFlow 2",
    long_description=(ROOT / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11,<3.12",
    packages=find_packages(include=["simpose_tf*", "tfrecord_tools*"]),
    package_data={
        "simpose_tf.sim": ["shaders/*"],
        "simpose_tf.figures.fitting": ["*.npz"],
        "simpose_tf.figures.motion": ["*.npz"],
        "simpose_tf.inference": ["small_detector.json", "small_detector/*", "small_detector/*/*"],
        "simpose_tf.surface": ["*.npz"],
        "tfrecord_tools": ["real_sample/*"],
    },
    install_requires=requirements("requirements.txt"),
)
