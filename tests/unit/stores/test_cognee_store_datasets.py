"""Which dataset a name means, who may read it, where its files are, and what the header says."""

from __future__ import annotations

import importlib.machinery
import importlib.util
from pathlib import Path
from typing import Any

import pytest

from cogx.engine.uris import open_reader, store_at
from cogx.errors import BadSetting, StoreRefused, UnknownName
from cogx.ports import GraphReader
from cogx.stores import cognee
from cogx.stores.cognee import location
from tests.unit.stores.cognee_handmade import Handmade, make_graph, uuid_of

ANN, BOB, EVE = "ann@example.org", "bob@example.org", "eve@example.org"
DEFAULT = "default_user@example.com"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Handmade:
    for name in (
        "SYSTEM_ROOT_DIRECTORY",
        "DATA_ROOT_DIRECTORY",
        "ENABLE_BACKEND_ACCESS_CONTROL",
        "DEFAULT_USER_EMAIL",
        "GRAPH_FILE_PATH",
        "GRAPH_FILENAME",
    ):
        monkeypatch.delenv(name, raising=False)
    return Handmade(tmp_path)


@pytest.fixture
def two(made: Handmade) -> Handmade:
    """Two people who both have a dataset `sample`, and one who has none."""
    for email in (ANN, BOB, EVE):
        made.user(email)
    for email in (ANN, BOB):
        made.dataset("sample", email)
    return made


def opened(made: Handmade, dataset: str, **more: Any) -> GraphReader:
    return cognee.open_reader(dataset, root=made.root, **more)


def owner_of(made: Handmade, dataset: str, **more: Any) -> str:
    store = cognee.open_reader(dataset, root=made.root, **more)
    store.close()
    return store._dataset.owner


def test_the_default_users_dataset_goes_first(two: Handmade) -> None:
    two.dataset("sample")
    assert owner_of(two, "sample") == uuid_of(DEFAULT)


