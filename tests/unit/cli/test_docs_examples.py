"""The examples of the docs are what cogx says, word for word."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from .conftest import ROOT, Call

_FILE = re.compile(r"^```(\S+\.jsonl?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("page", "blocks"), [("modes", 6), ("resolve", 3)])
def test_an_example_is_what_the_command_line_says(
    call: Call, tmp_path: Path, page: str, blocks: int
) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text()
    for name, content in _FILE.findall(text):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    shown = [block for block in _CONSOLE.findall(text) if block.startswith("$ cogx")]
    said = []
    for block in shown:
        said.append("")
        for line in block.splitlines():
            if line.startswith("$ "):
                told = call(*shlex.split(line)[2:])
                said[-1] += f"{line}\n{told.out}{told.err}"
    assert said == shown
    assert len(shown) == blocks
