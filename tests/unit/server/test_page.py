"""The page: what a browser is given, and, in a real one, that it can be used and runs nothing else.

Needs Chromium, Debian's package ``chromium``; without it only what needs no browser is tested.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from cogx.format.records import Document, Entity, Fact
from cogx.server.identity.secrets import hashed, new_token
from cogx.server.identity.users import User, add_user
from cogx.server.page import page_files

from .devtools import Tab, browser, tab
from .routes.test_receiving import archive, send
from .running import Running

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ALIVE = {"message": "Hello, World, I am alive!"}
PASSWORD = "correct horse battery"
ATTACK = "<img src=x onerror=window.ran=1><script>window.ran=1</script>"
CHROMIUM = browser()
needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: apt-get install chromium"
)

GRAPH = archive(
    Entity(external_id="a", name="Ada Lovelace", entity_type="Person", attributes={"born": 1815}),
    Entity(external_id="b", name="Charles Babbage", entity_type="Person"),
    Entity(external_id="e", name="Analytical Engine", entity_type="Machine"),
    Document(external_id="d", content="Ada wrote notes on the engine.", title="Notes"),
    Fact(external_id="f", subject_ref="b", predicate="built", object_ref="e"),
    Fact(external_id="g", subject_ref="a", predicate="wrote_about", object_ref="e"),
)
HOSTILE = archive(
    Entity(
        external_id=ATTACK,
        name=ATTACK,
        entity_type=ATTACK,
        description=ATTACK,
        attributes={ATTACK: ATTACK, "list": [ATTACK], "url": "javascript:window.ran=1"},
    ),
    Entity(external_id="b", name="javascript:window.ran=1", entity_type="x' onload='window.ran=1"),
    Document(external_id="d", content=f"findme {ATTACK}", title=ATTACK),
    Fact(external_id="f", subject_ref=ATTACK, predicate=ATTACK, object_ref="b", fact_text=ATTACK),
)
FIND_COLOUR = """(() => {
  const canvas = document.querySelector("canvas");
  const [width, height] = [canvas.width, canvas.height];
  const wanted = getComputedStyle(document.documentElement).getPropertyValue("COLOUR").trim();
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(wanted.slice(at, at + 2), 16));
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const is = (x, y) => {
    const i = 4 * (y * width + x);
    return data[i] === r && data[i + 1] === g && data[i + 2] === b;
  };
  const box = canvas.getBoundingClientRect();
  for (let y = 2; y < height - 2; y++)
    for (let x = 2; x < width - 2; x++)
      if (is(x, y) && is(x - 2, y) && is(x + 2, y) && is(x, y + 2) && is(x, y - 2))
        return { x: box.x + x / devicePixelRatio, y: box.y + y / devicePixelRatio };
})()"""


# What is given, without a browser


@pytest.mark.parametrize("accept", ["*/*", "application/json", "", "text/html;q=0"])
def test_who_does_not_ask_for_html_is_told_that_somebody_is_here(
    anonymous: httpx.Client, accept: str
) -> None:
    answer = anonymous.get("/", headers={"Accept": accept})
    assert (answer.json(), answer.headers["vary"]) == (ALIVE, "Accept")


def test_a_browser_is_given_the_page(anonymous: httpx.Client) -> None:
    answer = anonymous.get("/", headers=HTML)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.content == page_files()["index.html"].content


def test_a_file_that_one_has_is_not_sent_again(anonymous: httpx.Client) -> None:
    first = anonymous.get("/page/main.js")
    again = anonymous.get("/page/main.js", headers={"If-None-Match": first.headers["etag"]})
    assert (first.headers["cache-control"], again.status_code, again.content) == (
        "no-cache",
        304,
        b"",
    )


@pytest.mark.parametrize("name", ["nothing.js", "__init__.py", "..%2Fapp.py", "%2Fetc%2Fpasswd"])
def test_nothing_else_is_given_out_as_a_file_of_the_page(
    anonymous: httpx.Client, name: str
) -> None:
    assert anonymous.get(f"/page/{name}").status_code == 404


@pytest.mark.parametrize("name", sorted(page_files()))
def test_every_file_is_given_under_the_same_strict_policy(
    anonymous: httpx.Client, name: str
) -> None:
    policy = anonymous.get(f"/page/{name}").headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_page_names_no_other_server() -> None:
    own = {"http://www.w3.org/2000/svg"}  # A name, not an address.
    for name, file in page_files().items():
        found = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"'`]*", file.content.decode()))
        assert found <= own, name


def test_what_the_page_loads_is_there() -> None:
    for name, file in page_files().items():
        text = file.content.decode()
        named = re.findall(r"""(?:from "\./|(?:src|href)[=:] ?"page/)([\w.]+)""", text)
        assert set(named) <= page_files().keys(), name


def test_no_login_is_kept_where_scripts_can_read_it() -> None:
    text = "".join(file.content.decode() for file in page_files().values())
    assert not re.search(r"localStorage|sessionStorage|document\.cookie|access_token", text)


# In a browser


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """Run a browser for the tests of this module."""
    assert CHROMIUM is not None
    with tab(CHROMIUM, tmp_path_factory.mktemp("browser")) as one:
        yield one


@pytest.fixture(scope="module")
def ada(server: Running) -> User:
    """Return a user with a password, whose dataset ``engine`` is there."""
    kept = hashed(PASSWORD)
    with server.context.database.write() as state:
        user = add_user(state, f"ada-{uuid4().hex}@example.com", kept)
    with server.client(user) as client:
        assert send(client, GRAPH, "engine").status_code == 200
        assert send(client, HOSTILE, "hostile").status_code == 200
    return user


@pytest.fixture
def page(server: Running, ada: User, window: Tab) -> Iterator[Tab]:
    """Return the browser of somebody who has logged in; nothing may be thrown in it."""
    settings = server.context.settings  # Logging in by the form each time costs a hash each time.
    secret = settings.jwt_secret.get_secret_value()
    token = new_token(ada.id, ada.hashed_password, secret, settings.jwt_lifetime_s)
    cookie = {"url": server.url, "name": settings.auth_cookie, "value": token, "httpOnly": True}
    window.send("Network.setCookie", **cookie)
    window.send("Page.navigate", url="about:blank")
    window.complaints.clear()
    yield window
    assert window.complaints == []


@pytest.fixture
def datasets(server: Running, page: Tab) -> Tab:
    """Return the browser at the datasets."""
    page.open(f"{server.url}/")
    page.wait("document.querySelector('section:first-of-type tbody')")
    return page


def log_in(window: Tab, server: Running, user: User, password: str = PASSWORD) -> None:
    """Log in by the form."""
    window.open(f"{server.url}/")
    window.wait("document.querySelector('#email')")
    window.type(user.email)
    window.press("Tab", 9)
    window.type(password)
    window.press("Enter", 13, "\r")


def dataset_id(server: Running, user: User, name: str) -> str:
    """Return the id of a user's dataset."""
    with server.client(user) as client:
        found = client.get("/api/v1/datasets").json()
    return next(str(one["id"]) for one in found if one["name"] == name)


