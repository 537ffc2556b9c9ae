from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cogx.errors import RemoteGarbled, RemoteRefused, RemoteUnavailable, UnsupportedServer
from cogx.remote.probe import Abilities, check_key, look, probe
from cogx.remote.server import TRIES, Server
from tests.unit.remote.cognee_like import Answer, CogneeLike

OPENAPI = "/openapi.json"
REMEMBER = "/api/v1/remember"


@pytest.fixture
def server(cognee: CogneeLike) -> Iterator[Server]:
    with Server(cognee.url, "s3cret") as one:
        yield one


def described(schema: Any, **more: Any) -> Answer:
    content = {"multipart/form-data": {"schema": schema}}
    return Answer(
        body={"paths": {REMEMBER: {"post": {"requestBody": {"content": content}}}}, **more}
    )


def test_a_cognee_imports_archives(server: Server) -> None:
    assert probe(server) == Abilities(version="1.6.5", imports=True)


def test_nothing_is_changed_there(server: Server, cognee: CogneeLike) -> None:
    probe(server)
    assert cognee.requests == [
        ("GET", "/health"),
        ("GET", OPENAPI),
        ("GET", "/api/v1/datasets"),
    ]


def test_the_limits_of_a_cognee_are_known(server: Server) -> None:
    found = probe(server)
    assert (found.max_member_bytes, found.max_total_bytes) == (512 << 20, 2 << 30)
    assert (found.max_members, found.max_upload_bytes) == (100_000, None)
    assert found.modes == ("preserve", "hybrid", "re-derive")


def test_a_server_that_is_not_ready_tells_its_version(server: Server, cognee: CogneeLike) -> None:
    cognee.health_status = 503
    assert probe(server).version == "1.6.5"
    assert len(cognee.requests) == 3


@pytest.mark.parametrize("status", [404, 401, 500])
def test_a_server_without_health_is_asked_on(
    server: Server, cognee: CogneeLike, status: int
) -> None:
    cognee.can("/health", Answer(status, {"detail": "no"}))
    assert probe(server) == Abilities(imports=True)


@pytest.mark.parametrize("body", [b"ok", [], {"version": 7}, {"version": ""}, {"version": None}])
def test_health_that_says_nothing_is_no_fault(
    server: Server, cognee: CogneeLike, body: Any
) -> None:
    cognee.can("/health", Answer(body=body))
    assert probe(server).version is None


def test_an_old_server_is_told_with_both_versions(server: Server, cognee: CogneeLike) -> None:
    cognee.version, cognee.imports_archives = "1.1.3", False
    with pytest.raises(UnsupportedServer, match=r"version 1\.1\.3, and cognee 1\.3\.0") as caught:
        probe(server)
    assert (caught.value.found, caught.value.needed) == ("1.1.3", "1.3.0")
    assert isinstance(caught.value, RuntimeError)


def test_the_remedy_for_an_old_server_is_told(server: Server, cognee: CogneeLike) -> None:
    cognee.imports_archives = False
    with pytest.raises(UnsupportedServer) as caught:
        probe(server)
    for remedy in ("Nothing was sent", "Upgrade", "sync()", "remember()", "raw data"):
        assert remedy in str(caught.value)


def test_nothing_was_sent_to_an_old_server(server: Server, cognee: CogneeLike) -> None:
    cognee.imports_archives = False
    with pytest.raises(UnsupportedServer):
        probe(server)
    assert {method for method, _ in cognee.requests} == {"GET"}


@pytest.mark.parametrize(
    ("version", "imports"),
    [("0.5.0", True), ("9.9.9", False), (None, True), ("unknown", False)],
)
def test_the_description_counts_and_not_the_version(
    server: Server, cognee: CogneeLike, version: str | None, imports: bool
) -> None:
    cognee.version, cognee.imports_archives = version, imports
    assert look(server).imports is imports


@pytest.mark.parametrize("version", ["1.2", "1.2.0", "1.2.2-local"])
def test_a_version_that_offers_imports_and_fails_at_them_is_not_believed(
    server: Server, cognee: CogneeLike, version: str
) -> None:
    cognee.version, cognee.imports_archives = version, True
    assert not look(server).imports


