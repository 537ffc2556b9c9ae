"""The main job on real input, end to end: what `make demo` runs and shows.

A real cognee wrote fixtures/archives/real-small.cogx.tar.gz. It is validated, restored into an
embedded graph database, asked a question in Cypher, dumped again and proven equal; then one
property is changed behind cogx's back, and `cogx verify` names exactly that one.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ARCHIVE = Path("fixtures/archives/real-small.cogx.tar.gz")
WORK = Path("demo")
STORE = WORK / "memory.lbug"
COPY = WORK / "copy.cogx.tar.gz"

QUESTION = """
MATCH (person:Entity)-[:works_at]->(place:Entity)-[:located_in]->(city:Entity)
RETURN person.name, place.name, city.name ORDER BY person.name, place.name, city.name LIMIT 4
"""


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def cogx(*arguments: str | Path, expected: int = 0) -> None:
    """Run the command line as a user would, and show both."""
    print("$ cogx " + " ".join(map(str, arguments)), flush=True)
    done = run(*arguments, expected=expected)
    print((done.stdout + done.stderr).rstrip(), flush=True)


def run(*arguments: str | Path, expected: int) -> subprocess.CompletedProcess[str]:
    """Run the command line; insist on the exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "cogx", *map(str, arguments)],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode != expected:
        print(done.stdout + done.stderr)
        sys.exit(f"demo: exit code {done.returncode}, expected {expected}")
    return done


def ask(cypher: str, **parameters: object) -> list[list[object]]:
    """Run a query against the store with its own driver: cogx has no hand in this."""
    import ladybug

    database = ladybug.Database(str(ROOT / STORE))
    connection = ladybug.Connection(database)
    result = connection.execute(cypher, parameters)
    rows = []
    while result.has_next():
        rows.append(result.get_next())
    result.close()
    connection.close()
    database.close()
    return rows


def main() -> None:
    """Walk the whole way."""
    shutil.rmtree(ROOT / WORK, ignore_errors=True)
    (ROOT / WORK).mkdir()

    say("1. Is the archive whole and well-formed?")
    cogx("validate", ARCHIVE)

    say("2. Restore it into an embedded graph database: no server, no LLM.")
    cogx("import", ARCHIVE, f"ladybug:{STORE}")

    say("3. Ask the database in Cypher: who works where, and where is that?")
    print(QUESTION.strip())
    answer = ask(QUESTION)
    for person, place, city in answer:
        print(f"  {person}  works at  {place}  in  {city}")
    if not answer:
        sys.exit("demo: the database has no answer")

    say("4. Dump the database to a new archive.")
    cogx("export", f"ladybug:{STORE}", COPY)

    say("5. Same graph? The fingerprints are computed from what Cypher sees.")
    cogx("verify", ARCHIVE, f"ladybug:{STORE}")
    before, after = fingerprint(ARCHIVE), fingerprint(COPY)
    print(f"  original  {before['graph']}\n  copy      {after['graph']}")
    if before != after:
        sys.exit("demo: the fingerprints differ")

    say("6. Change one property behind cogx's back, and look again.")
    one = ask("MATCH (n:Entity) RETURN n.id ORDER BY n.id LIMIT 1")[0][0]
    change = "MATCH (n:Entity {id: $id}) SET n.description = 'Somebody else'"
    print(f"{change}   -- $id = {one}")
    ask(change, id=one)
    cogx("verify", ARCHIVE, f"ladybug:{STORE}", expected=1)
    found = json.loads(run("verify", ARCHIVE, f"ladybug:{STORE}", "--json", expected=1).stdout)
    named = [(item["id"], list(item["fields"])) for item in found["differences"]]
    if named != [(one, ["description"])]:
        sys.exit(f"demo: verify named {named}")
    print("\nExactly that one was named. ✓")

    say("Where to go from here")
    print(
        f"  .venv/bin/cogx inspect {COPY}            what is inside\n"
        f"  .venv/bin/cogx cat {COPY} fact | head    its records as JSON lines\n"
        f"  .venv/bin/cogx unpack {COPY} demo/plain  plain files to read and edit\n"
        f"  .venv/bin/cogx --help                               everything else\n"
        f"  spec/format.md                                      the format, in words"
    )


def fingerprint(archive: Path) -> dict[str, str]:
    """Return an archive's fingerprint, computed from its records."""
    from cogx import validate

    return validate(ROOT / archive).fingerprint.hex()


if __name__ == "__main__":
    main()
