"""A reader's core of COGX 0.1 in plain Python, written from spec/format.md and nothing else.

It imports no part of cogx: it shows that the words are enough, and gives the vectors that
cogx is tested with. It checks only what the vectors need and takes no care of speed.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
import uuid
from datetime import date
from decimal import Decimal
from typing import Any

# --- canonical JSON (format.md#canonical-json) -------------------------------------------------

SHORT_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}


class Refused(ValueError):
    """What the specification refuses; the text is the problem's code."""


def canonical(value: Any) -> str:
    """Return the canonical JSON text of a plain JSON value."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, str):
        return '"' + "".join(map(escaped, value)) + '"'
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    # Python compares texts by code point, which is the order asked for.
    items = [canonical(key) + ":" + canonical(value[key]) for key in sorted(value)]
    return "{" + ",".join(items) + "}"


def escaped(character: str) -> str:
    """Return a character as it stands inside a canonical string."""
    if "\ud800" <= character <= "\udfff":
        raise Refused("json.lone-surrogate")
    if character in SHORT_ESCAPES:
        return SHORT_ESCAPES[character]
    return f"\\u{ord(character):04x}" if character < " " else character


def float_text(number: float) -> str:
    """Return the shortest digits that read back, laid out as the rule says."""
    if not math.isfinite(number):
        raise Refused("json.number")
    sign = "-" if math.copysign(1.0, number) < 0 else ""
    # repr() gives the shortest digits; only their layout is ours.
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0") or "0"
    if number == 0:
        return sign + "0.0"
    if -4 <= point <= 16:  # 1e-5 <= |x| < 1e16
        if point <= 0:
            return f"{sign}0.{'0' * -point}{digits}"
        return f"{sign}{digits[:point].ljust(point, '0')}.{digits[point:] or '0'}"
    tail = "." + digits[1:] if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{point - 1}"


# --- lines and numbers (#lines, #numbers) ------------------------------------------------------


def parse_object(text: str) -> dict[str, Any]:
    """Return the object on a line; NaN and Infinity are read, as cognee can write them."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise Refused("json.duplicate-key")
        return dict(pairs)

    def number(digits: str) -> float:
        if math.isinf(value := float(digits)):
            raise Refused("json.number")
        return value

    try:
        value = json.loads(text, object_pairs_hook=unique, parse_float=number)
    except json.JSONDecodeError as error:
        raise Refused("json.malformed") from error
    if not isinstance(value, dict):
        raise Refused("json.malformed")
    return value


# --- timestamps (#timestamps) ------------------------------------------------------------------

ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,30}))?)?"
    r"(?: ?(?:([Zz])|([+-])([0-9]{2})(?::?([0-9]{2}))?))?)?"
)
DECIMAL_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
LARGEST_SECONDS = 20_000_000_000
MICROSECONDS = 1_000_000
DAY = 86_400 * MICROSECONDS
DAYS_TO_1970 = date(1970, 1, 1).toordinal()
FIRST = (1 - DAYS_TO_1970) * DAY
LAST = (date(9999, 12, 31).toordinal() - DAYS_TO_1970 + 1) * DAY


def timestamp(value: str | int | float) -> tuple[str, list[str]]:
    """Return the output form of a record's timestamp and the codes of its warnings."""
    if isinstance(value, str) and (match := ISO.fullmatch(value)):
        return iso_timestamp(match)
    if isinstance(value, str):
        if not DECIMAL_NUMBER.fullmatch(value):
            raise Refused("time.unreadable")
        value = float(value) if "." in value else int(value)
    while abs(value) > LARGEST_SECONDS:
        value = value / 1000
    whole = math.trunc(value)
    # round() takes the even neighbour of a tie, as the rule does.
    return output_form(whole * MICROSECONDS + round((value - whole) * 1e6)), ["time.numeric"]