def open_graph(page: Tab, server: Running, user: User, name: str) -> None:
    """Open the graph of a dataset and wait until it is laid out."""
    page.open(f"{server.url}/#/graph/{dataset_id(server, user, name)}")
    page.wait("document.querySelector('canvas[data-settled]')")


def texts(page: Tab, selector: str) -> list[str]:
    """Return the texts of elements."""
    found = f"[...document.querySelectorAll({json.dumps(selector)})].map((one) => one.innerText)"
    return list(page.value(found))


def place_of(page: Tab, colour: str) -> dict[str, Any]:
    """Return where on the window a pixel of a node's colour is drawn, well inside of it."""
    return dict(page.value(FIND_COLOUR.replace("COLOUR", colour)))


@needs_browser
def test_a_wrong_password_is_told_in_words(server: Running, ada: User, window: Tab) -> None:
    window.send("Network.clearBrowserCookies")
    log_in(window, server, ada, "wrong")
    window.wait("document.querySelector('.alert')")
    assert texts(window, ".alert") == ["No account has this address and this password."]


@needs_browser
def test_who_has_logged_in_sees_the_datasets(server: Running, ada: User, window: Tab) -> None:
    window.send("Network.clearBrowserCookies")
    log_in(window, server, ada)
    window.wait("document.querySelector('section:first-of-type tbody')")
    rows = texts(window, "section:first-of-type tbody tr")
    assert re.match(r"engine\s+4\s+2\s", rows[0])


