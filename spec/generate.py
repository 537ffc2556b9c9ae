"""Writes what follows from the code: codes.md, the schemas, and the tables of format.md.

``python spec/generate.py`` writes, ``--check`` tells what is out of step. In format.md only the
text between ``<!-- generated: NAME -->`` and ``<!-- end -->`` is touched.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from cogx.format.layout import GRAPH_KINDS, MEMBER_OF_KIND
from cogx.format.records import MODEL_OF_KIND, Record
from cogx.format.schema import SCHEMA_KINDS, TIMESTAMP_TYPES, schema_of
from cogx.format.version import WRITTEN
from cogx.limits import Limits
from cogx.problems import CODES, Severity

SPEC: Final = Path(__file__).resolve().parent
_MARKED: Final = re.compile(r"(<!-- generated: ([A-Za-z_.]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_JSON_NAMES: Final = {"array": "list", "null": "null"}

LIMITS: Final = {
    "members": "entries of a container",
    "member_bytes": "bytes of one member",
    "total_bytes": "bytes of all entries together",
    "manifest_bytes": "bytes of `manifest.json`",
    "line_bytes": "bytes of one line, without its LF",
    "depth": "objects and lists inside each other; the line's own object is the first",
    "digits": "digits of one number as it is written",
    "header_bytes": "bytes of one extension header of a tar entry",
    "headers_in_a_row": "extension headers before one tar entry",
    "path_bytes": "bytes of an entry's name",
    "zstd_window_log": "window of a zstd frame, as a power of two; xz is held to the same memory",
    "ratio": "bytes out per byte in, once `ratio_free_bytes` are out",
    "ratio_free_bytes": "bytes out that `ratio` does not look at",
}


def pages() -> dict[Path, str]:
    """Return path -> content of every page and schema that is made, whole or in part."""
    made = {SPEC / "codes.md": codes_page()}
    for kind in SCHEMA_KINDS:
        text = json.dumps(schema_of(kind), indent=2, ensure_ascii=False) + "\n"
        made[SPEC / "schema" / WRITTEN / f"{kind}.json"] = text
    page = SPEC / "format.md"
    made[page] = _MARKED.sub(_refilled, page.read_text("utf-8"))
    return made


def _refilled(match: re.Match[str]) -> str:
    return f"{match[1]}{table(match[2])}{match[3]}"


def table(name: str) -> str:
    """Return the generated part of a name; ``fields.KIND``, ``vectors.FILE`` or a plain one."""
    family, _, rest = name.partition(".")
    if family == "fields":
        return fields_table(rest)
    return _TABLES[name]()


def _rows(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell for cell in line)} |\n" for line in lines)


def fields_table(path: str) -> str:
    """Return the fields of ``common``, a kind, ``manifest``, or a part such as ``episode.Turn``."""
    kind, _, part = path.partition(".")
    schema = schema_of("document" if kind == "common" else kind)
    if part:
        schema = schema["$defs"][part]
    shared = {"kind", *Record.model_fields}
    rows = []
    for name, field in schema["properties"].items():
        if kind == "common" and name not in shared:
            continue
        if kind in MODEL_OF_KIND and not part and name in shared:
            continue
        default = "required" if name in schema.get("required", ()) else _default(field)
        kind_itself = kind == "common" and name == "kind"
        cells = ("the kind's name", "the member's") if kind_itself else (_type(field), default)
        rows.append((f"`{name}`", *cells, _meaning(field)))
    return _rows(("Field", "Type", "Default", "Meaning"), rows)


def _type(field: dict[str, Any]) -> str:
    fixed = [field["const"]] if "const" in field else field.get("enum")
    if fixed is not None:
        return " or ".join(f"`{json.dumps(choice)}`" for choice in fixed)
    if "anyOf" in field:
        return " or ".join(_reference(choice) for choice in field["anyOf"])
    if "$ref" in field:
        return _reference(field)
    if "type" not in field:
        return "any"
    if field["type"] == TIMESTAMP_TYPES:
        return "[timestamp](#timestamps) or null"
    names = field["type"] if isinstance(field["type"], list) else [field["type"]]
    inner = field.get("items") or field.get("additionalProperties")
    # Null in place of a container is read with a warning: no writer should know it from here.
    known = [name for name in names if not (name == "null" and {"array", "object"} & set(names))]
    text = " or ".join(_JSON_NAMES.get(name, name) for name in known)
    if isinstance(inner, dict):
        text += " of " + (_reference(inner) if "$ref" in inner else inner["type"])
    return f"non-empty {text}" if field.get("minLength") else text


def _reference(choice: dict[str, Any]) -> str:
    if "$ref" not in choice:
        return str(choice["type"])
    name = choice["$ref"].rpartition("/")[2]
    return f"[{name}](#{_anchor(name)})"


def _anchor(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower() + "-fields"


def _default(field: dict[str, Any]) -> str:
    return f"`{json.dumps(field['default'])}`" if "default" in field else "absent"


def _meaning(field: dict[str, Any]) -> str:
    text = str(field.get("description", ""))
    return text.partition(" Written as ")[0]


def members_table() -> str:
    """Return the members in the order in which they are laid out."""
    rows = [
        ("`manifest.json`", "the manifest", "-"),
        ("`permissions.json`", "accounts: a secret", "-"),
    ]
    for kind, member in MEMBER_OF_KIND.items():
        rows.append((f"`{member}`", f"`{kind}`", "graph" if kind in GRAPH_KINDS else "content"))
    return _rows(("Member", "Holds", "Sum of the fingerprint"), rows)


def limits_table() -> str:
    """Return the bounds a reader sets by default."""
    bounds = Limits()
    rows = []
    for name, meaning in LIMITS.items():
        rows.append((f"`{name}`", _amount(name, getattr(bounds, name)), meaning))
    return _rows(("Limit", "Default", "Bounds"), rows)


def _amount(name: str, value: int) -> str:
    if value >= 1 << 62:
        return "none"
    if not name.endswith("_bytes") or value < 1 << 14:
        return f"{value:,}"
    return f"{value >> 20} MiB" if value >= 1 << 20 else f"{value >> 10} KiB"


def lenient_table() -> str:
    """Return what each lenient reading changes."""
    rows = [(_code_link(code.name), code.lenient) for code in CODES.values() if code.lenient]
    return _rows(("Code", "What is read instead"), rows)


def _code_link(name: str) -> str:
    return f"[`{name}`](codes.md#{_slug(name)})"


def _slug(name: str) -> str:
    return name.replace(".", "-")


def _vectors(name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((SPEC / "vectors" / name).read_text("ascii"))["cases"]
    return cases


def _code(text: object) -> str:
    """Return a text as inline code of a table cell; what cannot be seen is named."""
    shown = "".join(c if c.isprintable() else f"<U+{ord(c):04X}>" for c in str(text))
    return f"`{shown}`".replace("|", "\\|")


def canonical_vectors() -> str:
    """Return texts beside their canonical JSON."""
    rows = [
        (case["name"], _code(case["json"]), _code(case["canonical"]))
        for case in _vectors("canonical-json.json")
        if "canonical" in case and len(case["canonical"]) < 90
    ]
    return _rows(("Case", "JSON", "Canonical"), rows)


def fingerprint_vectors() -> str:
    """Return the first small archives with all that is hashed."""
    parts = []
    for case in _vectors("fingerprint.json")[:7]:
        lines = [f"{record['member']}\n  {record['line']}" for record in case["records"]]
        hashed = [
            f"  {record['hashed']}\n  sha256 {record['sha256']}" for record in case["records"]
        ]
        shown = [f"{line}\n{text}" for line, text in zip(lines, hashed, strict=True)]
        sums = [f"{name:8}{value}" for name, value in case["fingerprint"].items()]
        parts.append(
            "\n".join(
                [
                    f"**{case['name'][0].upper()}{case['name'][1:]}**",
                    "",
                    "```text",
                    *shown,
                    *sums,
                    "```",
                    "",
                    "",
                ]
            )
        )
    return "".join(parts)


def timestamp_vectors() -> str:
    """Return timestamps and how they are read."""
    rows = []
    for case in _vectors("timestamps.json"):
        reading = _code(case["canonical"]) if "canonical" in case else "refused"
        warnings = ", ".join(f"`{code}`" for code in case.get("warnings", [case.get("refused")]))
        rows.append((case["name"], _code(json.dumps(case["value"])), reading, warnings))
    return _rows(("Case", "Value", "Output form", "Code"), rows)


def identity_vectors() -> str:
    """Return names with their ids."""
    cases = _vectors("identity.json")
    types = {case["name"]: case["id"] for case in cases if case["rule"] == "entity_type"}
    rows = [
        (
            _code(case["name"]),
            _code(case["normalised"]),
            f"`{case['id']}`",
            f"`{types[case['name']]}`",
        )
        for case in cases
        if case["rule"] == "entity"
    ]
    return _rows(("Name", "Normalised", "Entity", "Entity type"), rows)


def folded_vectors() -> str:
    """Return names and types with their ids under the folded rule."""
    rows = [
        (
            _code(case["name"]),
            "" if case["entity_type"] is None else _code(case["entity_type"]),
            _code(case["folded"]),
            f"`{case['id']}`",
        )
        for case in _vectors("identity.json")
        if case["rule"] == "folded"
    ]
    return _rows(("Name", "Type", "Folded name", "Id"), rows)


def node_vectors() -> str:
    """Return ids of nodes and the UUIDs they have in the cognee profile."""
    rows = [
        (_code(case["source_system"]), _code(case["external_id"]), f"`{case['id']}`")
        for case in _vectors("identity.json")
        if case["rule"] == "node"
    ]
    return _rows(("source_system", "Id", "Id in the profile"), rows)


def fact_vectors() -> str:
    """Return edges without id and the ids they get, in order."""
    rows = []
    for case in _vectors("identity.json"):
        if case["rule"] == "fact":
            fields = case["fields"]
            names = ("subject_ref", "predicate", "object_ref", "valid_at")
            rows.append(
                (*(_code(fields[n]) if n in fields else "" for n in names), _code(case["id"]))
            )
    return _rows(("Subject", "Predicate", "Object", "valid_at", "Id"), rows)


def version_vectors() -> str:
    """Return versions by how they are read."""
    cases = _vectors("versions.json")
    rows = []
    for reading in ("accepted", "newer", "refused"):
        found = [_code(json.dumps(case["version"])) for case in cases if case["reading"] == reading]
        rows.append((reading, ", ".join(found)))
    return _rows(("Reading", "Values of `cogx_version`"), rows)


def codes_page() -> str:
    """Return spec/codes.md."""
    errors = sum(code.severity is Severity.ERROR for code in CODES.values())
    head = (
        "# Problem codes\n\n"
        "<!-- Made by spec/generate.py from cogx/problems.py: change it there. -->\n\n"
        f"{len(CODES)} codes: {errors} errors, {len(CODES) - errors} warnings. A code never"
        " changes its meaning, and a retired one stays listed.\n\n"
        "An *error* means loss, damage or two readings: nothing is unpacked or imported."
        " A *warning* is kept exactly and reported, and is an error under `--strict`."
        " Where *lenient* says something, `--lenient CODE` lets the error pass: it is reported and"
        " counted, and what the column says is done"
        " ([format.md](format.md#lenient)).\n"
    )
    parts = [head]
    for family in dict.fromkeys(name.partition(".")[0] for name in CODES):
        rows = [
            (
                f'<a id="{_slug(code.name)}"></a>`{code.name}`',
                str(code.severity),
                f"[{code.clause}](format.md#{code.clause})",
                code.title,
                code.remedy,
                code.lenient or "-",
            )
            for code in CODES.values()
            if code.name.startswith(f"{family}.")
        ]
        columns = ("Code", "Severity", "Clause", "What is wrong", "What to do", "Lenient")
        parts.append(f"\n## {family}\n\n" + _rows(columns, rows))
    return "".join(parts)


_TABLES: Final[dict[str, Callable[[], str]]] = {
    "members": members_table,
    "limits": limits_table,
    "lenient": lenient_table,
    "vectors.canonical": canonical_vectors,
    "vectors.fingerprint": fingerprint_vectors,
    "vectors.timestamps": timestamp_vectors,
    "vectors.identity": identity_vectors,
    "vectors.folded": folded_vectors,
    "vectors.nodes": node_vectors,
    "vectors.facts": fact_vectors,
    "vectors.versions": version_vectors,
}


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check name those that are out of step."""
    stale = [
        path
        for path, text in pages().items()
        if not path.is_file() or path.read_text("utf-8") != text
    ]
    if arguments == ["--check"]:
        for path in stale:
            sys.stdout.write(f"spec/{path.relative_to(SPEC)} is out of step: make spec\n")
        return 1 if stale else 0
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
