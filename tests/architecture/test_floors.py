"""The floors hold, and what is public is what the page says."""

from __future__ import annotations

import ast
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import cogx
from cogx.problems import CODES

PACKAGE = Path(cogx.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
NAMES = [name for name in cogx.__all__ if name != "__version__"]


def place(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def in_new_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def test_imports_only_go_down() -> None:
    code = (
        "import os, sys; from importlinter.cli import lint_imports; "
        "sys.stdout = open(os.devnull, 'w'); sys.exit(lint_imports(no_cache=True))"
    )
    root = PACKAGE.parent
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, (
        done.stderr.decode() or "run lint-imports to see which import goes up"
    )


def test_public_names_are_those_that_type_checkers_see() -> None:
    (block,) = [
        node
        for node in tree(PACKAGE / "__init__.py").body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    seen = {
        alias.asname: line.module
        for line in block.body
        if isinstance(line, ast.ImportFrom)
        for alias in line.names
    }
    assert seen == cogx._MODULE_OF


def test_star_import_gives_every_public_name() -> None:
    assert set(dir(cogx)) == set(cogx.__all__) == {*NAMES, "__version__"}


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_found_and_says_what_it_is(name: str) -> None:
    value = getattr(cogx, name)
    if isinstance(value, type) or callable(value):
        assert value.__doc__, f"{name} has no docstring"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_like_it"):
        cogx.nothing_like_it  # noqa: B018


@pytest.mark.parametrize("name", ["Capabilities", "GraphReader", "GraphWriter", "Archive"])
def test_public_methods_have_docstrings(name: str) -> None:
    methods = [m for n, m in vars(getattr(cogx, name)).items() if not n.startswith("_")]
    assert all(m.__doc__ for m in methods if callable(m))


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_a_module_says_what_it_knows(path: Path) -> None:
    assert ast.get_docstring(tree(path))


def test_import_cogx_loads_no_dependency() -> None:
    heavy = ("pydantic", "numpy", "msgspec", "zstandard", "orjson", "click", "rich", "networkx")
    code = f"import sys, cogx; print([m for m in {heavy!r} if m in sys.modules])"
    assert in_new_python(code) == "[]"


def test_the_library_is_silent() -> None:
    code = (
        "import logging, warnings; warnings.simplefilter('error'); import cogx\n"
        "for name in cogx.__all__: getattr(cogx, name)\n"
        "members = {}\n"
        "with cogx.ArchiveWriter(members) as writer:\n"
        "    writer.write(cogx.Entity(external_id='a', name='a'))\n"
        "cogx.validate(members)\n"
        "assert not logging.getLogger().handlers, logging.getLogger().handlers\n"
    )
    assert in_new_python(code) == ""


def calls(path: Path) -> typing.Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


@pytest.mark.parametrize("path", [p for p in MODULES if "cli" not in p.parts], ids=place)
def test_only_the_command_line_prints_and_exits(path: Path) -> None:
    assert not {"print", "sys.exit", "exit", "os.chdir", "logging.basicConfig"} & set(calls(path))


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_no_module_splits_lines_at_more_than_lf(path: Path) -> None:
    """``splitlines`` ends lines at U+2028 and U+0085, which are data in a member."""
    if path.parts[-2] in ("codec", "archive", "format", "graph", "engine"):
        assert not [call for call in calls(path) if call.endswith(".splitlines")]


TOPS = ("cli/main.py", "server/jobs/work.py")
"""Where a process of ours begins: nothing above would tell what went wrong in it."""


@pytest.mark.parametrize("path", [p for p in MODULES if place(p) not in TOPS], ids=place)
def test_nothing_is_caught_blindly(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ExceptHandler):
            caught = "" if node.type is None else ast.unparse(node.type)
            blind = caught in ("", "Exception", "BaseException")
            assert not blind or any(isinstance(n, ast.Raise) for n in ast.walk(node)), node.lineno


def test_every_code_is_used() -> None:
    texts = [p.read_text("utf-8") for p in MODULES if p.name != "problems.py"]
    whole = "\n".join(texts)
    assert [code for code in CODES if f'"{code}"' not in whole] == []


def test_every_code_that_is_used_is_listed() -> None:
    areas = {code.partition(".")[0] for code in CODES}
    used = set()
    for path in MODULES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in (
                "Problem", "report", "_refuse", "_complain", "note", "fatal",
            ):  # fmt: skip
                used |= {
                    a.value
                    for a in node.args
                    if isinstance(a, ast.Constant)
                    and isinstance(a.value, str)
                    and a.value.partition(".")[0] in areas
                    and "." in a.value
                    and " " not in a.value
                    and not a.value.endswith((".json", ".jsonl"))
                }
    assert used - CODES.keys() == set()


def test_a_code_is_listed_once() -> None:
    table = next(
        node
        for node in ast.walk(tree(PACKAGE / "problems.py"))
        if isinstance(node, ast.FunctionDef) and node.name == "_table"
    )
    rows = [
        node.args[0].value
        for node in ast.walk(table)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "Code"
        and isinstance(node.args[0], ast.Constant)
    ]
    assert sorted(rows) == sorted(CODES)
