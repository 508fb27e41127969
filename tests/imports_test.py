"""The import direction of WORKSPACE.md, read from the source."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NUMPY_ONLY = ("surface", "figures", "sim", "metrics", "densepose", "visualize")
LEAVES = ("charts", "colors", "keypoints", "geometry", "errors", "files", "splits")
# Mains and what they share: these may import everything below them.
MAINS = (
    "app",
    "configurables",
    "train",
    "evaluate",
    "predict",
    "export",
    "report",
    "train_detector",
    "export_detector",
    "annotate_mesh",
    "ablations",
    "bench_data",
    "bench_train",
    "choose_score",
    "bench_evaluate",
    "convert_distances",
    "geodesic_table",
    "extract_texture",
)

# What a package may import of simpose_tf besides itself and the leaves.
ALLOWED = {
    "charts": set(),
    "colors": set(),
    "keypoints": set(),
    "geometry": set(),
    "errors": set(),
    "files": set(),
    "splits": set(),
    "surface": set(),
    "figures": {"surface"},
    "sim": {"surface", "figures"},
    "metrics": set(),
    "densepose": {"surface", "metrics"},
    "visualize": {"surface"},
    "data": set(),
    "ablation": {"visualize"},
    "losses": {"data"},
    "model": {"data"},
    "inference": {"model", "data", "densepose", "metrics", "surface", "visualize"},
    "serving": {"app", "inference", "model"},  # client is also a main
    "rescoring": {"data", "inference", "metrics", "surface"},
    "progress": set(),
    "run_checkpoints": set(),
    "detection": {"data", "metrics", "progress", "run_checkpoints"},
    "crop_scores": {"data", "inference", "metrics"},
    "evaluation": {"crop_scores", "data", "densepose", "inference", "metrics", "surface", "visualize"},
    "monitoring": {"crop_scores", "data", "inference", "losses", "metrics", "model", "progress", "visualize"},
}


def imports_of(path: Path) -> set[str]:
    """Return the dotted names that a file imports, function bodies included."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def files_of(package: str) -> list[Path]:
    single = ROOT / "simpose_tf" / f"{package}.py"
    return [single] if single.exists() else sorted((ROOT / "simpose_tf" / package).rglob("*.py"))


def own_packages(names: set[str]) -> set[str]:
    return {n.split(".")[1] for n in names if n.startswith("simpose_tf.")}


@pytest.mark.parametrize("package", ALLOWED)
def test_package_imports_only_what_lies_below_it(package):
    paths = files_of(package)
    assert paths
    for path in paths:
        used = own_packages(imports_of(path)) - {package} - set(LEAVES)
        assert used <= ALLOWED[package], f"{path.relative_to(ROOT)} imports {sorted(used - ALLOWED[package])}"


@pytest.mark.parametrize("package", NUMPY_ONLY)
def test_numpy_packages_import_no_tensorflow(package):
    for path in files_of(package):
        roots = {name.split(".")[0] for name in imports_of(path)}
        assert not roots & {"tensorflow", "tensorflow_addons", "official", "keras", "tf_keras"}, path


def test_libraries_import_no_gin():
    for path in sorted((ROOT / "simpose_tf").rglob("*.py")):
        if path.stem not in MAINS:
            assert "gin" not in {name.split(".")[0] for name in imports_of(path)}, path


def test_product_imports_no_tests_and_no_tools():
    for path in sorted((ROOT / "simpose_tf").rglob("*.py")):
        assert not {name.split(".")[0] for name in imports_of(path)} & {"tests", "tfrecord_tools"}, path
