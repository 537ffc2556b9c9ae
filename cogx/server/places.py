"""Knows where the server's files lie below its data directory; never what is in them.

state.sqlite                     users, datasets, jobs (unless a database is named)
datasets/<id>/graph.lbug         one store per dataset
datasets/<id>/index.sqlite       what recall looks into; made from the store, may be deleted
datasets/<id>/files/<data id>    files as they were sent, and what archives hold as texts or files
jobs/<id>/                       what a job owns until it ends
incoming/                        what is being received; cleared at every start
uploads/<id>                     resumable uploads
synced/                          what is known of what was synced to another server
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cogx.build_site import Lock
from cogx.errors import BadSetting, OutputError

TAKEN: Final = ".taken"
"""What the name of an upload ends with while it is being used."""
_ENDINGS: Final = {"ladybug": "lbug", "sqlite": "sqlite"}


@dataclass(frozen=True, slots=True)
class Places:
    """The directories of one server; all are its user's alone."""

    root: Path
    store: str = "ladybug"

    def lock(self) -> Lock:
        """Take the data directory, which is made if it is missing, for this process.

        Raises:
            StoreBusy: another server has it; the text says which and since when.
            OutputError: it cannot be written.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{self.root}: {error.strerror}. Name another directory (--data, COGX_DATA_DIR)."
            ) from error
        return Lock(
            self.root / "server",
            f"Another server has {self.root} ({{owner}}). Stop it, or name another directory "
            "(--data, COGX_DATA_DIR).",
        )

    def make(self) -> None:
        """Make what is missing, and tidy up what the last server was at when it died.

        What was being received is gone, uploads that were being used are there again.

        Raises:
            BadSetting: its datasets are in the other graph store.
            OSError: the directory cannot be written.
        """
        for other in _ENDINGS.keys() - {self.store}:
            if next((self.root / "datasets").glob(f"*/graph.{_ENDINGS[other]}"), None):
                raise BadSetting(
                    f"The datasets below {self.root} are in the graph store {other}. Set "
                    f"COGX_STORE={other}, or name another directory (--data, COGX_DATA_DIR)."
                )
        for name in ("", "datasets", "jobs", "incoming", "uploads"):
            (self.root / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in (self.root / "incoming").iterdir():
            left.unlink()
        for taken in (self.root / "uploads").glob(f"*{TAKEN}"):
            taken.rename(taken.with_suffix(""))

    def incoming(self, name: str) -> Path:
        """A file that is being received."""
        return self.root / "incoming" / name

    def upload(self, upload_id: str) -> Path:
        """The bytes of a resumable upload that are there."""
        return self.root / "uploads" / upload_id

    def uploads(self) -> list[Path]:
        """The files of all uploads."""
        return list((self.root / "uploads").iterdir())

    @property
    def synced(self) -> Path:
        """What is known of what was synced to another server; lost, it is made anew."""
        return self.root / "synced"

    def job(self, job_id: str) -> Path:
        """The directory of what a job owns."""
        return self.root / "jobs" / job_id

    def dataset(self, dataset_id: str) -> Path:
        """The directory of a dataset, made if it is missing."""
        place = self.root / "datasets" / dataset_id
        place.mkdir(mode=0o700, exist_ok=True)
        return place

    def store_uri(self, dataset_id: str) -> str:
        """The URI of the store that holds a dataset's graph; it may not be there yet."""
        return f"{self.store}:{self.dataset(dataset_id) / f'graph.{_ENDINGS[self.store]}'}"

    def has_store(self, dataset_id: str) -> bool:
        """Tell whether a dataset has a graph at all."""
        store = f"graph.{_ENDINGS[self.store]}"
        return (self.root / "datasets" / dataset_id / store).exists()

    def store_bytes(self, dataset_id: str) -> int:
        """How large the store of a dataset's graph is."""
        files = (self.root / "datasets" / dataset_id).glob("graph.*")
        return sum(path.stat().st_size for path in files if path.is_file())

    def graph_files(self, dataset_id: str) -> list[Path]:
        """All files of a dataset's graph: its store, what the store keeps beside it, the index."""
        place = self.dataset(dataset_id)
        return [*place.glob("graph.*"), *place.glob("index.sqlite*"), *place.glob("exports/*")]

    def cache(self, dataset_id: str) -> Path:
        """Where what a language model has said of a dataset's texts is kept, for another try."""
        return self.dataset(dataset_id) / "cache"

    def index(self, dataset_id: str) -> Path:
        """The index of a dataset's graph."""
        return self.dataset(dataset_id) / "index.sqlite"

    def file(self, dataset_id: str, data_id: str) -> Path:
        """A file as it was sent."""
        place = self.dataset(dataset_id) / "files"
        place.mkdir(mode=0o700, exist_ok=True)
        return place / data_id


def remove_tree(place: Path) -> None:
    """Remove a directory of the server and all that is in it; what is gone already is fine."""
    for directory, _, names in os.walk(place, topdown=False):
        for name in names:
            Path(directory, name).unlink(missing_ok=True)
        Path(directory).rmdir()
