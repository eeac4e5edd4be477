import { type Step, timeOf } from "../model/steps";

/** What the strip's x axis means. */
export type Axis = "steps" | "time";

/** Room at both ends of the strip. */
export const MARGIN_PIXELS = 14;

/** Where each step stands on the strip, in pixels. */
export function placesOf(steps: readonly Step[], axis: Axis, width: number): Float64Array {
  const room = Math.max(1, width - 2 * MARGIN_PIXELS);
  const places = new Float64Array(steps.length);
  const first = timeOf(steps[0]);
  const span = timeOf(steps.at(-1)) - first;
  const isByTime = axis === "time" && span > 0;
  let before = 0;
  steps.forEach((step, index) => {
    const share = isByTime ? (timeOf(step) - first) / span : (index + 0.5) / steps.length;
    // A clock that went back does not turn the order round.
    before = Math.max(before, MARGIN_PIXELS + Math.min(1, share || 0) * room);
    places[index] = before;
  });
  return places;
}

/** The step that is nearest to a place. */
export function nearestTo(places: Float64Array, x: number): number {
  let low = 0;
  let high = places.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] ?? 0) < x) low = middle + 1;
    else high = middle;
  }
  const isNearerBefore = low > 0 && x - (places[low - 1] ?? 0) < (places[low] ?? 0) - x;
  return isNearerBefore ? low - 1 : low;
}

const TICK_PIXELS_MIN = 64;

/** The steps whose numbers are written above the strip: round ones, with room between them. */
export function ticksOf(steps: readonly Step[], places: Float64Array, width: number): readonly number[] {
  const wanted = Math.max(1, Math.floor(width / TICK_PIXELS_MIN));
  const every = roundUp(steps.length / wanted);
  const ticks: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  steps.forEach((step, index) => {
    const x = places[index] ?? 0;
    if ((index !== 0 && step.sequence % every !== 0) || x - last < TICK_PIXELS_MIN / 2) return;
    ticks.push(index);
    last = x;
  });
  return ticks;
}

function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [1, 2, 5, 10].map((each) => each * power).find((each) => each >= value) ?? 10 * power;
}
