import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json, JsonObject } from "../../../ui/schema/schema";
import { isDrawable, listAt, placedOf, type Step, stepAt, withStepAt } from "./definition";
import { connect, disconnect, insertStep, removeStep, replaceStep, shiftStep } from "./editing";
import { definitionOf, graphOf } from "./graph";
import { HISTORY_MAX, historyOf, record, redo, undo } from "./history";
import { layoutOf } from "./layout";

const id = fc.stringMatching(/^[a-z][a-z0-9_]{0,6}$/);
const common = {
  needs: fc.array(id, { maxLength: 3 }),
  if: fc.constant("input.a > 1"),
  onError: fc.record({ strategy: fc.constant("fallback"), step: id }, { requiredKeys: ["strategy"] }),
};

const { step } = fc.letrec<{ step: Step; steps: Step[] }>((tie) => ({
  steps: fc.array(tie("step"), { maxLength: 3 }),
  step: fc.oneof(
    { depthSize: "xsmall", withCrossShrink: true },
    fc.record(
      { id, type: fc.constantFrom("transform", "wait"), value: fc.jsonValue(), ...common },
      { requiredKeys: ["id", "type"] },
    ),
    fc.record(
      {
        id,
        type: fc.constant("condition"),
        condition: fc.string(),
        then: tie("steps"),
        else: tie("steps"),
        ...common,
      },
      { requiredKeys: ["id", "type", "condition"] },
    ),
    fc.record(
      { id, type: fc.constant("parallel"), branches: fc.array(tie("steps"), { maxLength: 3 }), ...common },
      { requiredKeys: ["id", "type", "branches"] },
    ),
    fc.record(
      {
        id,
        type: fc.constant("switch"),
        cases: fc.array(fc.record({ equals: fc.integer(), steps: tie("steps") }), { maxLength: 3 }),
        default: tie("steps"),
      },
      { requiredKeys: ["id", "type", "cases"] },
    ),
    fc.record(
      { id, type: fc.constantFrom("foreach", "loop"), steps: tie("steps"), ...common },
      { requiredKeys: ["id", "type"] },
    ),
  ) as fc.Arbitrary<Step>,
}));
const definition = fc.record(
  { id, description: fc.string(), steps: fc.array(step, { maxLength: 5 }), output: fc.jsonValue() },
  { requiredKeys: ["id"] },
) as fc.Arbitrary<JsonObject>;

test("a definition that becomes a graph and a definition again is the same, down to the order of its members", () => {
  fc.assert(
    fc.property(definition, (document) => {
      expect(isDrawable(document)).toBe(true);
      expect(JSON.stringify(definitionOf(graphOf(document)))).toBe(JSON.stringify(document));
    }),
  );
});

test("edges lead from and to what is there", () => {
  fc.assert(
    fc.property(definition, (document) => {
      const { nodes, lanes, edges } = graphOf(document);
      const known = new Set([...nodes.map((each) => each.place), ...lanes.map((each) => each.list)]);
      expect(edges.every((each) => known.has(each.source) && known.has(each.target))).toBe(true);
    }),
  );
});

test("what is put in and taken out again leaves no trace", () => {
  fc.assert(
    fc.property(definition, step, fc.nat(6), (document, added, index) => {
      const fresh = { ...added, id: "brand_new" } as Step;
      const edit = insertStep(document, "steps", index, fresh);
      expect(stepAt(edit.document, edit.place)?.id).toBe("brand_new");
      const taken = removeStep(edit.document, edit.place);
      expect(taken).toEqual({ ...document, steps: document.steps ?? [] });
    }),
  );
});

test("a step that is moved down and up again is where it was", () => {
  fc.assert(
    fc.property(definition, (document) => {
      for (const { place } of placedOf(document)) {
        const down = shiftStep(document, place, 1);
        if (down.place !== place) expect(shiftStep(down.document, down.place, -1).document).toEqual(document);
      }
    }),
  );
});

test("every step is replaced at its own place alone", () => {
  fc.assert(
    fc.property(definition, (document) => {
      for (const { place, step: found } of placedOf(document)) {
        expect(withStepAt(document, place, found)).toEqual(document);
        expect(stepAt(withStepAt(document, place, { ...found, mark: true }), place)).toEqual({
          ...found,
          mark: true,
        });
      }
    }),
  );
});

