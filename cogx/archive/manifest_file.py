"""Knows how a manifest's bytes become a Manifest and back, naming what is wrong; opens nothing."""

from __future__ import annotations

import json
import math
from typing import Any

from pydantic import ValidationError

from cogx.archive.value_types import is_declarable
from cogx.codec.strict_json import nesting_depth
from cogx.errors import UnsupportedVersion
from cogx.format.layout import MANIFEST
from cogx.format.manifest import EXTENSION, Extension, Manifest
from cogx.format.version import is_newer, parse_version
from cogx.limits import Limits
from cogx.problems import Problem


def read_manifest(
    text: bytes, limits: Limits | None = None
) -> tuple[Manifest | None, list[Problem]]:
    """Return the manifest, or None if it cannot be used, and every problem found in it."""
    found: list[Problem] = []

    def report(code: str, message: str, field: str | None = None) -> None:
        found.append(Problem(code, message, MANIFEST, None, field))

    plain = _parse(text, limits or Limits(), report)
    if plain is None:
        return None, found
    version = plain.get("cogx_version", "0.1")
    try:
        if is_newer(parse_version(version)):
            report("manifest.version-newer", f"version {version}", "cogx_version")
    except UnsupportedVersion as error:
        report("manifest.version", str(error.context["found"]), "cogx_version")
        return None, found
    for key in plain.keys() - set(Manifest.model_fields):
        report("manifest.unknown-field", "not a key of COGX", key)
    extension = _extension(plain.pop(EXTENSION, None), report)
    try:
        manifest = Manifest.model_validate(plain)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            report("manifest.field", detail["msg"], ".".join(map(str, detail["loc"])))
        return None, found
    if not manifest.counts and extension is None:
        report("manifest.no-counts", "nothing is counted")
    manifest.cogx = extension
    return manifest, found


def write_manifest(manifest: Manifest) -> bytes:
    """Return the manifest's bytes: indented by two, keys in the models' order, LF at the end."""
    return json.dumps(manifest.to_json(), indent=2, ensure_ascii=False).encode() + b"\n"


def _parse(text: bytes, limits: Limits, report: Any) -> dict[str, Any] | None:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            raise ValueError("one key twice in an object")
        return value

    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is not JSON")

    def number(digits: str) -> float:
        value = float(digits)
        if sum(map(str.isdigit, digits)) > limits.digits or math.isinf(value):
            raise ValueError("a number no reader can keep")
        return int(digits) if digits.lstrip("-").isdigit() else value

    if nesting_depth(text) > limits.depth:
        report("manifest.unreadable", f"nested deeper than {limits.depth}")
        return None
    try:
        plain = json.loads(
            text.decode("utf-8"),
            object_pairs_hook=unique,
            parse_constant=refuse,
            parse_int=number,
            parse_float=number,
        )
        json.dumps(plain, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        report("manifest.unreadable", "half of a surrogate pair")
        return None
    except (ValueError, RecursionError) as error:
        report("manifest.unreadable", _reason(error))
        return None
    if not isinstance(plain, dict):
        report("manifest.unreadable", "not a JSON object")
        return None
    return plain


def _reason(error: Exception) -> str:
    """Say what is wrong without repeating the text: it may come from anywhere."""
    match error:
        case UnicodeDecodeError():
            return f"not UTF-8 at byte {error.start}"
        case json.JSONDecodeError():
            return f"{error.msg} at line {error.lineno}"
        case RecursionError():
            return "nested too deeply"
        case _:
            return str(error)[:80]


def _extension(plain: Any, report: Any) -> Extension | None:
    if plain is None:
        return None
    try:
        extension = Extension.model_validate(plain)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            place = ".".join((EXTENSION, *map(str, detail["loc"])))
            report("manifest.extension", detail["msg"], place)
        return None
    seen: set[tuple[str, str, str]] = set()
    for number, one in enumerate(extension.value_types):
        place = f"{EXTENSION}.value_types.{number}"
        if not is_declarable(one):
            report("manifest.extension", "not a declaration that the format allows", place)
        if (one.kind, one.type, one.key) in seen:
            report("manifest.extension", "declared a second time", place)
        seen.add((one.kind, one.type, one.key))
    return extension
