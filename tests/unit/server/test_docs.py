"""docs/server.md and deploy/ say what is so: every setting, its default, every group of routes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from cogx.server.app import create_app
from cogx.server.metrics import Metrics
from cogx.server.settings import PORT, Settings, variables_of

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "server.md").read_text("utf-8")
DEPLOY = ROOT / "deploy"
OTHERS = {
    "HOME", "PATH", "POSTGRES_DB", "POSTGRES_PASSWORD", "POSTGRES_USER",
}  # fmt: skip


def rows() -> dict[tuple[str, ...], str]:
    """Return the defaults that the page tells, by the variables."""
    found = re.findall(r"^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \| (.*?) \|", PAGE, re.MULTILINE)
    return {tuple(re.findall("[A-Z_]+", names)): default for names, default in found}


def shown(name: str, value: Any) -> str:
    """Return a default as the page writes it."""
    if name == "port":
        return str(PORT)
    if name == "jwt_secret":
        return "new at each start"
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    if isinstance(value, Path):
        return f"~/{value.relative_to(Path.home())}"
    assert not isinstance(value, SecretStr)
    for size, unit in ((1 << 30, "GiB"), (1 << 20, "MiB")):
        if isinstance(value, int) and value and value % size == 0:
            return f"{value // size} {unit}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def test_the_page_tells_every_setting_and_its_default() -> None:
    settings = {
        variables_of(name): shown(name, field.get_default(call_default_factory=False))
        for name, field in Settings.model_fields.items()
    }
    assert rows() == settings


def test_the_page_tells_every_group_of_routes() -> None:
    told = re.findall("`(/[^`*{]*)`", PAGE.partition("## Routes")[2].partition("## Running")[0])
    paths = create_app(Settings(_env_file=None)).openapi()["paths"]
    assert [one for one in paths if one != "/" and not one.startswith(tuple(told))] == []


def test_the_page_tells_every_metric() -> None:
    metrics = Metrics()
    metrics.job_ended("import", "failed: X", 1)
    text = metrics.text({}).decode()
    names = {one for one in re.findall(r"# TYPE (cogx_\w+) \w+", text) if "_created" not in one}
    assert names == set(re.findall(r"^\| `(cogx_\w+)`", PAGE, re.MULTILINE))


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "cogx.service"])
def test_what_deploys_it_sets_only_what_there_is(name: str) -> None:
    text = (DEPLOY / name).read_text()
    used = set(re.findall(r"\b([A-Z]+(?:_[A-Z]+)+)(?==|: |:[?-])", text)) | set(
        re.findall(r"\$\{([A-Z_]+)", text)
    )
    known = {one for field in Settings.model_fields for one in variables_of(field)} | OTHERS
    assert used and used - known == set()


def test_what_the_image_is_made_of_is_there() -> None:
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", (DEPLOY / "Dockerfile").read_text(), re.M)
    assert [one for line in copied for one in line.split() if not (ROOT / one).exists()] == []