@pytest.mark.parametrize(
    ("version", "imports"),
    [
        ("1.3.0", True),
        ("1.3", True),
        ("1.2.9", False),
        ("v1.6.5-local", True),
        ("1.10.0", True),
        ("2", True),
        ("1.3.0rc1", True),
        ("1.1.9", False),
        ("0.99.99", False),
        ("1", False),
        ("unknown", False),
        ("", False),
        ("-1.2.3", False),
        ("1" * 5000, False),
        (None, False),
    ],
)
@pytest.mark.parametrize(
    "answer", [Answer(404, {}), Answer(200, {"paths": None}), Answer(body=b"<")]
)
def test_without_a_description_the_version_counts(
    server: Server, cognee: CogneeLike, version: str | None, imports: bool, answer: Answer
) -> None:
    cognee.version = version
    cognee.can(OPENAPI, answer)
    assert look(server).imports is imports


def test_a_long_description_is_read(server: Server, cognee: CogneeLike) -> None:
    cognee.openapi_padding = 15 << 20
    assert probe(server).imports


def test_a_description_without_end_is_not(server: Server, cognee: CogneeLike) -> None:
    cognee.openapi_padding, cognee.version = 17 << 20, None
    assert not look(server).imports


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"import_mode": {}}},
        {"allOf": [{"$ref": "#/components/schemas/A~1B"}]},
        {"$ref": "#/components/schemas/C"},
    ],
    ids=["inline", "all of", "twice"],
)
def test_the_field_is_found_where_schemas_put_it(
    server: Server, cognee: CogneeLike, schema: Any
) -> None:
    schemas = {
        "A/B": {"properties": {"import_mode": {}}},
        "C": {"$ref": "#/components/schemas/A~1B"},
    }
    cognee.can(OPENAPI, described(schema, components={"schemas": schemas}))
    assert look(server).imports


@pytest.mark.parametrize(
    "schema",
    [
        None,
        [],
        "import_mode",
        {"properties": ["import_mode"]},
        {"properties": {"content_type": {"description": "import_mode"}}},
        {"$ref": "#/components/schemas/Loop"},
        {"$ref": "#/components/schemas/None"},
        {"$ref": "http://elsewhere.example/schema"},
        {"$ref": 7},
        {"allOf": "import_mode"},
    ],
)
def test_what_does_not_declare_the_field_does_not_import(
    server: Server, cognee: CogneeLike, schema: Any
) -> None:
    loop = {"$ref": "#/components/schemas/Loop"}
    wide = {"allOf": [loop] * 100}
    cognee.can(OPENAPI, described(schema, components={"schemas": {"Loop": wide}}))
    assert not look(server).imports


@pytest.mark.parametrize("paths", [{}, {REMEMBER: None}, {REMEMBER: {"get": {}}}, {REMEMBER: []}])
def test_a_description_without_the_route_says_no(
    server: Server, cognee: CogneeLike, paths: Any
) -> None:
    cognee.can(OPENAPI, Answer(body={"paths": paths}))
    assert not look(server).imports


@pytest.mark.parametrize(
    ("version", "works"),
    [("1.6.5", False), ("1.6.5-local", False), ("1.3.0", False), ("unknown", False),
     (None, False), ("1.6.6", True), ("1.10.0", True), ("2.0", True)],
)  # fmt: skip
def test_background_is_not_trusted_up_to_1_6_5(
    server: Server, cognee: CogneeLike, version: str | None, works: bool
) -> None:
    cognee.version = version
    assert probe(server).background_preserve_works is works


def test_a_wrong_key_fails_here(cognee: CogneeLike) -> None:
    with Server(cognee.url, "wrong") as server, pytest.raises(RemoteRefused) as caught:
        probe(server)
    assert caught.value.status == 401
    assert "does not take the key (401)" in str(caught.value)
    assert "wrong" not in str(caught.value)


def test_a_missing_key_is_told_with_the_ways_to_give_one(cognee: CogneeLike) -> None:
    with Server(cognee.url, None) as server, pytest.raises(RemoteRefused) as caught:
        probe(server)
    for way in ("none was given", "COGNEE_API_KEY", "api_key=", "cogx connect"):
        assert way in str(caught.value)


def test_a_key_without_rights_fails_here(server: Server, cognee: CogneeLike) -> None:
    cognee.can("/api/v1/datasets", Answer(403, {"detail": "no"}))
    with pytest.raises(RemoteRefused, match="403"):
        probe(server)


