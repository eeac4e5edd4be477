import type { AlertRule } from "@timeloom/client";
import { describe, expect, it } from "vitest";
import { draftOf, NEW_DRAFT, problemsOf, ruleOf } from "./draft";

const rule: AlertRule = {
  ...ruleOf({ ...NEW_DRAFT, name: "Many errors" }),
  id: "1",
  description: "",
  enabled: true,
  threshold: 0.07,
  recoveryThreshold: 0.05,
  groupBy: ["user_id"],
  forSeconds: 60,
  eventCountMin: 0,
  severity: "ERROR",
  actions: [
    { webhook: { url: "https://example.org/hook", secret: "", hasSecret: true } },
    { event: { name: "budget.exceeded" } },
  ],
  checkError: "",
  etag: "e",
} as unknown as AlertRule;

describe("a form", () => {
  it("has shares as percents, exactly", () => {
    const draft = draftOf(rule);
    expect([draft.threshold, draft.recovery]).toEqual([7, 5]);
    expect([ruleOf(draft).threshold, ruleOf(draft).recoveryThreshold]).toEqual([0.07, 0.05]);
  });

  it("has other numbers as they are", () => {
    const draft = draftOf({ ...rule, metric: "COST", threshold: 12.5 });
    expect([draft.threshold, ruleOf(draft).threshold]).toEqual([12.5, 12.5]);
    expect(draftOf({ ...rule, metric: "COST", comparison: "RISES_BY", threshold: 0.5 }).threshold).toBe(50);
  });

  it("says the same rule again, and keeps secrets that it does not know", () => {
    const said = ruleOf(draftOf(rule));
    expect(said.actions).toEqual([
      { webhook: { url: "https://example.org/hook", secret: "", hasSecret: true } },
      { event: { name: "budget.exceeded" } },
    ]);
    expect([said.groupBy, said.forSeconds, said.severity, said.eventCountMin]).toEqual([
      ["user_id"],
      60,
      "ERROR",
      0,
    ]);
  });

  it("leaves out of the filter what asks for nothing", () => {
    const filter = { kinds: [], models: ["gpt-4o"], sessionId: "" };
    expect(ruleOf({ ...NEW_DRAFT, filter }).filter).toEqual({ models: ["gpt-4o"] });
  });
});

describe("what is wrong", () => {
  it("is told at its field", () => {
    const actions = [
      { key: 1, kind: "webhook", target: "example.org", secret: "", hasSecret: false },
      { key: 2, kind: "event", target: " ", secret: "", hasSecret: false },
    ] as const;
    expect(problemsOf({ ...NEW_DRAFT, threshold: "", actions })).toEqual({
      name: "must not be empty",
      threshold: "must be a number",
      "actions[0].webhook.url": "must begin with https:// or http://",
      "actions[1].event.name": "must not be empty",
    });
  });

  it("is a recovery on the wrong side of the threshold", () => {
    const named = { ...NEW_DRAFT, name: "a" };
    expect(Object.keys(problemsOf({ ...named, recovery: 6 }))).toEqual(["recoveryThreshold"]);
    expect(Object.keys(problemsOf({ ...named, comparison: "BELOW", recovery: 4 }))).toEqual([
      "recoveryThreshold",
    ]);
    expect(problemsOf({ ...named, recovery: 4 })).toEqual({});
  });
});