def iso_timestamp(match: re.Match[str]) -> tuple[str, list[str]]:
    """Return the same for a text of the ISO form."""
    year, month, day, hour, minute, second, fraction, zulu, sign, off_h, off_m = match.groups("")
    clock = [int(part or 0) for part in (hour, minute, second)]
    shift = int(off_h or 0) * 60 + int(off_m or 0)
    try:
        days = date(int(year), int(month), int(day)).toordinal() - DAYS_TO_1970
    except ValueError as error:
        raise Refused("time.unreadable") from error
    if clock[0] > 23 or clock[1] > 59 or clock[2] > 59 or int(off_m or 0) > 59 or shift >= 24 * 60:
        raise Refused("time.unreadable")
    warnings = ["time.precision"] if fraction[6:].strip("0") else []
    if not zulu and not sign:
        warnings.append("time.naive")
    seconds = clock[0] * 3600 + clock[1] * 60 + clock[2] - (-shift if sign == "-" else shift) * 60
    micro = int(fraction[:6].ljust(6, "0")) if fraction else 0
    return output_form(days * DAY + seconds * MICROSECONDS + micro), warnings


def output_form(instant: int) -> str:
    """Return the text of an instant given in microseconds since 1970."""
    if not FIRST <= instant < LAST:
        raise Refused("time.unreadable")
    days, rest = divmod(instant, DAY)
    seconds, micro = divmod(rest, MICROSECONDS)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    fraction = f".{micro:06}" if micro else ""
    return f"{date.fromordinal(days + DAYS_TO_1970).isoformat()}T{clock}{fraction}Z"


# --- typed values (#typed-values, #value-types) ------------------------------------------------

TAG = "$cogx"
DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?"
OFFSET = r"[+-][0-9]{2}:[0-9]{2}(:[0-9]{2})?"
GRAMMAR = {
    "datetime": f"{DATE}T{CLOCK}(Z|{OFFSET})?",
    "date": DATE,
    "time": f"{CLOCK}(Z|{OFFSET})?",
    "duration": r"-?P[0-9]{1,9}DT[0-9]{1,5}(\.[0-9]{6})?S",
    "bytes": r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",
    "decimal": r"-?[0-9]+(\.[0-9]+)?(E[+-][0-9]+)?|NaN|-?Infinity",
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "float": r"NaN|-?Infinity",
    "string": r"(.|\n)*",
}


