import { describe, expect, it } from "vitest";
import { conditionOfFacet, conditionsOf, filterNow, readRangeSearch, withCondition, without } from "./filter";

const NOW = Date.parse("2026-11-24T12:00:00Z");

describe("a filter in a URL", () => {
  it("is read; what is none is left out", () => {
    const search = {
      kinds: ["LLM", ""],
      statuses: "ERROR",
      sessionId: 42,
      durationMsMin: -1,
      durationMsMax: 250,
      rootsOnly: "true",
      range: "24h",
      colour: "red",
    };
    expect(readRangeSearch(search)).toEqual({
      kinds: ["LLM"],
      statuses: ["ERROR"],
      sessionId: "42",
      durationMsMax: 250,
    });
  });

  it("keeps a range of its own, and forgets one that is none", () => {
    expect(readRangeSearch({ range: "7d" })).toEqual({ range: "7d" });
    expect(readRangeSearch({ range: "soon" })).toEqual({});
  });
});

it("a filter is asked for over its range", () => {
  expect(filterNow({ models: ["gpt-4o"], range: "1h" }, NOW)).toEqual({
    models: ["gpt-4o"],
    startedAfter: "2026-11-24T11:00:00.000Z",
    startedBefore: "2026-11-24T12:00:00.000Z",
  });
});

describe("conditions", () => {
  const search = { kinds: ["LLM", "TOOL"], sessionId: "talk-7", durationMsMin: 100, range: "1h" };

  it("are listed in a steady order", () => {
    expect(conditionsOf(search).map((each) => `${each.field}=${each.value}`)).toEqual([
      "kinds=LLM",
      "kinds=TOOL",
      "sessionId=talk-7",
      "durationMsMin=100",
    ]);
  });

  it("are taken away one by one", () => {
    const first = without(search, { field: "kinds", value: "LLM" });
    expect(first).toEqual({ ...search, kinds: ["TOOL"] });
    expect(without(first, { field: "kinds", value: "TOOL" })).toEqual({
      sessionId: "talk-7",
      durationMsMin: 100,
      range: "1h",
    });
  });

  it("are added once; a field with one value takes the new one", () => {
    const added = withCondition(search, { field: "kinds", value: "LLM" });
    expect(added).toEqual(search);
    expect(withCondition(search, { field: "sessionId", value: "talk-8" }).sessionId).toBe("talk-8");
  });

  it("come from counted values, but not from those without one", () => {
    expect(conditionOfFacet("agent_id", "desk")).toEqual({ field: "agentIds", value: "desk" });
    expect(conditionOfFacet("agent_id", "")).toBeUndefined();
  });
});