def test_a_wrong_key_comes_before_an_old_version(cognee: CogneeLike) -> None:
    cognee.imports_archives = False
    with Server(cognee.url, "wrong") as server, pytest.raises(RemoteRefused):
        probe(server)


def test_an_open_server_needs_no_key() -> None:
    with CogneeLike(key=None) as cognee, Server(cognee.url, None) as server:
        assert probe(server).imports


@pytest.mark.parametrize("body", [b"<html>", {"detail": "hello"}, None])
def test_a_sign_in_page_is_no_cognee(server: Server, cognee: CogneeLike, body: Any) -> None:
    cognee.can("/api/v1/datasets", Answer(body=body))
    with pytest.raises(RemoteGarbled, match="Is this"):
        check_key(server)


def test_many_datasets_are_no_fault(server: Server, cognee: CogneeLike) -> None:
    for number in range(10_000):
        cognee.dataset(f"dataset_{number}")
    check_key(server)


@pytest.mark.parametrize("path", ["/health", OPENAPI, "/api/v1/datasets"])
def test_a_server_that_sends_us_elsewhere_is_not_followed(
    server: Server, cognee: CogneeLike, path: str
) -> None:
    cognee.can(path, Answer(307, {}, {"Location": "https://elsewhere.example/"}))
    with pytest.raises(RemoteRefused, match="elsewhere"):
        probe(server)


def test_no_server_is_told_as_such(cognee: CogneeLike) -> None:
    with Server("http://127.0.0.1:9", None) as server, pytest.raises(RemoteUnavailable):
        probe(server)


TOLD = {
    "cogx_versions": ["0.1"],
    "import_modes": ["preserve"],
    "max_upload_bytes": 1000,
    "max_members": 20,
    "max_member_bytes": None,
    "max_total_bytes": 3000,
    "background": True,
    "resumable": True,
    "checksum": ["sha256"],
    "compression": ["gzip", "zstd", "none"],
}


def test_a_cogx_server_says_what_it_can(server: Server, cognee: CogneeLike) -> None:
    cognee.capabilities = TOLD
    assert probe(server) == Abilities(
        version="1.6.5",
        is_cogx=True,
        imports=True,
        modes=("preserve",),
        max_member_bytes=None,
        max_total_bytes=3000,
        max_members=20,
        max_upload_bytes=1000,
        background_preserve_works=True,
        resumable=True,
        checksum=True,
        compression=("gzip", "zstd", "none"),
    )


def test_a_cogx_server_that_hides_its_routes_is_known_by_its_name(
    server: Server, cognee: CogneeLike
) -> None:
    cognee.capabilities, cognee.server_field = TOLD, "cogx 0.4"
    cognee.can(OPENAPI, Answer(404, {}))
    assert probe(server).is_cogx


def test_a_cognee_is_not_asked_for_what_only_cogx_has(server: Server, cognee: CogneeLike) -> None:
    probe(server)
    assert "/api/v1/cogx/capabilities" not in [path for _, path in cognee.requests]


@pytest.mark.parametrize(
    ("told", "differs"),
    [
        ({"max_members": "many"}, lambda found: found.max_members == 100_000),
        ({"max_members": -1}, lambda found: found.max_members == 100_000),
        ({"max_members": True}, lambda found: found.max_members == 100_000),
        ({"import_modes": "preserve"}, lambda found: len(found.modes) == 3),
        ({"import_modes": [1]}, lambda found: len(found.modes) == 3),
        ({"background": "yes"}, lambda found: not found.background_preserve_works),
        ({"resumable": 1}, lambda found: not found.resumable),
        ({"checksum": "sha256"}, lambda found: not found.checksum),
        ({"checksum": ["md5"]}, lambda found: not found.checksum),
    ],
)
def test_capabilities_of_another_shape_are_not_believed(
    server: Server, cognee: CogneeLike, told: Any, differs: Callable[[Abilities], bool]
) -> None:
    cognee.capabilities = told
    assert differs(probe(server))


def test_capabilities_that_fail_leave_a_cognee(server: Server, cognee: CogneeLike) -> None:
    cognee.capabilities = TOLD
    cognee.can("/api/v1/cogx/capabilities", *[Answer(503, {})] * TRIES)
    assert not probe(server).is_cogx