def is_text_of(tag: str, text: Any) -> bool:  # noqa: PLR0911 - one return a tag
    """Tell whether a tag allows a text."""
    if not isinstance(text, str) or not re.fullmatch(GRAMMAR[tag], text):
        return False
    if re.search(r"[.]000000|[+-]00:00(:00)?$", text) and tag in ("datetime", "time", "duration"):
        return False  # a fraction of 0 is left out, and offset 0 is Z
    if tag == "duration":
        days, seconds = re.findall(r"[0-9]+", text)[:2]
        plain = str(int(days)) == days and str(int(seconds)) == seconds
        return plain and int(seconds) < 86_400 and text != "-P0DT0S"
    if tag == "decimal":
        return str(Decimal(text)) == text
    if tag in ("date", "datetime"):
        try:
            date.fromisoformat(text[:10])
        except ValueError:
            return False
    if tag in ("time", "datetime"):
        # The clock itself, then the offset if there is one; fractions stand in neither.
        parts = re.findall(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?", text)
        return all(int(h) < 24 and int(m) < 60 and int(s or 0) < 60 for h, m, s in parts)
    return True


def inline(value: Any, *, typed: bool) -> Any:
    """Return a free-form value with NaN tagged; in untyped archives ``$cogx`` is wrapped."""
    if isinstance(value, float) and not math.isfinite(value):
        text = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return {TAG: "float", "value": text}
    if isinstance(value, list):
        return [inline(item, typed=typed) for item in value]
    if not isinstance(value, dict):
        return value
    if typed and TAG in value:
        return checked(value)
    inside = {key: inline(item, typed=typed) for key, item in value.items()}
    return {TAG: "object", "value": inside} if TAG in inside else inside


def checked(value: dict[str, Any]) -> dict[str, Any]:
    """Return a tagged value as it stands; a known tag must have a text that it allows."""
    tag, inside = value[TAG], value.get("value")
    if tag == "object":
        if len(value) != 2 or not isinstance(inside, dict):
            raise Refused("typed.value")
        return {TAG: tag, "value": {key: inline(item, typed=True) for key, item in inside.items()}}
    if isinstance(tag, str) and tag in GRAMMAR:
        if len(value) != 2 or not is_text_of(tag, inside):
            raise Refused("typed.value")
        return value
    return {key: without_nan(item) for key, item in value.items()}


def without_nan(value: Any) -> Any:
    """Return a value with NaN and Infinity tagged and nothing else looked at."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    return inline(value, typed=True)


def expanded(value: Any, declared: str | None) -> Any:
    """Return the value of a declared property as it would stand inline."""
    if declared is None:
        return value
    if isinstance(value, str):
        if not is_text_of(declared, value):
            raise Refused("typed.value")
        return {TAG: declared, "value": value}
    if isinstance(value, dict) and set(value) == {TAG, "value"} and value[TAG] == "string":
        return value["value"]
    return value


# --- records and fingerprints (#records, #canonical-json, #fingerprint) ------------------------

COMMON = {
    "kind": "text",
    "external_system": "text",
    "external_id": "text",
    "scope": "scope",
    "created_at": "time",
    "updated_at": "time",
    "metadata": "object",
}
FIELDS = {
    "document": {"content": "text", "title": "text", "mime_type": "text"},
    "episode": {"turns": "turns", "title": "text"},
    "entity": {
        "name": "text",
        "entity_type": "text",
        "description": "text",
        "aliases": "list",
        "attributes": "object",
    },
    "fact": {
        "subject_ref": "text",
        "predicate": "text",
        "object_ref": "text",
        "fact_text": "text",
        "valid_at": "time",
        "invalid_at": "time",
        "confidence": "float",
        "provenance": "list",
    },
    "memory": {"content": "text", "categories": "list"},
    "memory_block": {"label": "text", "value": "text", "limit": "integer"},
}
TURN = {"role": "text", "content": "text", "occurred_at": "time"}
KIND_OF_MEMBER = {
    "nodes.jsonl": "raw_node",
    "entities.jsonl": "entity",
    "documents.jsonl": "document",
    "episodes.jsonl": "episode",
    "memories.jsonl": "memory",
    "memory_blocks.jsonl": "memory_block",
    "facts.jsonl": "fact",
}
GRAPH = ("raw_node", "entity", "fact")
PROPERTIES = {
    "raw_node": ("properties", "type"),
    "entity": ("attributes", "entity_type"),
    "fact": ("metadata", "predicate"),
}


def canonical_record(kind: str, line: str, *, typed: bool, declared: list[dict[str, str]]) -> str:
    """Return the text that is hashed for one line of a member that holds ``kind``."""
    fields = parse_object(line)
    tags = tags_for(kind, fields, declared)
    if kind == "raw_node":
        if not isinstance(fields.get("id"), str) or not fields["id"]:
            raise Refused("raw_node.id")
        whole = {
            key: expanded(inline(value, typed=typed), tags.get(key))
            for key, value in fields.items()
        }
        return canonical({"kind": "raw_node", "properties": whole})
    fields = {"kind": kind, "external_system": "unknown"} | fields
    if kind in PROPERTIES and tags:
        name = PROPERTIES[kind][0]
        fields[name] = {
            key: expanded(value, tags.get(key)) for key, value in (fields.get(name) or {}).items()
        }
    return canonical(typed_fields(fields, COMMON | FIELDS[kind], typed=typed))


def tags_for(kind: str, fields: dict[str, Any], declared: list[dict[str, str]]) -> dict[str, str]:
    """Return property -> tag of the declarations that concern a record."""
    type_field = PROPERTIES.get(kind, ("", ""))[1]
    own = fields.get(type_field)
    own = own if isinstance(own, str) else ""
    return {
        one["key"]: one["value_type"]
        for one in declared
        if (one["kind"], one["type"]) == (kind, own)
    }


def typed_fields(fields: dict[str, Any], known: dict[str, str], *, typed: bool) -> dict[str, Any]:
    """Return fields as canonical JSON has them: null and empty left out where COGX defines them."""
    kept: dict[str, Any] = {}
    for name, value in fields.items():
        sort = known.get(name)
        if sort is None:
            kept[name] = inline(value, typed=typed)
            continue
        if sort == "scope":
            value = {key: item for key, item in (value or {}).items() if item is not None}
        if value in (None, {}, []):
            continue
        if sort == "time":
            value = timestamp(value)[0]
        elif sort == "float":
            value = float(value)
        elif sort == "turns":
            value = [typed_fields(turn, TURN, typed=typed) for turn in value]
        elif sort in ("object", "scope"):
            value = {key: inline(item, typed=typed) for key, item in value.items()}
        kept[name] = value
    return kept


def fingerprint(hashed: dict[str, list[str]]) -> dict[str, str]:
    """Return both sums of an archive given as kind -> hashed texts."""
    sums = {"graph": 0, "content": 0}
    for kind, texts in hashed.items():
        for text in texts:
            digest = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
            sums["graph" if kind in GRAPH else "content"] += digest
    return {name: f"{total % (1 << 256):064x}" for name, total in sums.items()}


# --- identities and versions (#identity, #versions) --------------------------------------------


def normalised(name: str) -> str:
    """Return cognee's form of a name."""
    return name.lower().replace(" ", "_").replace("'", "")


def named_uuid(text: str) -> str:
    """Return the version 5 UUID of a text in the OID namespace."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, text))


APOSTROPHES = {
    0x27, 0x60, 0xB4, 0x2B9, 0x2BB, 0x2BC, 0x2BD, 0x2C8, 0x2018, 0x2019, 0x201B, 0x2032, 0x2035,
    0xFF07,
}  # fmt: skip
WHITE_SPACE = {
    *range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F,
    0x205F, 0x3000,
}  # fmt: skip


def folded(name: str) -> str:
    """Return a name in the form of the folded rule."""
    text = without_apostrophes(name)
    for form, fold in (("NFD", True), ("NFKD", True), ("NFKD", False), ("NFC", False)):
        text = unicodedata.normalize(form, text)
        text = text.casefold() if fold else text
    return single_spaced(without_apostrophes(text)) or name


def folded_id(name: str, entity_type: str | None) -> str:
    """Return the id of an entity under the folded rule."""
    kind = single_spaced(entity_type or "")
    return named_uuid("cogx-entity:" + (folded(kind) if kind else "") + chr(10) + folded(name))


def without_apostrophes(text: str) -> str:
    """Return a text without apostrophes of any sort."""
    return "".join(character for character in text if ord(character) not in APOSTROPHES)


def single_spaced(text: str) -> str:
    """Return a text with one space for each run of white space, and none at its ends."""
    spaced = "".join(" " if ord(character) in WHITE_SPACE else character for character in text)
    return " ".join(part for part in spaced.split(" ") if part)


def profile_id(system: str, identity: str) -> str:
    """Return the UUID of a node in the cognee profile."""
    hexadecimal = "0123456789abcdef"
    parts = identity.split("-")
    is_uuid = [len(part) for part in parts] == [8, 4, 4, 4, 12] and all(
        digit in hexadecimal for part in parts for digit in part
    )
    return identity if is_uuid else named_uuid(f"cogx-node:{system}:{identity}")


def fact_id(subject: str, predicate: str, target: str, content: str | None = None) -> str:
    """Return the id of an edge that has none; ``content`` is given for parallel ones."""
    text = f"{subject}:{predicate}:{target}"
    return (
        text if content is None else f"{text}#{hashlib.sha256(content.encode()).hexdigest()[:16]}"
    )


def version_reading(version: Any) -> str:
    """Return accepted, newer or refused."""
    match = re.fullmatch(r"0\.([1-9][0-9]{0,8})", version) if isinstance(version, str) else None
    if match is None:
        return "refused"
    return "accepted" if match[1] == "1" else "newer"
