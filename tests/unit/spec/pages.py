"""Knows where the pages of the specification are, and how to load its generator."""

from __future__ import annotations

import importlib.util
import re
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[3]
SPEC = ROOT / "spec"
_ANCHOR = re.compile(r'<a id="([^"]+)"></a>')


@cache
def generator() -> ModuleType:
    """Return spec/generate.py as a module."""
    found = importlib.util.spec_from_file_location("spec_generate", SPEC / "generate.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module
    found.loader.exec_module(module)
    return module


def text_of(name: str) -> str:
    """Return a page."""
    return (SPEC / name).read_text("utf-8")


def anchors_of(name: str) -> list[str]:
    """Return the anchors of a page, in order, repeats included."""
    return _ANCHOR.findall(text_of(name))