test("the layout keeps every step apart from its neighbours, and inside of what is around it", () => {
  fc.assert(
    fc.property(definition, (document) => {
      const boxes = [...layoutOf(graphOf(document)).values()];
      for (const box of boxes) {
        expect(Number.isFinite(box.x + box.y + box.width + box.height)).toBe(true);
        for (const other of boxes) {
          if (other === box || other.parent !== box.parent) continue;
          const isApart =
            other.x >= box.x + box.width ||
            box.x >= other.x + other.width ||
            other.y >= box.y + box.height ||
            box.y >= other.y + other.height;
          expect(isApart).toBe(true);
        }
      }
    }),
    { numRuns: 15 },
  );
});

test("a list of a thousand steps is laid out in rows, each step below those that it needs", () => {
  const steps = Array.from({ length: 1000 }, (_, index) => ({
    id: `s${index}`,
    type: "transform",
    ...(index > 0 && { needs: [`s${Math.floor((index - 1) / 2)}`] }),
  }));
  const graph = graphOf({ id: "wide", steps });
  const boxes = layoutOf(graph);
  for (const { source, target } of graph.edges) {
    const [above, below] = [boxes.get(source), boxes.get(target)];
    expect((above?.y ?? 0) + (above?.height ?? 0)).toBeLessThan(below?.y ?? 0);
  }
  expect(new Set([...boxes.values()].map((box) => `${box.x} ${box.y}`)).size).toBe(1001);
});

test("undo and redo walk through all changes, of which one topic counts once", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer(), fc.constantFrom(undefined, "a", "b")), { maxLength: 30 }),
      (changes) => {
        let history = historyOf<object>({});
        const states = [history.present];
        let topic: string | undefined;
        for (const [value, about] of changes) {
          const state = { value };
          history = record(history, state, about);
          if (about !== undefined && about === topic) states.pop();
          states.push(state);
          topic = about;
        }
        const last = history;
        for (const state of [...states].reverse()) {
          expect(history.present).toBe(state);
          history = undo(history);
        }
        for (let count = 1; count < states.length; count++) history = redo(history);
        expect(history.present).toBe(last.present);
      },
    ),
  );
  let long = historyOf<object>({});
  for (let count = 0; count < HISTORY_MAX + 50; count++) long = record(long, { count });
  expect(long.past.length).toBe(HISTORY_MAX);
});

const REFUND: JsonObject = {
  id: "refund",
  steps: [
    { id: "fee", type: "transform", value: 1 },
    { id: "sum", type: "transform", value: "${ steps.fee.output + steps.feeling }" },
    {
      id: "late",
      type: "transform",
      value: 2,
      needs: ["fee"],
      onError: { strategy: "fallback", step: "aid" },
    },
    { id: "aid", type: "transform", value: 3 },
  ],
};

test("a new id is told to all that name the step", () => {
  const fee = stepAt(REFUND, "steps[0]") as Step;
  const [, sum, late] = listAt(replaceStep(REFUND, "steps[0]", { ...fee, id: "charge" }), "steps");
  expect(sum?.value).toBe("${ steps.charge.output + steps.feeling }");
  expect(late?.needs).toEqual(["charge"]);
});

test("edges say what a definition means", () => {
  expect(graphOf(REFUND).edges).toEqual([
    { kind: "enter", source: "steps", target: "steps[0]" },
    { kind: "sequence", source: "steps[0]", target: "steps[1]" },
    { kind: "needs", source: "steps[0]", target: "steps[2]" },
    { kind: "fallback", source: "steps[2]", target: "steps[3]" },
  ]);
});

test("a line that is drawn keeps what the place of a step said, and is taken away again", () => {
  const drawn = connect(REFUND, "steps[0]", "steps[1]");
  expect(drawn).toBe(REFUND.steps === undefined ? drawn : REFUND);
  const both = connect(REFUND, "steps[1]", "steps[2]");
  expect(stepAt(both, "steps[2]")?.needs).toEqual(["fee", "sum"]);
  expect(stepAt(disconnect(both, "steps[0]", "steps[2]"), "steps[2]")?.needs).toEqual(["sum"]);
});

test("what is no list of steps is not drawn", () => {
  const wrong: Json[] = [[1], [{ id: "a" }], [{ id: "a", type: "switch", cases: [1] }], "none"];
  expect(wrong.map((steps) => isDrawable({ id: "x", steps }))).toEqual([false, false, false, false]);
});
