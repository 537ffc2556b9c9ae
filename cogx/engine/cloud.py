"""Knows how a login of the cloud leads to a server: with what is saved, or with a person's help.

It must never keep a connection, and never save what the server has not accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from cogx.engine.standing import REJECTED
from cogx.errors import NotConnected, RemoteGarbled, RemoteRefused, RemoteUnavailable
from cogx.progress import SILENT, Progress
from cogx.remote.address import origin
from cogx.remote.credentials import ServerAt
from cogx.remote.login import DeviceCode, Tokens, find_identity, log_in, refresh
from cogx.remote.management import Management, Tenant, management_url
from cogx.remote.saved_login import Login, save_login

Check = Callable[[ServerAt], object]
Show = Callable[[DeviceCode], object]

_IDENTITY: Final = "cogx_identity_url"
"""Our key in the file: the identity server whose the tokens are. cognee does not know it."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """Whom to ask for a login; what is None comes from the environment, or is cognee's own."""

    management_url: str | None = None
    domain: str | None = None
    client_id: str | None = None
    audience: str | None = None


def reach_cloud(
    cloud: Cloud,
    saved: Login | None,
    check: Check,
    *,
    show: Show | None = None,
    save: bool = True,
    progress: Progress = SILENT,
) -> tuple[ServerAt, Login]:
    """Return the account's server, and the login to be saved.

    With saved tokens that still hold, or can be renewed, nobody is asked; else a person logs in.

    Args:
        check: called with a server and a key; raises RemoteRefused where the key is no good.
        show: is given what a person must see to log in.
        save: keep the login of a person whose server does not answer yet.

    Raises:
        NotConnected: a person would have to log in, and no client id or no ``show`` was given; or
            the server takes no key of this account.
        RemoteRefused: the person said no.
        RemoteUnavailable: the server does not answer yet.
    """
    if saved is not None:
        for tokens in _own_tokens(cloud, saved):
            try:
                return _provisioned(_management_of(saved), saved, tokens, check, progress)
            except RemoteRefused as error:
                if error.status not in REJECTED:
                    raise
    tokens, identity_url = _log_in(cloud, show, progress)
    login = Login(email=tokens.email, others={_IDENTITY: identity_url})
    url = management_url(cloud.management_url)
    try:
        return _provisioned(url, login, tokens, check, progress)
    except RemoteUnavailable as error:
        if save:
            # So that nobody has to go to the browser again. No key: none was tried yet.
            save_login(_with_tokens(replace(login, management_url=url), tokens))
        kept = " The login itself was saved: connect again when the server is up."
        raise RemoteUnavailable(f"{error}{kept if save else ''}") from error


def _management_of(saved: Login) -> str:
    return management_url(saved.management_url or None)


def _own_tokens(cloud: Cloud, saved: Login) -> Iterator[Tokens]:
    """Give tokens out of the saved login: those that hold still, then renewed ones."""
    if cloud.management_url is not None and origin(_management_of(saved)) != origin(
        management_url(cloud.management_url)
    ):
        return  # they belong to another cloud
    if saved.access_token and not saved.is_expired:
        yield Tokens(saved.access_token, saved.refresh_token, saved.expires_at, saved.email)
    if not saved.refresh_token:
        return
    with suppress(NotConnected, RemoteRefused):
        identity = find_identity(cloud.domain, cloud.client_id, cloud.audience)
        # A token goes to the server that gave it, and to no other.
        if saved.others.get(_IDENTITY, identity.url) == identity.url:
            tokens = refresh(identity, saved.refresh_token)
            save_login(_with_tokens(saved, tokens))  # the old one may hold no longer
            yield tokens


def _with_tokens(login: Login, tokens: Tokens) -> Login:
    return replace(
        login,
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_at=tokens.expires_at,
    )


def _log_in(cloud: Cloud, show: Show | None, progress: Progress) -> tuple[Tokens, str]:
    identity = find_identity(cloud.domain, cloud.client_id, cloud.audience)
    if show is None:
        raise NotConnected(
            "A cloud login shows a person a code: pass show=print, or run `cogx connect` once. "
            "Or connect with cogx.connect(url, api_key)."
        )
    return log_in(identity, show, progress=progress), identity.url


def _provisioned(
    url: str, login: Login, tokens: Tokens, check: Check, progress: Progress
) -> tuple[ServerAt, Login]:
    """Ask the management API for the account's server, and a key that the server accepts."""
    with Management(url, tokens.access_token) as management:
        email = tokens.email or login.email
        tenant = management.tenant() or _new_tenant(management, email, progress)
        service = management.service_url()
        for key in management.usable_keys():
            at = ServerAt(service, key, "saved", "saved")
            try:
                check(at)
            except RemoteRefused as error:
                if error.status not in REJECTED:
                    raise
                continue
            reached = replace(
                _with_tokens(login, tokens),
                service_url=service,
                api_key=key,
                management_url=url,
                tenant_id=tenant.id,
                tenant_name=tenant.name,
                email=email,
            )
            return at, reached
    raise NotConnected(
        f"The login is fine, but {service} takes no key of this account. Nothing was saved; "
        "try again, and ask the operator if it stays so."
    )


def _new_tenant(management: Management, email: str, progress: Progress) -> Tenant:
    if not email:
        raise RemoteGarbled(
            "The login names no e-mail address, and without one no tenant can be made. "
            "Does the identity server's client allow the scope 'email'?"
        )
    return management.make_tenant(email, progress=progress)
