"""Records what a real older cognee answers to cogx, for the tests that replay it.

Runs once per version, by hand, beside an environment in which that cognee is installed::

    python -m tests.interop.record_server PYTHON FOLDER [LADYBUG_EXTENSION]

PYTHON is that environment's python, FOLDER where the scenes go (fixtures/servers/cognee-VERSION).
LADYBUG_EXTENSION is the file of Ladybug's JSON extension, for a cognee that would fetch it from
the network; its path must end in VERSION/PLATFORM/FILE, as in the package of a later cognee.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from cogx.engine.pull import pull_sync
from cogx.engine.push import push_sync
from cogx.engine.status import runs_sync
from cogx.engine.sync import sync_sync
from cogx.errors import RemoteError
from cogx.remote.server import Server
from cogx.remote.upload import upload_archive
from tests.unit.remote.old_server import NOTES, SHIPPED, write_texts

from .language_model import LanguageModel
from .recording import Exchange, Recording
from .server_process import CogneeServer

_ROOT = Path(__file__).parents[2]
_ARCHIVE = _ROOT / "fixtures" / "archives" / "real-small.cogx.tar.gz"
_REMEMBER = "/api/v1/remember"
_HOME = "/home/cognee"


class Scenes:
    """What cogx asks of one server, each time with what it answers."""

    def __init__(self, recording: Recording, folder: Path, work: Path) -> None:
        self._recording = recording
        self._folder = folder
        self._work = work
        self._to = {"url": recording.url, "api_key": recording.key}

    def record(self) -> None:
        """Play every scene and write it down."""
        self._scene("push", lambda: push_sync(_ARCHIVE, target_dataset="pushed", **self._to))
        self._scene("wrong-key", lambda: push_sync(_ARCHIVE, url=self._to["url"], api_key="0" * 64))
        self._scene("no-key", self._without_key)
        self._scene("remember", self._remember)
        self._scene("sync", self._sync)
        self._scene("pull", self._pull)
        self._scene("status", lambda: runs_sync("notes", **self._to))
        self._scene("unknown", self._unknown)

    def _scene(self, name: str, play: Callable[[], object]) -> None:
        with self._recording.scene() as exchanges:
            try:
                told = str(play())
            except RemoteError as error:
                told = f"{type(error).__name__}: {error}"
        sys.stderr.write(f"{name}: {len(exchanges)} exchanges; {told[:300]}\n")
        made = json.dumps([_cut(one) for one in exchanges], indent=1, ensure_ascii=False)
        (self._folder / f"{name}.json").write_text(made + "\n", "utf-8")

    def _without_key(self) -> None:
        with Server(self._recording.url, None) as server:
            server.get_json("/api/v1/datasets")

    def _remember(self) -> None:
        """Send an archive in spite of all: what push prevents."""
        with Server(self._recording.url, self._recording.key) as server:
            upload_archive(server, _ARCHIVE, dataset="swallowed", mode="preserve")

    def _sync(self) -> Any:
        archive = write_texts(self._work / "shipped.cogx.tar.gz", SHIPPED)
        return sync_sync(archive, target_dataset="shipped", wait=True, **self._to).to_json()

    def _pull(self) -> Any:
        target = self._work / "pulled.cogx.tar.gz"
        return pull_sync(self._to["url"], "notes", target, api_key=self._to["api_key"]).losses

    def _unknown(self) -> None:
        for path in ("/api/v1/nowhere", "/api/v1/datasets/nowhere/data"):
            request = urllib.request.Request(self._recording.url + path)
            request.add_header("X-Api-Key", self._recording.key)
            with suppress(urllib.error.HTTPError):
                urllib.request.urlopen(request, timeout=60).close()


def _cut(exchange: Exchange) -> Exchange:
    """Leave out of the description of all routes what no client of ours reads."""
    said = exchange["said"]
    if exchange["asked"]["path"] != "/openapi.json" or said["status"] != 200:
        return exchange
    whole = said["body"]
    paths: dict[str, Any] = {path: {} for path in whole["paths"]}
    form = whole["paths"].get(_REMEMBER, {}).get("post", {}).get("requestBody")
    paths[_REMEMBER] = {"post": {"requestBody": form}} if form else {}
    schemas = whole["components"]["schemas"]
    kept = {name: schemas[name] for name in schemas if name.startswith("Body_remember")}
    body = {"openapi": whole["openapi"], "info": whole["info"], "paths": paths}
    return exchange | {"said": said | {"body": body | {"components": {"schemas": kept}}}}


def _fill(server: CogneeServer, work: Path) -> None:
    """Store texts in a dataset and let the server build their graph."""
    archive = write_texts(work / "notes.cogx.tar.gz", NOTES)
    done = sync_sync(
        archive, target_dataset="notes", url=server.url, api_key=server.key, rebuild="none",
        wait=True,
    )  # fmt: skip
    server.post("/api/v1/cognify", {"datasetIds": [done.datasets[0].target_id]})


def main(python: str, folder: str, extension: str = "") -> None:
    """Start the server, fill it, and record every scene."""
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cogx-record-")))
        os.environ["XDG_STATE_HOME"] = str(work / "state")
        home = work / "home"
        if extension:
            version, platform, file = Path(extension).parts[-3:]
            place = home / ".lbdb/extension" / version.lstrip("v") / platform / "json"
            place.mkdir(parents=True)
            shutil.copy(extension, place / file)
        model = stack.enter_context(LanguageModel())
        stack.enter_context(model.answering())
        server = stack.enter_context(CogneeServer(Path(python), home, model.settings))
        _fill(server, work)
        hidden = {server.key: "KEY", str(home): _HOME}
        recording = stack.enter_context(Recording(server.url, server.key, hidden))
        Path(folder).mkdir(parents=True, exist_ok=True)
        Scenes(recording, Path(folder), work).record()


if __name__ == "__main__":
    main(*sys.argv[1:])
