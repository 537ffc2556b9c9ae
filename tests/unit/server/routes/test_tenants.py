"""Tenants: who owns one lets others in, gives roles and capabilities, and takes them back."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest

from cogx.server.identity.users import User

from ..running import Running

Client = Callable[..., httpx.Client]
BASE = "/api/v1/permissions"


class House:
    """A tenant with an owner, a member and somebody from outside."""

    def __init__(self, server: Running, client: Client) -> None:
        self.people = {name: server.user() for name in ("owner", "member", "stranger")}
        self._clients = {name: client(user) for name, user in self.people.items()}
        self.id = self.post("owner", "/tenants", tenant_name="house").json()["tenant_id"]
        self.post("owner", f"/users/{self.people['member'].id}/tenants", tenant_id=self.id)
        self.choose("member", self.id)

    def user(self, who: str) -> User:
        return self.people[who]

    def choose(self, who: str, tenant_id: str | None) -> httpx.Response:
        body = {"tenant_id": tenant_id}
        return self._clients[who].post(f"{BASE}/tenants/select", json=body)

    def post(self, who: str, path: str, **query: object) -> httpx.Response:
        return self._clients[who].post(BASE + path, params=query)

    def delete(self, who: str, path: str, **query: object) -> httpx.Response:
        return self._clients[who].delete(BASE + path, params=query)

    def get(self, who: str, path: str) -> httpx.Response:
        return self._clients[who].get(BASE + path)

    def role(self, name: str = "reader") -> str:
        return str(self.post("owner", "/roles", role_name=name).json()["role_id"])

    def capabilities(self, who: str) -> list[str]:
        return list(self.get(who, f"/tenants/{self.id}/capabilities/me").json()["capabilities"])

    def current(self, who: str) -> str | None:
        tenant: str | None = self._clients[who].get("/api/v1/users/me").json()["tenant_id"]
        return tenant


@pytest.fixture
def house(server: Running, client: Client) -> House:
    return House(server, client)


def test_who_makes_a_tenant_works_in_it(house: House) -> None:
    assert house.current("owner") == house.id


def test_two_tenants_may_have_one_name(house: House) -> None:
    assert house.post("owner", "/tenants", tenant_name="house").status_code == 200


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
def test_a_tenant_needs_a_name(house: House, name: str) -> None:
    assert house.post("owner", "/tenants", tenant_name=name).status_code == 400


def test_a_tenant_is_listed_to_its_members(house: House) -> None:
    mine = [house.get(who, "/tenants/me").json() for who in ("member", "stranger")]
    assert mine == [[{"id": house.id, "name": "house"}], []]


def test_no_tenant_is_selected_as_cognee_says_it(house: House) -> None:
    told = house.choose("owner", None).json()
    assert told == {"message": "Tenant selected.", "tenant_id": "None"}


def test_a_tenant_of_others_cannot_be_selected(house: House) -> None:
    assert house.choose("stranger", house.id).status_code == 404


def test_members_are_listed_with_their_roles(house: House) -> None:
    role = house.role()
    member = house.user("member")
    house.post("owner", f"/users/{member.id}/roles", role_id=role)
    listed = {one["id"]: one for one in house.get("member", f"/tenants/{house.id}/users").json()}
    assert listed[member.id] == {
        "id": member.id,
        "email": member.email,
        "roles": [{"id": role, "name": "reader"}],
    }


def test_who_is_a_member_is_not_added_again(house: House) -> None:
    path = f"/users/{house.user('member').id}/tenants"
    assert house.post("owner", path, tenant_id=house.id).status_code == 409


def test_a_user_who_is_not_there_is_not_added(house: House) -> None:
    answer = house.post("owner", f"/users/{uuid4()}/tenants", tenant_id=house.id)
    assert answer.status_code == 404


def test_a_member_adds_nobody(house: House) -> None:
    path = f"/users/{house.user('stranger').id}/tenants"
    assert house.post("member", path, tenant_id=house.id).status_code == 403


def test_a_member_removes_nobody(house: House) -> None:
    path = f"/tenants/{house.id}/users/{house.user('owner').id}"
    assert house.delete("member", path).status_code == 403


def test_a_member_may_leave(house: House) -> None:
    path = f"/tenants/{house.id}/users/{house.user('member').id}"
    house.delete("member", path)
    assert house.get("member", "/tenants/me").json() == []


def test_an_owner_stays(house: House) -> None:
    path = f"/tenants/{house.id}/users/{house.user('owner').id}"
    assert house.delete("owner", path).status_code == 400


def test_who_was_removed_works_in_no_tenant(house: House) -> None:
    house.delete("owner", f"/tenants/{house.id}/users/{house.user('member').id}")
    assert house.current("member") is None


def test_the_agents_of_who_was_removed_work_in_no_tenant(
    server: Running, client: Client, house: House
) -> None:
    member = house.user("member")
    agent = client(server.user(parent_user_id=member.id, tenant_id=house.id))
    house.delete("owner", f"/tenants/{house.id}/users/{member.id}")
    assert agent.get("/api/v1/users/me").json()["tenant_id"] is None


def test_who_comes_back_has_no_role_from_before(house: House) -> None:
    member = house.user("member").id
    house.post("owner", f"/users/{member}/roles", role_id=house.role())
    house.delete("owner", f"/tenants/{house.id}/users/{member}")
    house.post("owner", f"/users/{member}/tenants", tenant_id=house.id)
    assert house.get("owner", f"/tenants/{house.id}/roles/users/{member}").json() == []


def test_a_role_needs_a_tenant_to_work_in(house: House) -> None:
    house.choose("owner", None)
    assert house.post("owner", "/roles", role_name="reader").status_code == 404


def test_a_tenant_has_a_role_of_a_name_once(house: House) -> None:
    house.role()
    assert house.post("owner", "/roles", role_name="reader").status_code == 409


def test_a_member_makes_no_role(house: House) -> None:
    assert house.post("member", "/roles", role_name="reader").status_code == 403


def test_roles_are_listed_with_how_many_have_them(house: House) -> None:
    role = house.role()
    house.post("owner", f"/users/{house.user('member').id}/roles", role_id=role)
    assert house.get("member", f"/tenants/{house.id}/roles").json() == [
        {"id": role, "name": "reader", "description": None, "user_count": 1}
    ]


def test_who_has_a_role_is_listed(house: House) -> None:
    role = house.role()
    member = house.user("member")
    house.post("owner", f"/users/{member.id}/roles", role_id=role)
    listed = house.get("member", f"/tenants/{house.id}/roles/{role}/users").json()
    assert listed == [{"id": member.id, "name": member.email}]


def test_the_roles_of_a_member_are_listed(house: House) -> None:
    role = house.role()
    member = house.user("member").id
    house.post("owner", f"/users/{member}/roles", role_id=role)
    listed = house.get("member", f"/tenants/{house.id}/roles/users/{member}").json()
    assert listed == [{"id": role, "name": "reader"}]


def test_a_role_is_not_given_twice(house: House) -> None:
    path = f"/users/{house.user('member').id}/roles"
    role = house.role()
    house.post("owner", path, role_id=role)
    assert house.post("owner", path, role_id=role).status_code == 409


def test_a_role_is_given_to_members_only(house: House) -> None:
    path = f"/users/{house.user('stranger').id}/roles"
    assert house.post("owner", path, role_id=house.role()).status_code == 404


def test_a_role_that_is_taken_is_gone(house: House) -> None:
    role = house.role()
    member = house.user("member").id
    house.post("owner", f"/users/{member}/roles", role_id=role)
    house.delete("owner", f"/users/{member}/roles", role_id=role)
    assert house.get("owner", f"/tenants/{house.id}/roles/users/{member}").json() == []


def test_a_role_that_was_not_given_is_not_taken(house: House) -> None:
    path = f"/users/{house.user('member').id}/roles"
    assert house.delete("owner", path, role_id=house.role()).status_code == 404


def test_a_removed_role_is_gone(house: House) -> None:
    house.delete("owner", f"/roles/{house.role()}")
    assert house.get("owner", f"/tenants/{house.id}/roles").json() == []


def test_an_owner_may_change_everything(house: House) -> None:
    assert house.capabilities("owner") == [
        "manage_users",
        "grant_capabilities",
        "revoke_capabilities",
    ]


def test_a_member_may_change_nothing(house: House) -> None:
    assert house.capabilities("member") == []


def _give(house: House, principal: str, *capabilities: str, who: str = "owner") -> int:
    path = f"/capabilities/{principal}"
    return house.post(who, path, capability=list(capabilities)).status_code


def test_a_capability_reaches_a_member(house: House) -> None:
    _give(house, house.user("member").id, "manage_users")
    assert house.capabilities("member") == ["manage_users"]


def test_a_capability_of_the_tenant_reaches_its_members(house: House) -> None:
    _give(house, house.id, "manage_users")
    assert house.capabilities("member") == ["manage_users"]


def test_a_capability_of_a_role_reaches_who_has_it(house: House) -> None:
    role = house.role()
    house.post("owner", f"/users/{house.user('member').id}/roles", role_id=role)
    _give(house, role, "manage_users")
    assert house.capabilities("member") == ["manage_users"]


def test_a_capability_given_again_is_no_change(house: House) -> None:
    member = house.user("member").id
    _give(house, member, "manage_users")
    assert _give(house, member, "manage_users") == 200


def test_a_capability_lets_a_member_act(house: House) -> None:
    _give(house, house.user("member").id, "manage_users")
    path = f"/users/{house.user('stranger').id}/tenants"
    assert house.post("member", path, tenant_id=house.id).status_code == 200


def test_an_unknown_capability_is_refused_with_all_beside_it(house: House) -> None:
    member = house.user("member").id
    status = _give(house, member, "manage_users", "fly")
    assert (status, house.capabilities("member")) == (400, [])


def test_nobody_gives_what_one_does_not_have(house: House) -> None:
    member = house.user("member").id
    _give(house, member, "grant_capabilities")
    assert _give(house, member, "revoke_capabilities", who="member") == 403


def test_nobody_gets_by_a_role_what_the_giver_does_not_have(house: House) -> None:
    role = house.role()
    _give(house, role, "revoke_capabilities")
    member = house.user("member").id
    _give(house, member, "manage_users")
    assert house.post("member", f"/users/{member}/roles", role_id=role).status_code == 403


def test_a_capability_is_given_to_the_tenants_own_only(house: House) -> None:
    assert _give(house, house.user("stranger").id, "manage_users") == 404


def test_a_capability_that_is_taken_is_gone(house: House) -> None:
    member = house.user("member").id
    _give(house, member, "manage_users")
    house.delete("owner", f"/capabilities/{member}", capability="manage_users")
    assert house.capabilities("member") == []


def test_a_member_takes_no_capability(house: House) -> None:
    path = f"/capabilities/{house.user('owner').id}"
    assert house.delete("member", path, capability="manage_users").status_code == 403
