import { expect, test } from "vitest";
import { fitted, isInside, nearest, toPlane, toScreen, zoomed } from "./geometry";

const SIZE = { width: 400, height: 300 };
const POINTS = [
  { x: -1, y: 2 },
  { x: 3, y: -2 },
  { x: 0, y: 0 },
];

test("a fitted view shows every point", () => {
  const view = fitted(POINTS, SIZE);
  for (const { x, y } of POINTS.map((each) => toScreen(each, view, SIZE))) {
    expect(x).toBeGreaterThanOrEqual(0);
    expect(x).toBeLessThanOrEqual(SIZE.width);
    expect(y).toBeGreaterThanOrEqual(0);
    expect(y).toBeLessThanOrEqual(SIZE.height);
  }
});

test("zooming keeps what is below the pointer", () => {
  const home = fitted(POINTS, SIZE);
  const at = { x: 30, y: 200 };
  const before = toPlane(at, home, SIZE);
  const after = toPlane(at, zoomed(home, 3, at, SIZE, home), SIZE);
  expect(after.x).toBeCloseTo(before.x);
  expect(after.y).toBeCloseTo(before.y);
  expect(zoomed(home, 1e9, at, SIZE, home).scale).toBe(home.scale * 60);
});

test("a lasso has what it goes around, also if it is not convex", () => {
  const hook = [
    { x: 0, y: 0 },
    { x: 10, y: 0 },
    { x: 10, y: 10 },
    { x: 8, y: 10 },
    { x: 8, y: 2 },
    { x: 0, y: 2 },
  ];
  expect(isInside({ x: 9, y: 9 }, hook)).toBe(true);
  expect(isInside({ x: 4, y: 1 }, hook)).toBe(true);
  expect(isInside({ x: 4, y: 6 }, hook)).toBe(false);
});

test("the nearest point is found within a distance", () => {
  expect(nearest(POINTS, { x: 0.4, y: 0 }, 1)).toBe(2);
  expect(nearest(POINTS, { x: 50, y: 0 }, 1)).toBe(-1);
});
