"""Work at a dataset that is removed meanwhile fails, and nothing of it stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cogx.server import datasets
from cogx.server.datasets import dataset_made
from cogx.server.identity.users import User, add_user
from cogx.server.jobs.presence import demand_there, while_there
from cogx.server.jobs.queue import Job, add_job, job_by_id
from cogx.server.places import Places
from cogx.server.refusals import Refusal
from cogx.server.state.database import Database


class World:
    """A state with one user, places, and what is done with both."""

    def __init__(self, root: Path) -> None:
        self.places = Places(root, "sqlite")
        self.places.make()
        self.database = Database(f"sqlite:///{root / 'state.sqlite'}")
        self.database.migrate()
        with self.database.write() as state:
            self.user: User = add_user(state, "a@example.com", None)

    def dataset(self) -> str:
        """Make the dataset."""
        with self.database.write() as state:
            return dataset_made(state, self.user, "kb").id

    def remove(self, dataset: str) -> None:
        """Remove it."""
        with self.database.write() as state:
            datasets.remove(state, dataset)

    def job(self, dataset: str, kind: str = "import") -> Job:
        """Add a job at it."""
        with self.database.write() as state:
            made = add_job(state, kind, "p", owner_id=self.user.id, dataset_id=dataset, payload={})
            found = job_by_id(state, made)
        assert found is not None
        return found

    def is_there(self, dataset: str) -> bool:
        """Tell whether it is there."""
        with self.database.read() as state:
            return any(one.id == dataset for one in datasets.owned(state, self.user))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a world of one's own."""
    made = World(tmp_path)
    yield made
    made.database.close()


def write_graph(world: World, dataset: str) -> Path:
    """Write what a job would."""
    path = Path(world.places.store_uri(dataset).partition(":")[2])
    path.write_bytes(b"graph")
    return path


def test_work_at_a_dataset_that_is_there_goes_on(world: World) -> None:
    dataset = world.dataset()
    with while_there(world.database, world.places, world.job(dataset)):
        path = write_graph(world, dataset)
    assert path.exists()


def test_what_was_removed_before_is_not_worked_at(world: World) -> None:
    dataset = world.dataset()
    job = world.job(dataset)
    world.remove(dataset)
    with pytest.raises(Refusal), while_there(world.database, world.places, job):
        raise AssertionError("it was worked at")


def test_what_is_removed_meanwhile_does_not_come_back(world: World) -> None:
    dataset = world.dataset()
    job = world.job(dataset)
    with pytest.raises(Refusal) as caught, while_there(world.database, world.places, job):
        world.remove(dataset)
        write_graph(world, dataset)
    assert (caught.value.status, caught.value.body["code"]) == (404, "dataset.gone")
    assert not (world.places.root / "datasets" / dataset).exists()


def test_what_goes_wrong_because_it_was_removed_is_told_as_that(world: World) -> None:
    dataset = world.dataset()
    job = world.job(dataset)
    with pytest.raises(Refusal, match="removed"), while_there(world.database, world.places, job):
        world.remove(dataset)
        raise FileNotFoundError


def test_one_made_again_meanwhile_keeps_its_files_and_gets_no_graph(world: World) -> None:
    dataset = world.dataset()
    job = world.job(dataset)
    with pytest.raises(Refusal), while_there(world.database, world.places, job):
        world.remove(dataset)
        assert world.dataset() == dataset
        graph = write_graph(world, dataset)
        world.places.file(dataset, "new").write_bytes(b"x")
    assert (graph.exists(), world.places.file(dataset, "new").exists()) == (False, True)


def test_an_import_that_fails_takes_the_empty_dataset_with_it(world: World) -> None:
    dataset = world.dataset()
    job = world.job(dataset)
    with pytest.raises(ValueError), while_there(world.database, world.places, job):
        raise ValueError
    assert not world.is_there(dataset)


def test_other_work_that_fails_leaves_an_empty_dataset(world: World) -> None:
    dataset = world.dataset()
    job = world.job(dataset, "export")
    with pytest.raises(ValueError), while_there(world.database, world.places, job):
        raise ValueError
    assert world.is_there(dataset)


def test_an_import_that_fails_leaves_a_dataset_for_which_another_waits(world: World) -> None:
    dataset = world.dataset()
    job = world.job(dataset)
    world.job(dataset)
    with pytest.raises(ValueError), while_there(world.database, world.places, job):
        raise ValueError
    assert world.is_there(dataset)


def test_what_is_demanded_within_a_transaction_is_refused(world: World) -> None:
    dataset = world.dataset()
    job = world.job(dataset)
    world.remove(dataset)
    with pytest.raises(Refusal), world.database.write() as state:
        demand_there(state, job)
