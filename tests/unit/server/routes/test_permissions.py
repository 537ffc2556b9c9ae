"""Datasets are shared with users, roles and tenants, and seen in the tenant they belong to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ..running import Running

Client = Callable[..., httpx.Client]
BASE = "/api/v1/permissions"


class Pair:
    """An owner with a dataset, and another user."""

    def __init__(self, server: Running, client: Client) -> None:
        self.owner_user, self.other_user = server.user(), server.user()
        self.owner, self.other = client(self.owner_user), client(self.other_user)
        self.dataset = self.make(self.owner)

    @staticmethod
    def make(client: httpx.Client) -> str:
        return str(client.post("/api/v1/datasets", json={"name": uuid4().hex}).json()["id"])

    def give(self, principal: str, permission: str = "read") -> httpx.Response:
        return share(self.owner, "POST", principal, permission, [self.dataset])

    def take(self, principal: str, permission: str = "read") -> httpx.Response:
        return share(self.owner, "DELETE", principal, permission, [self.dataset])


def share(
    who: httpx.Client, method: str, principal: str, permission: str, datasets: list[str]
) -> httpx.Response:
    path = f"{BASE}/datasets/{principal}"
    return who.request(method, path, params={"permission_name": permission}, json=datasets)


def seen(client: httpx.Client) -> list[str]:
    return [one["id"] for one in client.get("/api/v1/datasets").json()]


@pytest.fixture
def pair(server: Running, client: Client) -> Pair:
    return Pair(server, client)


def test_a_dataset_is_seen_by_its_owner_alone(pair: Pair) -> None:
    assert (seen(pair.owner), seen(pair.other)) == ([pair.dataset], [])


def test_a_shared_dataset_is_seen(pair: Pair) -> None:
    pair.give(pair.other_user.id)
    assert seen(pair.other) == [pair.dataset]


def test_a_right_given_again_is_no_change(pair: Pair) -> None:
    pair.give(pair.other_user.id)
    assert pair.give(pair.other_user.id).json() == {"message": "Permission assigned to principal"}


def test_a_right_taken_is_gone(pair: Pair) -> None:
    pair.give(pair.other_user.id)
    pair.take(pair.other_user.id)
    assert seen(pair.other) == []


def test_who_may_read_may_not_delete(pair: Pair) -> None:
    pair.give(pair.other_user.id)
    assert pair.other.delete(f"/api/v1/datasets/{pair.dataset}").status_code == 403


def test_who_may_read_may_not_share(pair: Pair) -> None:
    pair.give(pair.other_user.id)
    answer = share(pair.other, "POST", pair.other_user.id, "write", [pair.dataset])
    assert answer.status_code == 403


def test_who_may_share_shares(pair: Pair) -> None:
    pair.give(pair.other_user.id, "share")
    answer = share(pair.other, "POST", pair.other_user.id, "read", [pair.dataset])
    assert (answer.status_code, seen(pair.other)) == (200, [pair.dataset])


def test_nobody_takes_an_owners_rights_away(pair: Pair) -> None:
    pair.give(pair.other_user.id, "share")
    answer = share(pair.other, "DELETE", pair.owner_user.id, "read", [pair.dataset])
    assert (answer.status_code, seen(pair.owner)) == (403, [pair.dataset])


def test_of_several_datasets_all_are_shared_or_none(pair: Pair) -> None:
    foreign = pair.make(pair.other)
    answer = share(pair.owner, "POST", pair.other_user.id, "read", [pair.dataset, foreign])
    assert (answer.status_code, seen(pair.other)) == (403, [foreign])


def test_an_unknown_permission_is_403_as_with_cognee(pair: Pair) -> None:
    answer = pair.give(pair.other_user.id, "fly")
    assert (answer.status_code, "PermissionNotFoundError" in answer.text) == (403, True)


def test_nobody_who_is_not_there_gets_a_right(pair: Pair) -> None:
    assert pair.give(str(uuid4())).status_code == 404


@pytest.mark.parametrize("body", [[], ["no uuid"], "text", {}])
def test_datasets_are_told_as_an_array_of_ids(pair: Pair, body: Any) -> None:
    assert share(pair.owner, "POST", pair.other_user.id, "read", body).status_code == 400


def test_what_was_given_to_somebody_is_listed(pair: Pair) -> None:
    pair.make(pair.other)
    pair.give(pair.other_user.id, "write")
    path = f"{BASE}/principals/{pair.other_user.id}/datasets"
    listed = pair.owner.get(path, params={"permission_name": "write"}).json()
    assert [one["id"] for one in listed] == [pair.dataset]  # And nothing of the other's own.


def test_a_parent_may_do_all_with_what_an_agent_makes(
    server: Running, client: Client, pair: Pair
) -> None:
    agent = client(server.user(parent_user_id=pair.owner_user.id))
    made = pair.make(agent)
    assert pair.owner.delete(f"/api/v1/datasets/{made}").status_code == 200


def test_an_agent_does_not_see_what_its_parent_has(
    server: Running, client: Client, pair: Pair
) -> None:
    assert seen(client(server.user(parent_user_id=pair.owner_user.id))) == []


class House(Pair):
    """A pair in a tenant, with a dataset of the tenant."""

    def __init__(self, server: Running, client: Client) -> None:
        super().__init__(server, client)
        self.outside = self.dataset
        made = self.owner.post(f"{BASE}/tenants", params={"tenant_name": "house"})
        self.id = str(made.json()["tenant_id"])
        path = f"{BASE}/users/{self.other_user.id}/tenants"
        self.owner.post(path, params={"tenant_id": self.id})
        self.choose(self.other, self.id)
        self.dataset = self.make(self.owner)

    def choose(self, who: httpx.Client, tenant_id: str | None) -> None:
        who.post(f"{BASE}/tenants/select", json={"tenantId": tenant_id})

    def role(self) -> str:
        made = self.owner.post(f"{BASE}/roles", params={"role_name": "reader"})
        return str(made.json()["role_id"])


@pytest.fixture
def house(server: Running, client: Client) -> House:
    return House(server, client)


def test_in_a_tenant_its_datasets_are_seen_and_no_others(house: House) -> None:
    assert seen(house.owner) == [house.dataset]


def test_in_no_tenant_those_of_none_are_seen(house: House) -> None:
    house.choose(house.owner, None)
    assert seen(house.owner) == [house.outside]


def test_what_is_not_seen_cannot_be_deleted(house: House) -> None:
    assert house.owner.delete(f"/api/v1/datasets/{house.outside}").status_code == 403


def test_one_name_in_two_tenants_is_two_datasets(house: House) -> None:
    here = house.owner.post("/api/v1/datasets", json={"name": "one"}).json()["id"]
    house.choose(house.owner, None)
    there = house.owner.post("/api/v1/datasets", json={"name": "one"}).json()["id"]
    assert here != there


def test_what_a_tenant_may_its_members_may(house: House) -> None:
    house.give(house.id)
    assert seen(house.other) == [house.dataset]


def test_what_a_role_may_those_who_have_it_may(house: House) -> None:
    role = house.role()
    params = {"role_id": role}
    house.owner.post(f"{BASE}/users/{house.other_user.id}/roles", params=params)
    house.give(role)
    assert seen(house.other) == [house.dataset]


def test_what_a_role_may_others_may_not(house: House) -> None:
    house.give(house.role())
    assert seen(house.other) == []


def test_what_a_removed_role_could_nobody_can(house: House) -> None:
    role = house.role()
    house.owner.post(f"{BASE}/users/{house.other_user.id}/roles", params={"role_id": role})
    house.give(role)
    house.owner.delete(f"{BASE}/roles/{role}")
    assert seen(house.other) == []


def test_who_left_a_tenant_sees_nothing_of_it(house: House) -> None:
    house.give(house.id)
    house.give(house.other_user.id)
    house.owner.delete(f"{BASE}/tenants/{house.id}/users/{house.other_user.id}")
    assert seen(house.other) == []


def test_who_comes_back_to_a_tenant_has_no_right_from_before(house: House) -> None:
    house.give(house.other_user.id)
    house.owner.delete(f"{BASE}/tenants/{house.id}/users/{house.other_user.id}")
    path = f"{BASE}/users/{house.other_user.id}/tenants"
    house.owner.post(path, params={"tenant_id": house.id})
    house.choose(house.other, house.id)
    assert seen(house.other) == []
