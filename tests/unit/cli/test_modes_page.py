"""The example of docs/modes.md is what cogx says, word for word."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from .conftest import ROOT, Call

_FILE = re.compile(r"^```(example/\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_example_is_what_the_command_line_says(call: Call, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "modes.md").read_text()
    (tmp_path / "example").mkdir()
    for name, content in _FILE.findall(page):
        (tmp_path / name).write_text(content)
    shown = [block for block in _CONSOLE.findall(page) if block.startswith("$ cogx")]
    said = []
    for block in shown:
        said.append("")
        for line in block.splitlines():
            if line.startswith("$ "):
                told = call(*shlex.split(line)[2:])
                said[-1] += f"{line}\n{told.out}{told.err}"
    assert said == shown
    assert len(shown) == 6
