"""What is wrong with lists of steps: their ids, what they need, and what follows from that.

What is wrong with each of them by itself is `single_step`'s to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from timeloom_workflows.definitions.document import Place
from timeloom_workflows.definitions.expressions import RESERVED_WORDS, literal_truth
from timeloom_workflows.definitions.findings import CONTRADICTION, Findings, suggestion
from timeloom_workflows.definitions.graph import ancestors, cycles_of
from timeloom_workflows.definitions.kinds import list_of, object_of, text_of
from timeloom_workflows.definitions.single_step import (
    TOO_DEEP,
    UNKNOWN_STEP,
    UNREACHABLE,
    Json,
    Scope,
    SingleStep,
)
from timeloom_workflows.limits import STEP_ID_LENGTH_MAX

CYCLE: Final = "CYCLE"


class StepChecker:
    """Looks through the steps of one definition."""

    def __init__(self, findings: Findings, workflow_id: str, all_ids: frozenset[str]) -> None:
        self._findings = findings
        self._workflow_id = workflow_id
        self._all_ids = all_ids

    def check_list(self, value: Any, place: Place, scope: Scope) -> frozenset[str]:
        """Looks through a list of steps, and returns the ids in it."""
        found = ((index, object_of(each)) for index, each in enumerate(list_of(value)))
        steps = [(index, step) for index, step in found if step is not None]
        by_id: dict[str, Json] = {}
        for index, step in steps:
            self._check_id(step, (*place, index), scope, by_id)
        edges = self._edges(steps, place, by_id)
        self._check_cycles(steps, place, edges)
        ids = frozenset(by_id)
        for index, step in steps:
            own_id = text_of(step, "id")
            before = scope.before | (ancestors(edges, own_id) - {own_id})
            checker = SingleStep(
                self,
                self._findings,
                step=step,
                place=(*place, index),
                scope=scope,
                before=frozenset(before),
                known=ids | scope.around,
            )
            checker.check()
        return ids

    def unknown_step(self, step_id: str, known: frozenset[str]) -> str:
        """Returns what to say about a step that is named where it cannot be."""
        if step_id in self._all_ids and step_id not in known:
            return f"names the step `{step_id}`, which is within another one: only that one's output is seen"
        return f"names the step `{step_id}`, which does not exist{suggestion(step_id, known)}"

    def is_endless(self, step: Json, scope: Scope) -> bool:
        """Tells whether a step begins this very workflow again, whatever happens."""
        return (
            step.get("workflow") == self._workflow_id != "" and "if" not in step and not scope.is_conditional
        )

    def _check_id(self, step: Json, place: Place, scope: Scope, by_id: dict[str, Json]) -> None:
        own_id = text_of(step, "id")
        add = self._findings.add
        if not own_id:
            return
        if own_id in RESERVED_WORDS:
            add((*place, "id"), "RESERVED_ID", "is a word of the language of expressions", step_id=own_id)
        if own_id in by_id:
            add((*place, "id"), "DUPLICATE_ID", f"`{own_id}` is another step of this list", step_id=own_id)
        elif own_id in scope.around:
            add(
                (*place, "id"),
                "DUPLICATE_ID",
                f"`{own_id}` is a step around this one: expressions could not tell them apart",
                step_id=own_id,
            )
        if scope.id_length + len(own_id) + len(".compensate") > STEP_ID_LENGTH_MAX:
            add(
                (*place, "id"),
                TOO_DEEP,
                f"would have an id of more than {STEP_ID_LENGTH_MAX} characters in executions: shorten the "
                "ids of the steps around it",
                step_id=own_id,
            )
        by_id.setdefault(own_id, step)

    def _edges(
        self, steps: list[tuple[int, Json]], place: Place, by_id: Mapping[str, Json]
    ) -> dict[str, list[str]]:
        """Returns what each step needs, and tells of needs that cannot be met."""
        fallbacks = self._fallbacks(steps, place, by_id)
        edges: dict[str, list[str]] = {}
        previous: list[str] = []
        for index, step in steps:
            own_id = text_of(step, "id")
            if own_id in edges:
                continue
            if own_id in fallbacks:
                edges[own_id] = fallbacks[own_id]
                if "needs" in step:
                    self._findings.add(
                        (*place, index, "needs"),
                        CONTRADICTION,
                        f"`{own_id}` runs in place of `{fallbacks[own_id][0]}` alone: leave `needs` out",
                        step_id=own_id,
                    )
                continue
            if "needs" in step:
                edges[own_id] = list(self._needs(step, (*place, index, "needs"), by_id, fallbacks))
            else:
                edges[own_id] = previous
            previous = [own_id]
        return edges

    def _needs(
        self, step: Json, place: Place, by_id: Mapping[str, Json], fallbacks: Mapping[str, list[str]]
    ) -> Iterator[str]:
        own_id = text_of(step, "id")
        for number, need in enumerate(list_of(step.get("needs"))):
            if not isinstance(need, str):
                continue
            where = (*place, number)
            if need in fallbacks:
                instead = fallbacks[need][0]
                self._findings.add(
                    where,
                    CONTRADICTION,
                    f"`{need}` runs only in place of `{instead}`: need `{instead}`",
                    step_id=own_id,
                )
            elif need in by_id:
                yield need
            elif need in self._all_ids:
                self._findings.add(
                    where,
                    "NEEDS_ACROSS_LISTS",
                    f"`{need}` is in another list of steps: need a step of this list",
                    step_id=own_id,
                )
            else:
                self._findings.add(
                    where,
                    UNKNOWN_STEP,
                    f"names the step `{need}`, which does not exist{suggestion(need, by_id)}",
                    step_id=own_id,
                )

    def _fallbacks(
        self, steps: list[tuple[int, Json]], place: Place, by_id: Mapping[str, Json]
    ) -> dict[str, list[str]]:
        """Returns the steps that stand in for others, with those that they stand in for."""
        found: dict[str, list[str]] = {}
        for index, step in steps:
            other = (object_of(step.get("onError")) or {}).get("step")
            if not isinstance(other, str):
                continue
            own_id = text_of(step, "id")
            if other in by_id:
                found.setdefault(other, []).append(own_id)
            else:
                self._findings.add(
                    (*place, index, "onError", "step"),
                    "NEEDS_ACROSS_LISTS" if other in self._all_ids else UNKNOWN_STEP,
                    f"must be a step of this list; `{other}` is not{suggestion(other, by_id)}",
                    step_id=own_id,
                )
        for index, step in steps:
            own_id = text_of(step, "id")
            if own_id in found and all(self._is_never(by_id[each]) for each in found[own_id]):
                self._findings.add(
                    (*place, index),
                    UNREACHABLE,
                    f"stands in for `{found[own_id][0]}` alone, which never runs",
                    step_id=own_id,
                )
        return found

    def _is_never(self, step: Json) -> bool:
        return literal_truth(text_of(step, "if")) is False

    def _check_cycles(
        self, steps: list[tuple[int, Json]], place: Place, edges: Mapping[str, list[str]]
    ) -> None:
        indexes = {text_of(step, "id"): (index, step) for index, step in reversed(steps)}
        for cycle in cycles_of(edges):
            index, step = indexes[cycle[0]]
            words = " needs ".join(f"`{each}`" for each in cycle)
            implied = next((each for each in cycle if "needs" not in indexes[each][1]), None)
            hint = (
                f"; `{implied}` follows the step before it, because it has no `needs` of its own"
                if implied is not None and "onError" not in indexes[implied][1]
                else ""
            )
            self._findings.add(
                (*place, index, *(("needs",) if "needs" in step else ())),
                CYCLE,
                f"{words}: none of them can begin{hint}",
                step_id=cycle[0],
            )
