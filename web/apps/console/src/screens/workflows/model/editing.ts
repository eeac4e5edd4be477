import { isObject, type Json, type JsonObject, withMember } from "../../../ui/schema/schema";
import {
  lanesOf,
  listAt,
  placedOf,
  type Step,
  seatOf,
  stepAt,
  withLane,
  withListAt,
  withStepAt,
} from "./definition";

/** A changed definition, and where the step stands that was changed. */
export interface Edit {
  readonly document: JsonObject;
  readonly place: string;
}

/** Puts a step into a list, under an id that no other step has. */
export function insertStep(document: JsonObject, list: string, index: number, step: Step): Edit {
  const steps = listAt(document, list);
  const at = Math.max(0, Math.min(index, steps.length));
  const fresh = withFreshIds(step, new Set(placedOf(document).map((each) => each.step.id)));
  return {
    document: withListAt(document, list, [...steps.slice(0, at), fresh, ...steps.slice(at)]),
    place: `${list}[${at}]`,
  };
}

/** Takes a step out, and what others of its list say of it. */
export function removeStep(document: JsonObject, place: string): JsonObject {
  const { list, index } = seatOf(place);
  const steps = listAt(document, list);
  const gone = steps[index];
  if (gone === undefined) return document;
  const rest = steps.filter((_, at) => at !== index).map((each) => withoutMention(each, gone.id));
  return withListAt(document, list, rest);
}

function withoutMention(step: Step, id: string): Step {
  let found = step;
  if (Array.isArray(step.needs) && step.needs.includes(id)) {
    found = { ...found, needs: step.needs.filter((each) => each !== id) };
  }
  if (isObject(step.onError) && step.onError.step === id) {
    const rest = withMember(step.onError, "step", undefined);
    const onError = "value" in rest ? rest : { ...rest, strategy: "fail" };
    found = { ...found, onError };
  }
  return found;
}

/** Moves a step up or down within its list. */
export function shiftStep(document: JsonObject, place: string, by: -1 | 1): Edit {
  const { list, index } = seatOf(place);
  const steps = [...listAt(document, list)];
  const [step] = steps.splice(index, 1);
  const to = index + by;
  if (step === undefined || to < 0 || to > steps.length) return { document, place };
  steps.splice(to, 0, step);
  return { document: withListAt(document, list, steps), place: `${list}[${to}]` };
}

/** Puts another step in the place of one; where its id changed, what names it changes with it. */
export function replaceStep(document: JsonObject, place: string, step: Step): JsonObject {
  const before = stepAt(document, place);
  if (before === undefined) return document;
  const replaced = withStepAt(document, place, step);
  return before.id === step.id || before.id === "" || step.id === ""
    ? replaced
    : renamed(replaced, place, before.id, step.id);
}

/** Says everywhere the new id instead of the old one: in `needs`, in `onError`, and as `steps.<id>` in expressions. */
function renamed(document: JsonObject, place: string, from: string, to: string): JsonObject {
  const { list } = seatOf(place);
  const swap = (id: Json) => (id === from ? to : id);
  const siblings = listAt(document, list).map((step) => {
    let found = step;
    if (Array.isArray(step.needs)) found = { ...found, needs: step.needs.map(swap) };
    if (isObject(step.onError) && step.onError.step === from) {
      found = { ...found, onError: { ...step.onError, step: to } };
    }
    return found;
  });
  const isShared = placedOf(document).some((each) => each.step.id === from);
  const done = withListAt(document, list, siblings);
  // Another step of the same id may be meant by an expression.
  return isShared
    ? done
    : (inTexts(done, new RegExp(`\\bsteps\\.${from}\\b`, "g"), `steps.${to}`) as JsonObject);
}

function inTexts(value: Json, pattern: RegExp, to: string): Json {
  if (typeof value === "string") return value.replaceAll(pattern, to);
  if (Array.isArray(value)) return value.map((each) => inTexts(each, pattern, to));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, inTexts(each, pattern, to)]));
}

/** Lets one step of a list need another one. What it needed by its place alone is said from then on. */
export function connect(document: JsonObject, source: string, target: string): JsonObject {
  const from = seatOf(source);
  const to = seatOf(target);
  const needed = stepAt(document, source);
  const step = stepAt(document, target);
  if (needed === undefined || step === undefined || from.list !== to.list || source === target)
    return document;
  const before = Array.isArray(step.needs) ? step.needs : impliedNeeds(document, to.list, to.index);
  if (before.includes(needed.id)) return document;
  return withStepAt(document, target, { ...step, needs: [...before, needed.id] });
}

/** Lets one step of a list need another one no longer. */
export function disconnect(document: JsonObject, source: string, target: string): JsonObject {
  const { list, index } = seatOf(target);
  const needed = stepAt(document, source);
  const step = stepAt(document, target);
  if (needed === undefined || step === undefined) return document;
  const before = Array.isArray(step.needs) ? step.needs : impliedNeeds(document, list, index);
  return withStepAt(document, target, { ...step, needs: before.filter((each) => each !== needed.id) });
}

function impliedNeeds(document: JsonObject, list: string, index: number): Json[] {
  const before = listAt(document, list)[index - 1];
  return before === undefined ? [] : [before.id];
}

/** A copy of a step whose ids, and those of the steps within it, are not taken. */
export function withFreshIds(step: Step, taken: Set<string>): Step {
  const id = freshId(step.id, taken);
  taken.add(id);
  const own = { ...step, id };
  return lanesOf(own).reduce(
    (found, lane) =>
      lane.steps.length === 0
        ? found
        : withLane(
            found,
            lane.key,
            lane.steps.map((each) => withFreshIds(each, taken)),
          ),
    own,
  );
}

/** `fetch` -> `fetch2` if `fetch` is taken. */
export function freshId(id: string, taken: ReadonlySet<string>): string {
  if (!taken.has(id)) return id;
  const stem = id.replace(/\d+$/, "") || "step";
  let number = 2;
  while (taken.has(`${stem}${number}`)) number += 1;
  return `${stem}${number}`;
}
