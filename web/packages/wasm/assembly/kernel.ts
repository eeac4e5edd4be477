// Exact search for the nearest of many vectors, four rows at a time.
//
// Each row is summed in eight parts: part i holds the components j with j mod 8 = i, in rising order of j, all
// in 32-bit arithmetic; then ((0+4)+(1+5))+((2+6)+(3+7)). The engine in TypeScript counts what it returns by the
// same operations in the same order, so both give the same bits.
//
// The host lays out the memory and passes addresses; every row starts at a multiple of 16 bytes and is padded
// with zeros to a multiple of eight components.

const LANE_BYTES: usize = 16;
const STEP_BYTES: usize = 32;

// How the rows are scored; the host counts the same way.
const METRIC_L2: i32 = 1;

let query: usize = 0;
let rows: usize = 0;
let rowBytes: usize = 0;
let scores: usize = 0;
let mask: usize = 0;
let isL2: bool = false;
let isMasked: bool = false;

// A heap of the best so far, the worst of them first: scores at `heap`, places at `heapPlaces`.
let heap: usize = 0;
let heapPlaces: usize = 0;
let heapMax: i32 = 0;
let heapSize: i32 = 0;
// Whether one as good as the worst that is kept had to be left out.
let isTied: bool = false;

/** Tells where things are. */
export function layout(
  queryAt: usize,
  scoresAt: usize,
  maskAt: usize,
  heapAt: usize,
  heapPlacesAt: usize,
  rowsAt: usize,
  bytesPerRow: usize,
): void {
  query = queryAt;
  scores = scoresAt;
  mask = maskAt;
  heap = heapAt;
  heapPlaces = heapPlacesAt;
  rows = rowsAt;
  rowBytes = bytesPerRow;
}

/** Begins a search for the `count` best, with the query in its place. */
export function begin(metric: i32, count: i32, masked: bool): void {
  isL2 = metric === METRIC_L2;
  isMasked = masked;
  heapMax = count;
  heapSize = 0;
  isTied = false;
}

/** Tells whether the border runs through equal scores, so that the host has to pick among them by id. */
export function tied(): bool {
  return isTied;
}

/** Scores the rows from `from` to before `to`; `from` is a multiple of eight. Returns how many are kept. */
export function scan(from: i32, to: i32): i32 {
  let place = from;
  for (; place + 4 <= to; place += 4) {
    const allowed: u32 = isMasked ? (load<u8>(mask + (place >> 3)) >> (place & 7)) & 15 : 15;
    if (allowed === 0) continue;
    const found = isL2 ? distances(place) : products(place);
    v128.store(scores + ((<usize>place) << 2), found);
    if (allowed & 1) offer(f32x4.extract_lane(found, 0), place);
    if (allowed & 2) offer(f32x4.extract_lane(found, 1), place + 1);
    if (allowed & 4) offer(f32x4.extract_lane(found, 2), place + 2);
    if (allowed & 8) offer(f32x4.extract_lane(found, 3), place + 3);
  }
  for (; place < to; ++place) {
    const allowed: u32 = isMasked ? (load<u8>(mask + (place >> 3)) >> (place & 7)) & 1 : 1;
    if (allowed === 0) continue;
    const score = isL2 ? distance(place) : product(place);
    store<f32>(scores + ((<usize>place) << 2), score);
    offer(score, place);
  }
  return heapSize;
}

function products(place: i32): v128 {
  let a = rows + <usize>place * rowBytes;
  let b = a + rowBytes;
  let c = b + rowBytes;
  let d = c + rowBytes;
  const end = a + rowBytes;
  let q = query;
  let a0 = f32x4.splat(0),
    a1 = a0,
    b0 = a0,
    b1 = a0,
    c0 = a0,
    c1 = a0,
    d0 = a0,
    d1 = a0;
  while (a < end) {
    const q0 = v128.load(q);
    const q1 = v128.load(q, LANE_BYTES);
    a0 = f32x4.add(a0, f32x4.mul(q0, v128.load(a)));
    a1 = f32x4.add(a1, f32x4.mul(q1, v128.load(a, LANE_BYTES)));
    b0 = f32x4.add(b0, f32x4.mul(q0, v128.load(b)));
    b1 = f32x4.add(b1, f32x4.mul(q1, v128.load(b, LANE_BYTES)));
    c0 = f32x4.add(c0, f32x4.mul(q0, v128.load(c)));
    c1 = f32x4.add(c1, f32x4.mul(q1, v128.load(c, LANE_BYTES)));
    d0 = f32x4.add(d0, f32x4.mul(q0, v128.load(d)));
    d1 = f32x4.add(d1, f32x4.mul(q1, v128.load(d, LANE_BYTES)));
    q += STEP_BYTES;
    a += STEP_BYTES;
    b += STEP_BYTES;
    c += STEP_BYTES;
    d += STEP_BYTES;
  }
  return together(f32x4.add(a0, a1), f32x4.add(b0, b1), f32x4.add(c0, c1), f32x4.add(d0, d1));
}

