import re
from pathlib import Path

from simpose_tf.data import schema

ROOT = Path(__file__).resolve().parents[1]


def test_workspace_prints_the_records_table():
    text = (ROOT / "WORKSPACE.md").read_text()
    table = re.search(r"<!-- record table -->\n(.*?)\n<!-- end of record table -->", text, re.S)
    assert table and table.group(1).strip() == schema.markdown_table(), "print it: schema.markdown_table()"


def test_functions_and_tests_that_workspace_names_exist():
    text = (ROOT / "WORKSPACE.md").read_text()
    for path in re.findall(r"`(tests/[\w/]+(?:\.py)?)`", text):
        assert (ROOT / path).exists(), path
    for name in re.findall(r"`(\w+\.gin)`", text):
        assert (ROOT / "gin_configs" / name).exists(), name
