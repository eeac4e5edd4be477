import type { Step } from "../model/steps";
import { ticksOf } from "./layout";

export const STRIP_PIXELS = 88;
const LABEL_Y = 10;
const STOP_Y = 20;
const BASE_Y = 58;
const BAR_PIXELS = 32;
const EFFECT_Y = 68;
const FORK_Y = 79;
const MARK_PIXELS = 4;

/** What the strip shows. */
export interface Strip {
  readonly steps: readonly Step[];
  readonly places: Float64Array;
  /** The sequences on the way to the head: the others were left behind by a rollback. */
  readonly way: ReadonlySet<number>;
  readonly head: number;
  readonly stops: ReadonlySet<number>;
  /** From which steps other executions were forked. */
  readonly forks: ReadonlySet<number>;
}

/** Draws the strip in one go: how much each step changed, what it marks, its effects, and where ways part. */
export function drawStrip(
  canvas: HTMLCanvasElement,
  strip: Strip,
  width: number,
  colour: (variable: string) => string,
): void {
  const ratio = globalThis.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(STRIP_PIXELS * ratio);
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.scale(ratio, ratio);
  context.clearRect(0, 0, width, STRIP_PIXELS);
  drawTicks(context, strip, width, colour);
  drawBars(context, strip, width, colour);
  drawTurns(context, strip, colour("--tl-muted"));
  drawMarks(context, strip, colour);
}

type Context = CanvasRenderingContext2D;
type Colour = (variable: string) => string;

function drawTicks(context: Context, { steps, places }: Strip, width: number, colour: Colour): void {
  context.font = "10.5px ui-sans-serif, system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const index of ticksOf(steps, places, width)) {
    const x = places[index] ?? 0;
    context.fillStyle = colour("--tl-muted");
    context.fillText(String(steps[index]?.sequence), x, LABEL_Y);
    context.fillStyle = colour("--tl-line");
    context.fillRect(Math.round(x), LABEL_Y + 8, 1, BASE_Y - LABEL_Y - 8);
  }
  context.fillStyle = colour("--tl-line");
  context.fillRect(0, BASE_Y, width, 1);
}

function drawBars(context: Context, { steps, places, way }: Strip, width: number, colour: Colour): void {
  const barWidth = Math.max(1, Math.min(14, ((width / steps.length) * 2) / 3));
  const largest = Math.max(1, ...largestOf(steps));
  const colours = [colour("--tl-accent"), colour("--tl-muted")] as const;
  steps.forEach((step, index) => {
    const isOnWay = way.has(step.sequence);
    const height = 3 + (BAR_PIXELS - 3) * (Math.log1p(step.storedBytes) / Math.log1p(largest));
    context.globalAlpha = isOnWay ? 0.55 : 0.3;
    context.fillStyle = step.kind === "ERROR_STATE" ? colour("--tl-bad") : colours[isOnWay ? 0 : 1];
    context.fillRect((places[index] ?? 0) - barWidth / 2, BASE_Y - height, barWidth, height);
  });
  context.globalAlpha = 1;
}

// A call takes only so many arguments, and an execution may have more steps.
function largestOf(steps: readonly Step[]): readonly number[] {
  return [steps.reduce((most, step) => Math.max(most, step.storedBytes), 0)];
}

/** Arcs from a snapshot to one that was made from it later, past those that were left behind. */
function drawTurns(context: Context, { steps, places }: Strip, colour: string): void {
  const indexOf = new Map(steps.map((step, index) => [step.sequence, index]));
  context.strokeStyle = colour;
  context.lineWidth = 1.25;
  steps.forEach((step, index) => {
    const before = steps[index - 1];
    if (before === undefined || step.parentSequence === before.sequence) return;
    const from = places[indexOf.get(step.parentSequence) ?? -1];
    const to = places[index];
    if (from === undefined || to === undefined) return;
    const depth = Math.min(22, 8 + (to - from) / 12);
    context.beginPath();
    context.moveTo(from, BASE_Y + 2);
    context.bezierCurveTo(from, BASE_Y + depth, to, BASE_Y + depth, to, BASE_Y + 2);
    context.stroke();
  });
}

function drawMarks(context: Context, strip: Strip, colour: Colour): void {
  const { steps, places, stops, forks, head } = strip;
  steps.forEach((step, index) => {
    const x = places[index] ?? 0;
    if (step.effectCount > 0)
      dot(context, x, EFFECT_Y, 1.5 + Math.min(2, step.effectCount / 4), colour("--tl-info"));
    if (stops.has(step.sequence)) dot(context, x, STOP_Y, 3.5, colour("--tl-bad"));
    if (forks.has(step.sequence)) drawFork(context, x, colour("--tl-good"));
    if (step.kind === "ERROR_STATE") drawPolygon(context, x, BASE_Y, TRIANGLE, colour("--tl-bad"));
    else if (step.kind === "DECISION_POINT") drawPolygon(context, x, BASE_Y, DIAMOND, colour("--tl-warn"));
    else if (step.kind === "CHECKPOINT" || step.kind === "ROLLBACK_POINT")
      drawPolygon(context, x, BASE_Y, SQUARE, colour("--tl-info"));
    else if (step.label !== "" || step.tags.length > 0) dot(context, x, BASE_Y, 3, colour("--tl-accent"));
    if (step.sequence === head && index < steps.length - 1)
      drawPolygon(context, x, STOP_Y, FLAG, colour("--tl-accent"));
  });
}

type Shape = readonly (readonly [number, number])[];
const TRIANGLE: Shape = [
  [0, -1.3],
  [1.2, 0.9],
  [-1.2, 0.9],
];
const DIAMOND: Shape = [
  [0, -1.2],
  [1.2, 0],
  [0, 1.2],
  [-1.2, 0],
];
const SQUARE: Shape = [
  [-0.9, -0.9],
  [0.9, -0.9],
  [0.9, 0.9],
  [-0.9, 0.9],
];
const FLAG: Shape = [
  [-1.1, -1],
  [1.1, -1],
  [0, 1],
];

function drawPolygon(context: Context, x: number, y: number, shape: Shape, colour: string): void {
  context.fillStyle = colour;
  context.beginPath();
  for (const [dx, dy] of shape) context.lineTo(x + dx * MARK_PIXELS, y + dy * MARK_PIXELS);
  context.closePath();
  context.fill();
}

function dot(context: Context, x: number, y: number, radius: number, colour: string): void {
  context.fillStyle = colour;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function drawFork(context: Context, x: number, colour: string): void {
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x, FORK_Y - 7);
  context.lineTo(x, FORK_Y + 5);
  context.moveTo(x, FORK_Y);
  context.quadraticCurveTo(x + 6, FORK_Y, x + 6, FORK_Y + 5);
  context.stroke();
}
