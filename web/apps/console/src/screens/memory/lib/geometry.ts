export interface Point {
  readonly x: number;
  readonly y: number;
}

/** What of the plane is shown: the point in the middle, and how many pixels a unit takes. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export const SCALE_FACTOR_MAX = 60;
const MARGIN_PX = 36;

/** The view that shows all points. */
export function fitted(points: readonly Point[], size: Size): View {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  if (points.length === 0) return { x: 0, y: 0, scale: 1 };
  const width = Math.max(right - left, 1e-6);
  const height = Math.max(bottom - top, 1e-6);
  const scale = Math.min(
    Math.max(1, size.width - 2 * MARGIN_PX) / width,
    Math.max(1, size.height - 2 * MARGIN_PX) / height,
  );
  return { x: (left + right) / 2, y: (top + bottom) / 2, scale };
}

export function toScreen({ x, y }: Point, view: View, size: Size): Point {
  return {
    x: (x - view.x) * view.scale + size.width / 2,
    y: (y - view.y) * view.scale + size.height / 2,
  };
}

export function toPlane({ x, y }: Point, view: View, size: Size): Point {
  return {
    x: (x - size.width / 2) / view.scale + view.x,
    y: (y - size.height / 2) / view.scale + view.y,
  };
}

/** The view after zooming by a factor, with what is below `at` staying there. */
export function zoomed(view: View, factor: number, at: Point, size: Size, home: View): View {
  const scale = Math.min(Math.max(view.scale * factor, home.scale / 2), home.scale * SCALE_FACTOR_MAX);
  const fixed = toPlane(at, view, size);
  return {
    x: fixed.x - (at.x - size.width / 2) / scale,
    y: fixed.y - (at.y - size.height / 2) / scale,
    scale,
  };
}

/** Whether a point is within a polygon, by the even-odd rule. */
export function isInside({ x, y }: Point, polygon: readonly Point[]): boolean {
  let inside = false;
  let before = polygon.at(-1);
  for (const corner of polygon) {
    if (before !== undefined && corner.y > y !== before.y > y) {
      const crossing = ((before.x - corner.x) * (y - corner.y)) / (before.y - corner.y) + corner.x;
      if (x < crossing) inside = !inside;
    }
    before = corner;
  }
  return inside;
}

/** The place of the nearest of some points that is at most so far away; -1 if none is. */
export function nearest(points: readonly Point[], to: Point, distanceMax: number): number {
  let best = -1;
  let bestSquare = distanceMax * distanceMax;
  points.forEach(({ x, y }, index) => {
    const square = (x - to.x) ** 2 + (y - to.y) ** 2;
    if (square <= bestSquare) {
      best = index;
      bestSquare = square;
    }
  });
  return best;
}
