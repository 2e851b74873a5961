# SPDX-License-Identifier: MIT
"""docs/kernel-behaviour.md says nothing that nobody measured. Runs after the experiments."""
import re
from pathlib import Path

import pytest
import tables

HERE = Path(__file__).resolve().parent


def test_every_table_was_measured(request):
    ran = {Path(item.fspath).name for item in request.session.items}
    if ran != {path.name for path in HERE.glob("test_*.py")}:
        pytest.skip("only a part was run")
    assert tables.names() == tables.measured


def test_what_it_names_is_there():
    """Tests as `tests/FILE::NAME`, files and folders of the tree as `PATH`."""
    text = tables.DOCUMENT.read_text()
    named = re.findall(r"`((?:tests|src|docs)/[\w./-]+)(?:::(\w+))?`", text)
    assert named
    for path, test in named:
        assert (tables.TOP / path).exists(), path
        assert not test or f"def {test}(" in (tables.TOP / path).read_text(), test
