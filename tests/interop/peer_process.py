"""Knows how to prepare a process for a real cognee: offline settings, own home, own stdout.

Must never import cognee: cognee reads its settings once, while it is imported.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TextIO

# No model is asked and nothing is reported home; 64 dimensions keep mock vectors small.
FIXED = {
    "MOCK_EMBEDDING": "true",
    "EMBEDDING_DIMENSIONS": "64",
    "LLM_API_KEY": "unused",
    "TELEMETRY_DISABLED": "1",
    "COGNEE_SKIP_CONNECTION_TEST": "true",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "DB_PROVIDER": "sqlite",
    "GRAPH_DATABASE_PROVIDER": "ladybug",
    "VECTOR_DB_PROVIDER": "lancedb",
    "LOG_LEVEL": "WARNING",
}


def enter(home: Path) -> None:
    """Point cognee, before its import, at the directory ``home`` and at nothing else.

    May be called for a home that an earlier process used: its datasets are still there.
    """
    home = home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    # A .env of the person who runs this would win over every variable set here.
    settings_file = home / "empty.env"
    settings_file.write_text("", encoding="ascii")
    os.environ.update(FIXED)
    os.environ.update(
        HOME=str(home),
        COGNEE_ENV_FILE=str(settings_file),
        DATA_ROOT_DIRECTORY=str(home / "data"),
        SYSTEM_ROOT_DIRECTORY=str(home / "system"),
        CACHE_ROOT_DIRECTORY=str(home / "cache"),
        COGNEE_LOGS_DIR=str(home / "logs"),
    )
    _draw_no_tracebacks()
    tokenizers = _tokenizers()
    if tokenizers is not None:
        os.environ["TIKTOKEN_CACHE_DIR"] = str(tokenizers)


def _draw_no_tracebacks() -> None:
    """Log a traceback as Python writes it: cognee draws each with rich, for half a minute."""
    if importlib.util.find_spec("structlog") is not None:
        from structlog import dev

        setattr(dev, "RichTracebackFormatter", lambda **_: dev.plain_traceback)  # noqa: B010


def _tokenizers() -> Path | None:
    """Find the tokenizer files that litellm ships: tiktoken would fetch them otherwise."""
    found = importlib.util.find_spec("litellm")
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(found.submodule_search_locations[0], "litellm_core_utils", "tokenizers")
    return folder if folder.is_dir() else None


def claim_stdout() -> TextIO:
    """Keep stdout for answers alone: whatever else writes to it reaches stderr instead."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    return answers