def test_the_default_user_is_the_one_that_cognee_is_told(
    two: Handmade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEFAULT_USER_EMAIL", BOB)
    assert owner_of(two, "sample") == uuid_of(BOB)


def test_the_only_owner_needs_no_naming(made: Handmade) -> None:
    made.user(ANN)
    made.dataset("sample", ANN)
    assert owner_of(made, "sample") == uuid_of(ANN)


def test_several_of_one_name_are_listed(two: Handmade) -> None:
    with pytest.raises(BadSetting) as told:
        opened(two, "sample")
    for email in (ANN, BOB):
        assert f"{uuid_of(f'{email}:sample')} (owner {email})" in str(told.value)


@pytest.mark.parametrize("named", [BOB, BOB.upper(), uuid_of(BOB), uuid_of(BOB).replace("-", "")])
def test_a_user_chooses(two: Handmade, named: str) -> None:
    assert owner_of(two, "sample", user=named) == uuid_of(BOB)


def test_two_of_one_owner_differ_by_tenant(made: Handmade) -> None:
    made.user(ANN, tenant_id=uuid_of("tenant"))
    made.dataset("sample", ANN)
    made.insert(
        "datasets",
        id=uuid_of("other"),
        name="sample",
        owner_id=uuid_of(ANN),
        tenant_id=uuid_of("tenant"),
    )
    made.grant(uuid_of(ANN), uuid_of("other"))
    store = opened(made, "sample", user=ANN)
    assert store.counts() == (0, 0)
    assert store.header()["notes"][1] == "The dataset has no graph yet: it was never cognified."
    store.close()


def test_an_id_names_a_dataset_whoever_owns_it(two: Handmade) -> None:
    assert owner_of(two, uuid_of(f"{BOB}:sample")) == uuid_of(BOB)
    assert owner_of(two, uuid_of(f"{BOB}:sample").replace("-", "")) == uuid_of(BOB)


def test_an_unknown_dataset_lists_those_there_are(two: Handmade) -> None:
    two.dataset("other")
    with pytest.raises(UnknownName, match=r"Unknown dataset 'nope'\. Known: other, sample"):
        opened(two, "nope")
    with pytest.raises(UnknownName, match="Known: sample"):
        opened(two, "nope", user=ANN)
    with pytest.raises(UnknownName, match="Known: none"):
        opened(two, "nope", user=EVE)


def test_a_long_list_is_cut(made: Handmade) -> None:
    for number in range(25):
        made.dataset(f"d{number:02}", graph=False)
    with pytest.raises(UnknownName, match="and 5 more"):
        opened(made, "nope")


def test_an_unknown_user_lists_those_there_are(two: Handmade) -> None:
    with pytest.raises(UnknownName, match=r"Unknown user 'who'\. Known: ann@example\.org, "):
        opened(two, "sample", user="who")


def test_who_has_no_permission_reads_nothing(two: Handmade) -> None:
    with pytest.raises(StoreRefused, match=f"{EVE} has no read permission"):
        opened(two, uuid_of(f"{ANN}:sample"), user=EVE)
    with pytest.raises(UnknownName):
        opened(two, "sample", user=EVE)


def test_a_permission_to_write_is_none_to_read(two: Handmade) -> None:
    two.grant(uuid_of(EVE), uuid_of(f"{ANN}:sample"), "write")
    with pytest.raises(StoreRefused):
        opened(two, uuid_of(f"{ANN}:sample"), user=EVE)


@pytest.mark.parametrize("way", ["self", "tenant", "role", "agent"])
def test_a_grant_reaches_as_in_cognee(two: Handmade, way: str) -> None:
    """One's own grants, those of one's tenants and roles, and of the agents one made."""
    principal = uuid_of(EVE) if way == "self" else uuid_of(way)
    two.grant(principal, uuid_of(f"{ANN}:sample"))
    if way == "tenant":
        two.insert("user_tenants", user_id=uuid_of(EVE), tenant_id=principal)
    elif way == "role":
        two.insert("user_roles", user_id=uuid_of(EVE), role_id=principal)
    elif way == "agent":
        two.insert("users", id=principal, email="agent@x", parent_user_id=uuid_of(EVE))
    assert owner_of(two, "sample", user=EVE) == uuid_of(ANN)


def test_the_header(made: Handmade) -> None:
    made.dataset("sample")
    header = opened(made, "sample").header()
    assert header == {
        "source_system": "cognee",
        "dataset": "sample",
        "migration_revision": "rekey_fork_document_ids",
        "embedding_model": "m/small",
        "embedding": {"model": "m/small", "dimensions": 64},
        "notes": ["Read from the files of cognee 1.6.5, dataset 'sample'."],
    }


@pytest.mark.parametrize("name", ["cognee_graph_ladybug", "cognee_graph_kuzu"])
def test_without_access_control_there_is_one_graph(
    made: Handmade, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.dataset("sample")
    make_graph(made.root / "databases" / name, [("a", "Ada", "Entity", {})])
    monkeypatch.setenv("ENABLE_BACKEND_ACCESS_CONTROL", "false")
    store = opened(made, "sample")
    assert store.counts() == (1, 0)
    assert any("Access control is off" in note for note in store.header()["notes"])
    store.close()


def test_a_graph_kept_elsewhere_is_refused(made: Handmade) -> None:
    made.dataset("sample", graph_database_provider="neo4j", graph_database_url="bolt://x")
    with pytest.raises(StoreRefused, match="kept by neo4j"):
        opened(made, "sample")


def test_a_root_without_a_cognee_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="SYSTEM_ROOT_DIRECTORY"):
        cognee.open_reader("sample", root=tmp_path)


def test_a_sqlite_file_that_is_none_is_told(made: Handmade) -> None:
    made.sqlite.write_bytes(b"no database" * 100)
    with pytest.raises(StoreRefused, match="SQLite says"):
        opened(made, "sample")


def test_the_variable_names_the_root(made: Handmade, monkeypatch: pytest.MonkeyPatch) -> None:
    made.dataset("sample")
    monkeypatch.setenv("SYSTEM_ROOT_DIRECTORY", str(made.root))
    cognee.open_reader("sample").close()


def test_an_installed_cognee_is_found_but_not_imported(
    made: Handmade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.dataset("sample")
    package = tmp_path / "site" / "cognee"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    made.root.rename(package / ".cognee_system")
    monkeypatch.syspath_prepend(str(package.parent))
    cognee.open_reader("sample").close()


def test_no_root_at_all_says_what_to_set(made: Handmade, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_: str) -> importlib.machinery.ModuleSpec | None:
        return None

    monkeypatch.setattr(location, "find_spec", nothing)
    with pytest.raises(BadSetting, match=r"cognee:DATASET\?root=DIR"):
        cognee.open_reader("sample")


def test_the_uri(two: Handmade) -> None:
    open_reader(f"cognee:sample?root={two.root}&user={BOB}&buffer=64MiB").close()
    with pytest.raises(BadSetting, match="Known: root, user, data, buffer"):
        open_reader(f"cognee:sample?rooot={two.root}")
    with pytest.raises(BadSetting, match="unknown setting 'user'"):
        open_reader("ladybug:sample.lbug?user=me")
    with pytest.raises(StoreRefused, match="can only be read"):
        store_at(f"cognee:sample?root={two.root}").is_vacant()
