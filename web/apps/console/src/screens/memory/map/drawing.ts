import type { Point, Size, View } from "../lib/geometry";
import { toScreen } from "../lib/geometry";
import type { Group } from "./groups";

const RADIUS_MIN_PX = 2.6;
const RADIUS_MAX_PX = 5.5;
const RADIUS_CHOSEN = 1.35;
const RADIUS_HOVERED = 2;

/** Few points are drawn larger than many. */
function radiusOf(count: number): number {
  return Math.min(RADIUS_MAX_PX, Math.max(RADIUS_MIN_PX, 60 / Math.sqrt(Math.max(1, count))));
}

export interface Scene {
  readonly points: readonly Point[];
  readonly groups: readonly Group[];
  readonly chosen: ReadonlySet<number>;
  readonly hovered: number;
  /** The corners of the lasso, in pixels. */
  readonly lasso: readonly Point[];
  /** Whether groups have their names on the map. */
  readonly isNamed: boolean;
}

/** Draws the map: a fill for each colour, which is what makes thousands of points quick. */
export function draw(
  context: CanvasRenderingContext2D,
  scene: Scene,
  at: { view: View; size: Size; ratio: number; colour: (variable: string) => string },
  variableOf: (group: Group) => string,
): void {
  const { view, size, ratio, colour } = at;
  const { points, groups, chosen, hovered, lasso, isNamed } = scene;
  const radius = radiusOf(points.length);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, size.width, size.height);
  for (const group of groups) {
    const fill = colour(variableOf(group));
    dots(context, group.places, { radius, fill, alpha: chosen.size > 0 ? 0.22 : 0.78 });
    if (chosen.size > 0) {
      const own = group.places.filter((place) => chosen.has(place));
      dots(context, own, { radius: radius * RADIUS_CHOSEN, fill, alpha: 1 });
    }
  }
  if (isNamed) writeNames(context, scene, { view, size }, colour);
  const point = points[hovered];
  if (point !== undefined)
    ring(context, toScreen(point, view, size), radius * RADIUS_HOVERED, colour("--tl-accent"));
  if (lasso.length > 1) outline(context, lasso, colour("--tl-accent"));

  function dots(
    on: CanvasRenderingContext2D,
    places: readonly number[],
    { radius, fill, alpha }: { radius: number; fill: string; alpha: number },
  ): void {
    on.globalAlpha = alpha;
    on.fillStyle = fill;
    on.beginPath();
    for (const place of places) {
      const found = points[place];
      if (found === undefined) continue;
      const { x, y } = toScreen(found, view, size);
      if (x < -radius || y < -radius || x > size.width + radius || y > size.height + radius) continue;
      on.moveTo(x + radius, y);
      on.arc(x, y, radius, 0, 2 * Math.PI);
    }
    on.fill();
    on.globalAlpha = 1;
  }
}

function ring(context: CanvasRenderingContext2D, { x, y }: Point, radius: number, colour: string): void {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}

function outline(context: CanvasRenderingContext2D, corners: readonly Point[], colour: string): void {
  context.beginPath();
  for (const { x, y } of corners) context.lineTo(x, y);
  context.closePath();
  context.globalAlpha = 0.1;
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = 1;
  context.lineWidth = 1.5;
  context.setLineDash([5, 4]);
  context.strokeStyle = colour;
  context.stroke();
  context.setLineDash([]);
}

const NAME_FONT = "600 11px Inter, system-ui, sans-serif";
const NAME_HEIGHT_PX = 15;

/** Writes the name of each group at its middle; one that would cover another is left out. */
function writeNames(
  context: CanvasRenderingContext2D,
  { points, groups }: Scene,
  { view, size }: { view: View; size: Size },
  colour: (variable: string) => string,
): void {
  context.font = NAME_FONT;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 4;
  const written: { x: number; y: number; width: number }[] = [];
  for (const { label, tone, places } of groups) {
    if (tone === "muted") continue;
    const { x, y } = toScreen(middleOf(places, points), view, size);
    const { width } = context.measureText(label);
    const covers = written.some(
      (each) => Math.abs(each.y - y) < NAME_HEIGHT_PX && Math.abs(each.x - x) < (each.width + width) / 2 + 6,
    );
    if (covers) continue;
    written.push({ x, y, width });
    context.strokeStyle = colour("--tl-raised");
    context.strokeText(label, x, y);
    context.fillStyle = colour("--tl-muted");
    context.fillText(label, x, y);
  }
}

/** The median in both directions: a few that lie apart do not move it. */
function middleOf(places: readonly number[], points: readonly Point[]): Point {
  const median = (of: "x" | "y") => {
    const values = places.map((place) => points[place]?.[of] ?? 0).sort((left, right) => left - right);
    return values[Math.floor(values.length / 2)] ?? 0;
  };
  return { x: median("x"), y: median("y") };
}
