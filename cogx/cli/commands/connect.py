"""Knows ``cogx connect``: log in to a server, see how things stand, log out."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

import click

from cogx.cli.exit_codes import FINE, REMOTE
from cogx.cli.layout import columns, count_of
from cogx.cli.options import key_option, output_options
from cogx.cli.progress_bar import progress_on
from cogx.cli.terminal import Console, is_terminal, json_text, printable

if TYPE_CHECKING:
    from cogx.engine.standing import Standing
    from cogx.remote.login import DeviceCode

_MOST_KEY: Final = 4096
_KEY_FROM: Final = {
    "argument": "the key that was given",
    "environment": "the key in COGNEE_API_KEY",
    "connection": "the key of the connection",
    "saved": "the saved key",
}
_NAMED_BY: Final = {
    "argument": "the command line",
    "environment": "COGNEE_SERVICE_URL",
    "connection": "the connection",
    "saved": "the saved login",
}


@click.command("connect")
@click.argument("url", metavar="[URL]", required=False)
@click.option("--status", is_flag=True, help="Say which server is used and how things stand.")
@click.option("--logout", is_flag=True, help="Delete the saved login.")
@key_option
@click.option("--key-stdin", is_flag=True, help="Read the key from stdin, as scripts do.")
@click.option("--allow-unreachable", is_flag=True, help="Save it though no server answers there.")
@click.option("--management-url", metavar="URL", help="Of the cloud; else COGNEE_CLOUD_URL.")
@output_options
def command(
    url: str | None,
    status: bool,
    logout: bool,
    api_key: str | None,
    key_stdin: bool,
    allow_unreachable: bool,
    management_url: str | None,
    console: Console,
) -> int:
    """Log in to a cognee or cogx server, so that other commands find it.

    The key is asked for, unless COGNEE_API_KEY holds it or it was saved for this server; it is
    never an argument. The login goes to .cognee/cloud_credentials.json in the home directory,
    where cognee finds it, too. Without URL the saved login is tried, and if it does not work the
    cloud is asked for a login in the browser. `cogx serve` starts a server; what cognee calls
    serve is this command.
    """
    if status and logout:
        raise click.UsageError("--status and --logout are two different wishes.")
    if logout:
        return _log_out(console)
    if key_stdin:
        api_key = _key_from_stdin()
    if status:
        return _tell_status(console, url, api_key)
    return _connect(
        console, url, api_key, allow_unreachable=allow_unreachable, management_url=management_url
    )


def _connect(
    console: Console,
    url: str | None,
    api_key: str | None,
    *,
    allow_unreachable: bool,
    management_url: str | None,
) -> int:
    from cogx.engine.connection import connect_sync
    from cogx.engine.standing import standing
    from cogx.remote.saved_login import login_path

    if api_key is None:
        api_key = _key_if_wanted(url)
    with (
        progress_on(console) as progress,
        connect_sync(
            url,
            api_key,
            allow_unreachable=allow_unreachable,
            show=lambda code: _show_code(console, code),
            management_url=management_url,
            progress=progress,
        ) as client,
    ):
        found = standing(client.at)
    if console.json:
        console.data(found.to_json() | {"saved": str(login_path())})
        return FINE
    console.line(_headline("Connected to", found))
    if found.key_source is not None:
        console.line(f"With {_KEY_FROM[found.key_source]}; saved in {login_path()}")
    else:
        console.line(f"Without a key; saved in {login_path()}")
    for note in (*found.notes, *_outvoted(found.url)):
        console.note(note)
    return FINE


def _key_if_wanted(url: str | None) -> str | None:
    """Ask a person for the key of a server that is named, if none is known and somebody is there.

    An empty answer is none: a server may want no key.
    """
    from cogx.remote.credentials import URL_VARIABLE, resolve_server

    if not url and not os.environ.get(URL_VARIABLE):
        return None  # the saved login, or the cloud
    at = resolve_server(url)
    if at.key is not None or not is_terminal(sys.stdin):
        return None
    question = f"API key of {printable(at.url)} (empty for none)"
    answer = click.prompt(question, default="", show_default=False, hide_input=True, err=True)
    return str(answer)


def _key_from_stdin() -> str:
    key = sys.stdin.readline(_MOST_KEY).strip()
    if not key:
        raise click.UsageError("--key-stdin: there is no key on stdin.")
    return key


def _show_code(console: Console, code: DeviceCode) -> None:
    """Show what a person must see, even if told to be quiet."""
    plain = {
        "user_code": code.user_code,
        "verification_uri": code.verification_uri,
        "verification_uri_complete": code.verification_uri_complete,
        "expires_in_s": code.expires_in_s,
    }
    sys.stderr.write((json_text({"login": plain}) if console.json else printable(str(code))) + "\n")
    sys.stderr.flush()


def _tell_status(console: Console, url: str | None, api_key: str | None) -> int:
    from cogx.engine.standing import standing
    from cogx.remote.credentials import resolve_server

    found = standing(resolve_server(url, api_key))
    if console.json:
        console.data(found.to_json())
    else:
        console.line(_headline("Server", found))
        for line in columns(_rows(found)):
            console.line(line)
        for note in found.notes:
            console.note(note)
    return FINE if found.accepted else REMOTE


def _rows(found: Standing) -> list[tuple[str, str]]:
    key = "none" if found.key_source is None else _KEY_FROM[found.key_source]
    taken = {True: "taken", False: "refused", None: "not tried"}[found.accepted]
    rows = [
        ("named by", _NAMED_BY[found.source]),
        ("answers", "yes" if found.reachable else "no"),
        ("key", f"{key}, {taken}" if found.key_source else f"{key} ({taken})"),
        ("account", found.account),
        ("tenant", found.tenant),
    ]
    return [(name, value) for name, value in rows if value]


def _headline(verb: str, found: Standing) -> str:
    version = f" (version {found.version})" if found.version else ""
    datasets = "" if found.datasets is None else f", {count_of(found.datasets, 'dataset')}"
    return f"{verb} {found.url}{version}{datasets}"


def _outvoted(url: str) -> list[str]:
    """Say if another server will be used in spite of the login."""
    from cogx.remote.credentials import URL_VARIABLE, resolve_server

    at = resolve_server()
    if at.url == url:
        return []
    return [f"{URL_VARIABLE} names {at.url}, and wins over the saved login. Unset it."]


def _log_out(console: Console) -> int:
    from cogx.engine.connection import disconnect_sync
    from cogx.remote.saved_login import login_path

    gone = disconnect_sync(clear_saved=True)
    if console.json:
        console.data({"logged_out": gone})
    elif gone:
        console.line(f"Logged out: {login_path()} was deleted.")
        console.note("The key itself stays valid on the server, until it is deleted there.")
    else:
        console.line("There was no saved login.")
    return FINE
