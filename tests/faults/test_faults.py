"""Nothing is ever half done: cogx is killed, stopped and let down by the disk, call by call.

`make faults` tries every point; with SAMPLE=1 a few of each sweep, the last among them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.conftest import ROW
from tests.faults.scenarios import SCENARIOS, UNSAFE, Scenario
from tests.faults.sweep import FAULTS, Outcome, Sweep, chosen


def _each(scenarios: tuple[Scenario, ...]) -> list[Any]:
    """Return the scenarios as parameters; one process takes all that is asked of one."""
    return [
        pytest.param(one, id=one.name, marks=pytest.mark.xdist_group(one.name)) for one in scenarios
    ]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("scenario", _each(SCENARIOS))
def test_whatever_fails_and_where_it_is_as_before_or_done_and_can_be_repeated(
    scenario: Scenario,
    fault: str,
    sweep_of: Callable[[Scenario], Sweep],
    sample: bool,
    request: pytest.FixtureRequest,
) -> None:
    sweep = sweep_of(scenario)
    outcome = sweep.run(fault, chosen(sweep.points, fault, scenario, sample=sample))
    request.node.user_properties.append((ROW, _row(scenario, fault, outcome)))
    assert not outcome.failures, _shown(outcome)
    # Threads of a database may share the work out in another way, and one point be missed.
    assert 0 < outcome.points * 9 // 10 <= outcome.tried
    if fault == "kill" or not sample:
        assert {"old", "new"} <= {state.split()[0] for state in outcome.states}, outcome.states


@pytest.mark.parametrize("scenario", _each(UNSAFE))
def test_a_cogx_made_unsafe_on_purpose_is_caught(
    scenario: Scenario, sweep_of: Callable[[Scenario], Sweep]
) -> None:
    sweep = sweep_of(scenario)
    outcome = sweep.run("kill", chosen(sweep.points, "kill", scenario, sample=True))
    assert any("neither old nor new" in failure for failure in outcome.failures), outcome


def _row(scenario: Scenario, fault: str, outcome: Outcome) -> tuple[str, ...]:
    by_end = Counter[str]()
    for state, times in outcome.states.items():
        by_end[state.split()[0]] += times
    return (
        scenario.name,
        fault,
        str(outcome.tried),
        ", ".join(f"{call} {times}" for call, times in sorted(outcome.calls.items())),
        str(by_end["old"]),
        str(by_end["new"]),
        ", ".join(f"{code}: {times}" for code, times in sorted(outcome.codes.items())),
        f"{len(outcome.failures)} FAULTY" if outcome.failures else "all fine",
    )


def _shown(outcome: Outcome) -> str:
    return "\n".join([f"{len(outcome.failures)} things are wrong:", *outcome.failures[:20]])
