import { isObject, type Json, type JsonObject } from "../../../ui/schema/schema";

/** A step as a definition has it. */
export interface Step extends JsonObject {
  id: string;
  type: string;
}

/** A list of steps within a step, such as a branch. */
export interface Lane {
  /** Where it is within the step, such as `then` or `cases[0].steps`. */
  readonly key: string;
  readonly label: string;
  /** How the engine begins the ids of its steps, after that of the step around it. */
  readonly infix: string;
  readonly steps: readonly Step[];
  /** Its steps run once for each item or turn. */
  readonly isRepeated: boolean;
}

/** A step with where it stands. */
export interface Placed {
  readonly step: Step;
  /** Where it is in the definition, such as `steps[2].then[0]`. */
  readonly place: string;
  /** The list that it is in, such as `steps[2].then`. */
  readonly list: string;
  readonly index: number;
  /** How the engine names it, without the numbers of items and turns, such as `each[].summarise`. */
  readonly path: string;
  /** The place of the step around it; empty at the top. */
  readonly parent: string;
  readonly depth: number;
}

/** The list of the steps of the whole. */
export const TOP = "steps";

/** The steps of a list; what is no step is left out. */
export function stepsOf(value: Json | undefined): Step[] {
  return Array.isArray(value) ? value.filter(isStep) : [];
}

function isStep(value: Json): value is Step {
  return isObject(value) && typeof value.id === "string" && typeof value.type === "string";
}

/** Whether a document can be drawn: what it has instead of steps would be lost otherwise. */
export function isDrawable(document: JsonObject): boolean {
  return listIsDrawable(document[TOP]);
}

function listIsDrawable(list: Json | undefined): boolean {
  if (list === undefined) return true;
  if (!Array.isArray(list) || !list.every(isStep)) return false;
  return list.every((step) => laneValuesOf(step).every(listIsDrawable));
}

function laneValuesOf(step: JsonObject): (Json | undefined)[] {
  switch (step.type) {
    case "condition":
      return [step.then, step.else];
    case "switch": {
      const cases = step.cases ?? [];
      if (!Array.isArray(cases)) return ["no list"];
      return [...cases.map((each) => (isObject(each) ? each.steps : "no case")), step.default];
    }
    case "parallel": {
      const branches = step.branches ?? [];
      return Array.isArray(branches) ? branches : ["no list"];
    }
    case "foreach":
    case "loop":
      return [step.steps];
    default:
      return [];
  }
}

/** The lists of steps within a step, those included that are empty and may be filled. */
export function lanesOf(step: JsonObject): Lane[] {
  const lane = (key: string, label: string, infix: string, steps: Json | undefined, isRepeated = false) => ({
    key,
    label,
    infix,
    steps: stepsOf(steps),
    isRepeated,
  });
  switch (step.type) {
    case "condition":
      return [lane("then", "then", ".then.", step.then), lane("else", "else", ".else.", step.else)];
    case "switch":
      return [
        ...casesOf(step).map((each, index) =>
          lane(`cases[${index}].steps`, JSON.stringify(each.equals ?? null), `.cases[${index}].`, each.steps),
        ),
        lane("default", "default", ".default.", step.default),
      ];
    case "parallel":
      return (Array.isArray(step.branches) ? step.branches : []).map((branch, index) =>
        lane(`branches[${index}]`, `branch ${index + 1}`, `[${index}].`, branch),
      );
    case "foreach":
      return [lane("steps", "each item", "[].", step.steps, true)];
    case "loop":
      return [lane("steps", "each turn", "[].", step.steps, true)];
    default:
      return [];
  }
}

function casesOf(step: JsonObject): JsonObject[] {
  return (Array.isArray(step.cases) ? step.cases : []).filter(isObject);
}

/** A copy of a step with other steps in one of its lanes; an optional lane that was absent stays so if it is empty. */
export function withLane(step: Step, key: string, steps: readonly Step[]): Step {
  const indexed = /^(cases|branches)\[(\d+)\]/.exec(key);
  if (indexed === null) {
    if (steps.length === 0 && !(key in step)) return step;
    return { ...step, [key]: [...steps] };
  }
  const [, field = "", number] = indexed;
  const items = Array.isArray(step[field]) ? step[field] : [];
  const replaced = items.map((item, index) => {
    if (index !== Number(number)) return item;
    return field === "cases" && isObject(item) ? { ...item, steps: [...steps] } : [...steps];
  });
  return { ...step, [field]: replaced };
}

/** Every step of a definition with its place, each before what it holds. */
export function placedOf(document: JsonObject): Placed[] {
  const found: Placed[] = [];
  const visit = (steps: readonly Step[], list: string, prefix: string, parent: string, depth: number) => {
    steps.forEach((step, index) => {
      const place = `${list}[${index}]`;
      const path = prefix + step.id;
      found.push({ step, place, list, index, path, parent, depth });
      for (const lane of lanesOf(step)) {
        visit(lane.steps, `${place}.${lane.key}`, path + lane.infix, place, depth + 1);
      }
    });
  };
  visit(stepsOf(document[TOP]), TOP, "", "", 0);
  return found;
}

/** The steps of the list at a place. */
export function listAt(document: JsonObject, list: string): readonly Step[] {
  if (list === TOP) return stepsOf(document[TOP]);
  const { parent, key } = partsOf(list);
  const step = stepAt(document, parent);
  return (step && lanesOf(step).find((each) => each.key === key)?.steps) ?? [];
}

/** The step at a place; undefined if there is none. */
export function stepAt(document: JsonObject, place: string): Step | undefined {
  const found = /^(.*)\[(\d+)\]$/.exec(place);
  return found === null ? undefined : listAt(document, found[1] ?? "")[Number(found[2])];
}

/** A copy of a definition with other steps in the list at a place. */
export function withListAt(document: JsonObject, list: string, steps: readonly Step[]): JsonObject {
  if (list === TOP) return { ...document, [TOP]: [...steps] };
  const { parent, key } = partsOf(list);
  const step = stepAt(document, parent);
  return step === undefined ? document : withStepAt(document, parent, withLane(step, key, steps));
}

/** A copy of a definition with another step at a place. */
export function withStepAt(document: JsonObject, place: string, step: Step): JsonObject {
  const found = /^(.*)\[(\d+)\]$/.exec(place);
  const list = found?.[1] ?? "";
  const index = Number(found?.[2]);
  const steps = listAt(document, list).map((each, at) => (at === index ? step : each));
  return withListAt(document, list, steps);
}

/** The list and the index of a step's place. */
export function seatOf(place: string): { list: string; index: number } {
  const found = /^(.*)\[(\d+)\]$/.exec(place);
  return { list: found?.[1] ?? TOP, index: Number(found?.[2] ?? 0) };
}

/** `steps[2].cases[0].steps` -> the step `steps[2]` and its lane `cases[0].steps`. */
function partsOf(list: string): { parent: string; key: string } {
  const found = /^(.*?\])\.(cases\[\d+\]\.steps|branches\[\d+\]|then|else|default|steps)$/.exec(list);
  return { parent: found?.[1] ?? "", key: found?.[2] ?? "" };
}
