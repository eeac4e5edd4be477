import { expect, it } from "vitest";
import { heldBack, newestOf } from "./held";

const at = (receiveTime: string) => ({ receiveTime });
const events = [at("2026-11-24T10:00:02Z"), at("2026-11-24T10:00:01.5Z"), at("2026-11-24T10:00:01Z")];

it("the newest is what was committed last, whatever the order", () => {
  expect(newestOf([...events].reverse())).toBe("2026-11-24T10:00:02Z");
  expect(newestOf([])).toBe("");
});

it("what was committed after the bound waits", () => {
  expect(heldBack(events, "2026-11-24T10:00:01.5Z")).toEqual(events.slice(1));
  expect(heldBack(events, "2026-11-24T10:00:01Z")).toEqual(events.slice(2));
  expect(heldBack(events, "")).toEqual([]);
});

it("nothing waits without a bound", () => {
  expect(heldBack(events, undefined)).toBe(events);
});