function distances(place: i32): v128 {
  let a = rows + <usize>place * rowBytes;
  let b = a + rowBytes;
  let c = b + rowBytes;
  let d = c + rowBytes;
  const end = a + rowBytes;
  let q = query;
  let a0 = f32x4.splat(0),
    a1 = a0,
    b0 = a0,
    b1 = a0,
    c0 = a0,
    c1 = a0,
    d0 = a0,
    d1 = a0;
  while (a < end) {
    const q0 = v128.load(q);
    const q1 = v128.load(q, LANE_BYTES);
    a0 = f32x4.sub(a0, squares(q0, v128.load(a)));
    a1 = f32x4.sub(a1, squares(q1, v128.load(a, LANE_BYTES)));
    b0 = f32x4.sub(b0, squares(q0, v128.load(b)));
    b1 = f32x4.sub(b1, squares(q1, v128.load(b, LANE_BYTES)));
    c0 = f32x4.sub(c0, squares(q0, v128.load(c)));
    c1 = f32x4.sub(c1, squares(q1, v128.load(c, LANE_BYTES)));
    d0 = f32x4.sub(d0, squares(q0, v128.load(d)));
    d1 = f32x4.sub(d1, squares(q1, v128.load(d, LANE_BYTES)));
    q += STEP_BYTES;
    a += STEP_BYTES;
    b += STEP_BYTES;
    c += STEP_BYTES;
    d += STEP_BYTES;
  }
  return together(f32x4.add(a0, a1), f32x4.add(b0, b1), f32x4.add(c0, c1), f32x4.add(d0, d1));
}

function squares(left: v128, right: v128): v128 {
  const difference = f32x4.sub(left, right);
  return f32x4.mul(difference, difference);
}

// Adds the lanes of four vectors, each as (0+1)+(2+3), into one vector of the four sums.
function together(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 2, 4, 6), v128.shuffle<f32>(a, b, 1, 3, 5, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 2, 4, 6), v128.shuffle<f32>(c, d, 1, 3, 5, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 2, 4, 6), v128.shuffle<f32>(ab, cd, 1, 3, 5, 7));
}

function product(place: i32): f32 {
  let a = rows + <usize>place * rowBytes;
  const end = a + rowBytes;
  let q = query;
  let a0 = f32x4.splat(0),
    a1 = a0;
  while (a < end) {
    a0 = f32x4.add(a0, f32x4.mul(v128.load(q), v128.load(a)));
    a1 = f32x4.add(a1, f32x4.mul(v128.load(q, LANE_BYTES), v128.load(a, LANE_BYTES)));
    q += STEP_BYTES;
    a += STEP_BYTES;
  }
  return sum(f32x4.add(a0, a1));
}

function distance(place: i32): f32 {
  let a = rows + <usize>place * rowBytes;
  const end = a + rowBytes;
  let q = query;
  let a0 = f32x4.splat(0),
    a1 = a0;
  while (a < end) {
    a0 = f32x4.sub(a0, squares(v128.load(q), v128.load(a)));
    a1 = f32x4.sub(a1, squares(v128.load(q, LANE_BYTES), v128.load(a, LANE_BYTES)));
    q += STEP_BYTES;
    a += STEP_BYTES;
  }
  return sum(f32x4.add(a0, a1));
}

function sum(parts: v128): f32 {
  const low = f32x4.extract_lane(parts, 0) + f32x4.extract_lane(parts, 1);
  return low + (f32x4.extract_lane(parts, 2) + f32x4.extract_lane(parts, 3));
}

// Keeps a score if it is among the best; of equal scores at the border the host picks, knowing the ids.
function offer(score: f32, place: i32): void {
  if (heapSize < heapMax) {
    rise(heapSize++, score, place);
    return;
  }
  const border = load<f32>(heap);
  if (score > border) {
    sink(score, place);
    isTied = load<f32>(heap) === border;
  } else if (score === border) {
    isTied = true;
  }
}

function rise(from: i32, score: f32, place: i32): void {
  let hole = from;
  while (hole > 0) {
    const parent = (hole - 1) >> 1;
    const above = scoreAt(parent);
    if (above <= score) break;
    put(hole, above, placeAt(parent));
    hole = parent;
  }
  put(hole, score, place);
}

function sink(score: f32, place: i32): void {
  let hole = 0;
  for (;;) {
    let child = 2 * hole + 1;
    if (child >= heapSize) break;
    if (child + 1 < heapSize && scoreAt(child + 1) < scoreAt(child)) ++child;
    const below = scoreAt(child);
    if (below >= score) break;
    put(hole, below, placeAt(child));
    hole = child;
  }
  put(hole, score, place);
}

function scoreAt(at: i32): f32 {
  return load<f32>(heap + ((<usize>at) << 2));
}

function placeAt(at: i32): i32 {
  return load<i32>(heapPlaces + ((<usize>at) << 2));
}

function put(at: i32, score: f32, place: i32): void {
  store<f32>(heap + ((<usize>at) << 2), score);
  store<i32>(heapPlaces + ((<usize>at) << 2), place);
}