@needs_browser
def test_no_script_can_read_the_login(datasets: Tab) -> None:
    assert datasets.value("document.cookie + JSON.stringify([localStorage, sessionStorage])") == (
        "[{},{}]"
    )


@needs_browser
def test_who_has_logged_out_is_asked_again(datasets: Tab) -> None:
    datasets.value("document.querySelector('#bar button').click()")
    datasets.wait("document.querySelector('#email')")
    datasets.complaints.clear()  # Chromium tells of each 401.
    assert texts(datasets, "tbody") == []


@needs_browser
def test_somebody_new_is_told_what_to_do_next(server: Running, window: Tab) -> None:
    window.send("Network.clearBrowserCookies")
    window.open(f"{server.url}/")
    window.wait("document.querySelector('#email')")
    window.type(f"{uuid4().hex}@example.com")
    window.press("Tab", 9)
    window.type(PASSWORD)
    window.value("document.querySelector('.actions .plain').click()")
    window.wait("document.querySelector('.empty')")
    assert f"cogx connect --ask-key {server.url}" in texts(window, ".empty")[0]


@needs_browser
def test_an_archive_that_is_chosen_becomes_a_dataset(datasets: Tab, tmp_path: Path) -> None:
    path = tmp_path / "new one.cogx.tar.gz"
    path.write_bytes(GRAPH)
    root = datasets.send("DOM.getDocument")["root"]["nodeId"]
    field = datasets.send("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
    datasets.send("DOM.setFileInputFiles", nodeId=field, files=[str(path)])
    datasets.wait("!document.querySelector('.upload .row').hidden")
    datasets.press("Enter", 13, "\r")
    row = "[...document.querySelectorAll('section:first-of-type tbody tr')].pop()?.innerText ?? ''"
    datasets.wait(rf"/^new_one\s+4\s+2\s/.test({row})")
    assert re.match(
        r"Import\s+new_one\s.*Done", texts(datasets, "section:last-of-type tbody tr")[0]
    )


@needs_browser
def test_a_file_that_is_dropped_is_sent_and_followed_to_its_end(
    datasets: Tab, tmp_path: Path
) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Ada wrote to Charles Babbage.")
    where = datasets.value("""(() => {
      const box = document.querySelector(".drop").getBoundingClientRect();
      return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    })()""")
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        datasets.send("Input.dispatchDragEvent", type=kind, data=data, **where)
    datasets.wait("!document.querySelector('.upload .row').hidden")
    datasets.press("Enter", 13, "\r")
    run = "document.querySelector('section:last-of-type tbody tr')?.innerText ?? ''"
    datasets.wait(rf"/^Build the graph\s+letter\s.*Done/s.test({run})")


@needs_browser
def test_what_is_refused_is_told_where_it_was_sent(datasets: Tab, tmp_path: Path) -> None:
    path = tmp_path / "broken.tar.gz"
    path.write_bytes(b"garbage")
    root = datasets.send("DOM.getDocument")["root"]["nodeId"]
    field = datasets.send("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
    datasets.send("DOM.setFileInputFiles", nodeId=field, files=[str(path)])
    datasets.wait("!document.querySelector('.upload .row').hidden")
    datasets.press("Enter", 13, "\r")
    datasets.wait("document.querySelector('.upload .alert')")
    datasets.complaints.clear()  # Chromium tells of each 400.
    assert "broken.tar.gz" in texts(datasets, ".upload .alert")[0]


@needs_browser
def test_a_node_that_is_clicked_tells_its_properties_and_facts(
    page: Tab, server: Running, ada: User
) -> None:
    open_graph(page, server, ada, "engine")
    where = place_of(page, "--type-2")  # The third type by number and name: Machine.
    page.click(where["x"], where["y"])
    page.wait("document.querySelector('.panel h2')")
    assert texts(page, ".panel h2") == ["Analytical Engine"]
    assert sorted(texts(page, ".facts li")) == [
        "built ← Charles Babbage",
        "wrote about ← Ada Lovelace",
    ]


@needs_browser
def test_a_node_is_found_and_its_facts_followed_by_keyboard_alone(
    page: Tab, server: Running, ada: User
) -> None:
    open_graph(page, server, ada, "engine")
    page.value("document.querySelector('.find input').focus()")
    page.type("ada")
    page.press("Enter", 13, "\r")
    page.wait("document.activeElement.textContent === 'Ada Lovelace'")
    assert "born\n1815" in texts(page, ".panel dl")[0]
    page.press("Tab", 9)
    page.press("Enter", 13, "\r")
    page.wait("document.activeElement.textContent === 'Analytical Engine'")


@needs_browser
def test_an_address_of_a_node_shows_it(page: Tab, server: Running, ada: User) -> None:
    page.open(f"{server.url}/#/graph/{dataset_id(server, ada, 'engine')}/b")
    page.wait("document.querySelector('.panel h2')?.innerText === 'Charles Babbage'")


@needs_browser
def test_a_type_that_is_switched_off_is_not_drawn(page: Tab, server: Running, ada: User) -> None:
    open_graph(page, server, ada, "engine")
    page.value("document.querySelector('.legend input').click()")  # Person, the commonest.
    assert texts(page, ".note-line") == [
        "4 nodes, 2 edges. 2 nodes of hidden types, or with fewer edges are not shown; find them "
        "by name."
    ]


@needs_browser
def test_zooming_by_keyboard_draws_anew(page: Tab, server: Running, ada: User) -> None:
    open_graph(page, server, ada, "engine")
    before = page.value("document.querySelector('canvas').toDataURL()")
    page.value("document.querySelector('canvas').focus()")
    page.press("+", 187, "+")
    page.wait(f"document.querySelector('canvas').toDataURL() !== {json.dumps(before)}")


@needs_browser
@pytest.mark.parametrize(
    ("kind", "words", "found"),
    [
        ("GRAPH", "babbage", "Charles Babbage built Analytical Engine"),
        ("CHUNKS", "notes", "Ada wrote notes on the engine."),
    ],
)
def test_words_find_facts_and_texts(
    page: Tab, server: Running, kind: str, words: str, found: str
) -> None:
    page.open(f"{server.url}/#/search?kind={kind}")
    page.wait("document.querySelector('#q')")
    page.value("document.querySelector('#q').focus()")
    page.type(words)
    page.press("Enter", 13, "\r")
    page.wait("document.querySelector('.found li')")
    assert found in texts(page, ".found .text")


@needs_browser
def test_a_key_that_is_made_here_lets_a_program_in(page: Tab, server: Running, ada: User) -> None:
    page.open(f"{server.url}/#/keys")
    page.wait("document.querySelector('#key-name')")
    page.value("document.querySelector('#key-name').focus()")
    page.type("laptop")
    page.press("Enter", 13, "\r")
    page.wait("document.querySelector('.secret')")
    with server.client_of(texts(page, ".secret")[0]) as client:
        assert client.get("/api/v1/users/me").json()["email"] == ada.email


@needs_browser
def test_nothing_that_a_graph_says_runs(page: Tab, server: Running, ada: User) -> None:
    open_graph(page, server, ada, "hostile")
    page.value("document.querySelector('.find input').focus()")
    page.type("<img")
    page.press("Enter", 13, "\r")
    page.wait("document.querySelector('.panel h2')")
    assert texts(page, ".panel h2") == [ATTACK]
    assert ATTACK in texts(page, ".panel dl")[0]
    for kind in ("CHUNKS", "GRAPH"):
        page.value(f"location.hash = '#/search?kind={kind}&q=img'")
        page.wait(f"document.querySelector('select')?.value === '{kind}'")
        page.wait("document.querySelector('.found li')")
        assert ATTACK in texts(page, ".found .text")[0]
    assert page.value("window.ran === undefined")
    assert page.value("document.querySelectorAll('main img, main script').length") == 0


@needs_browser
def test_markup_cannot_be_made_of_a_string(datasets: Tab) -> None:
    made = "(() => { try { document.body.innerHTML = 'x'; return 1; } catch { return 0; } })()"
    assert datasets.value(made) == 0
    datasets.complaints.clear()  # The policy tells what it has kept from happening.


@needs_browser
def test_of_a_large_graph_the_nodes_with_the_most_edges_are_shown(datasets: Tab) -> None:
    shown = datasets.value("""import("/page/model.js").then(({ Graph }) => {
      const nodes = [...Array(50).keys()].map((n) => ({ id: `n${n}`, label: "", type: "T" }));
      const edges = [...Array(50).keys()].flatMap((n) => [...Array(n).keys()].map(
        (m) => ({ source: `n${n}`, target: `n${(n + m) % 10}`, label: "e" })));
      const graph = new Graph({ nodes, edges });
      return graph.selection(3, new Set(), null).map((node) => graph.degree(node.id));
    })""")
    assert len(shown) == 3
    assert shown == sorted(shown, reverse=True)


@needs_browser
def test_a_node_of_few_edges_that_is_opened_is_shown_with_what_is_around_it(datasets: Tab) -> None:
    shown = datasets.value("""import("/page/model.js").then(({ Graph }) => {
      const nodes = ["a", "b", "c", "d", "e"].map((id) => ({ id, label: id, type: "T" }));
      const edges = [["a", "b"], ["a", "c"], ["b", "c"], ["d", "e"]].map(
        ([source, target]) => ({ source, target, label: "e" }));
      const chosen = new Graph({ nodes, edges }).selection(3, new Set(), "e");
      return chosen.map((node) => node.id);
    })""")
    assert shown == ["e", "d", "a"]


@needs_browser
def test_a_node_without_a_name_is_called_by_how_its_text_begins(datasets: Tab) -> None:
    name = datasets.value("""import("/page/model.js").then(({ Graph }) => {
      const node = { id: "1", label: "T_1", type: "T", properties: { text: "It was\\n night." } };
      return new Graph({ nodes: [node], edges: [] }).nodes.get("1").name;
    })""")
    assert name == "It was night."


@needs_browser
def test_far_points_push_about_as_they_would_one_by_one(datasets: Tab) -> None:
    error = datasets.value("""import("/page/quadtree.js").then(({ Quadtree }) => {
      const n = 400;
      const at = (step) => Float64Array.from({ length: n }, (_, i) => 500 * Math.sin(i * step));
      const [x, y] = [at(1.7), at(2.9)];
      const [vx, vy, wx, wy] = [0, 0, 0, 0].map(() => new Float64Array(n));
      const tree = new Quadtree(n);
      tree.build(x, y);
      let [wrong, all] = [0, 0];
      for (let i = 0; i < n; i++) {
        tree.push(i, 1, vx, vy);
        for (let j = 0; j < n; j++) {
          const [dx, dy] = [x[j] - x[i], y[j] - y[i]];
          const force = 1 / Math.max(dx * dx + dy * dy, 1);
          wx[i] -= dx * force;
          wy[i] -= dy * force;
        }
        wrong += Math.hypot(vx[i] - wx[i], vy[i] - wy[i]);
        all += Math.hypot(wx[i], wy[i]);
      }
      return wrong / all;
    })""")
    assert error < 0.1


@needs_browser
def test_the_same_graph_is_laid_out_the_same_way_and_within_bounds(datasets: Tab) -> None:
    first, second = datasets.value("""import("/page/layout.js").then(({ Layout }) => {
      const once = () => {
        const pairs = [[0, 1], [1, 2], [2, 0], [3, 4]];
        const layout = new Layout(6, pairs, Array(6).fill(null));
        while (!layout.isSettled) layout.step();
        return [...layout.x, ...layout.y];
      };
      return [once(), once()];
    })""")
    assert first == second
    assert all(abs(number) < 1000 for number in first)
