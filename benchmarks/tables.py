"""Makes the tables of benchmarks/README.md out of the figures of one run."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence

Figures = dict[str, float]
Found = Mapping[str, Sequence[Figures]]
"""By the name of a stage: what each of its turns took."""

COPY = "copy one table"
"""What stores are measured by: Ladybug's own COPY of the same rows, all facts in one table."""
KINDS = ("ladybug", "sqlite", "networkx")

AGAINST_COGNEE = (
    # what, our stage, cognee's stages, goal
    ("write", "write", ("write_cogx", "pack_archive"), 8),
    ("read", "read", ("unpack_archive", "read_archive"), 8),
    ("validate", "validate", ("unpack_archive", "read_archive"), 4),
    ("import into Ladybug, the work", "small ladybug import", ("small cognee import",), 100),
    ("… the whole process", "small ladybug process", ("small cognee process",), None),
    ("… cognee without embeddings", "small ladybug import", ("small cognee graph only",), None),
    ("import into SQLite, the work", "small sqlite import", ("small cognee import",), None),
)
AGAINST_COPY = (
    ("bare COPY, facts in one table", COPY, None),
    ("bare COPY, a table per predicate", "copy our tables", None),
    ("our writer, ready nodes and edges", "ladybug rows", 0.5),
    ("import without the check", "ladybug load", None),
    ("import", "ladybug import", None),
)
STEPS = (
    ("import without the check", "load"),
    ("import", "import"),
    ("export", "export"),
    ("import of the same again", "again"),
    ("import of a half-new archive", "merge"),
)


def median(found: Found, names: Iterable[str], figure: str) -> float | None:
    """Sum the medians of stages (of peaks: the largest); None if one was not run, or refused."""
    values = [[f[figure] for f in found.get(name, ()) if figure in f] for name in names]
    if not values or not all(values):
        return None
    pick = max if figure == "peak_rss_mib" else sum
    return pick(statistics.median(one) for one in values)


def ratio(found: Found, above: Iterable[str], below: str, figure: str = "cpu_s") -> float | None:
    """Return how many times the figure of one stage that of others is; None if not measured."""
    dividend, divisor = median(found, above, figure), median(found, (below,), figure)
    return None if dividend is None or not divisor else dividend / divisor


def against_cognee(found: Found) -> str:
    """Return the table of what cognee does, too."""
    rows = []
    for what, ours, theirs, goal in AGAINST_COGNEE:
        if found.get(ours):
            rows.append(
                (
                    what,
                    _number(median(found, (ours,), "cpu_s")),
                    _number(median(found, theirs, "cpu_s")),
                    _times(ratio(found, theirs, ours)),
                    _times(ratio(found, theirs, ours, "wall_s")),
                    f"{goal}x" if goal else "",
                    _number(median(found, (ours,), "peak_rss_mib"), 0),
                )
            )
    return table(
        (
            "stage",
            "cogx cpu s",
            "cognee cpu s",
            "cpu ratio",
            "wall ratio",
            "goal",
            "cogx peak MiB",
        ),
        rows,
    )


def against_copy(found: Found) -> str:
    """Return the table of how quick a load into Ladybug is."""
    rows = []
    for what, name, goal in AGAINST_COPY:
        cpu, own = ratio(found, (name,), COPY), ratio(found, (name,), "copy our tables")
        rows.append(
            (
                what,
                _times(cpu),
                f"{1 / cpu:.2f}" if cpu else "",
                f"{1 / own:.2f}" if own else "",
                f"{goal}" if goal else "",
            )
        )
    headings = ("Ladybug", "cpu", "speed by one table", "speed by our tables", "goal")
    return table(headings, rows)


def of_stores(found: Found) -> str:
    """Return the table of what every step costs in every store."""
    rows = []
    for what, step in STEPS:
        cells = [what]
        for kind in KINDS:
            cells.append(_times(ratio(found, (f"{kind} {step}",), COPY)))
        for kind in KINDS:
            cells.append(_number(median(found, (f"{kind} {step}",), "peak_rss_mib"), 0))
        rows.append(cells)
        if step == "import":
            checks = [_check(found, kind) for kind in KINDS]
            rows.append(["… of which the check", *checks, "", "", ""])
    peaks = [f"{kind} peak MiB" for kind in KINDS]
    return table(("step", *KINDS, *peaks), rows)


def _check(found: Found, kind: str) -> str:
    whole = ratio(found, (f"{kind} import",), COPY)
    bare = ratio(found, (f"{kind} load",), COPY)
    return "" if whole is None or bare is None else _times(whole - bare)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as Markdown, its first column of words, the others of figures."""
    lines = ["| " + " | ".join(headings) + " |", "|---" + "|---:" * (len(headings) - 1) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def _number(value: float | None, places: int = 2) -> str:
    return "" if value is None else f"{value:.{places}f}"


def _times(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}x" if value < 100 else f"{value:.0f}x"
