import { createRandom } from "../src/compute/random.js";

/** Vectors that look random, in some groups, the same for the same seed. */
export function randomVectors(
  count: number,
  dimensions: number,
  of: { seed?: number; groups?: number } = {},
): Float32Array {
  const { seed = 1, groups = 1 } = of;
  const random = createRandom(seed);
  const centers = Float32Array.from({ length: groups * dimensions }, () => 2 * random() - 1);
  const vectors = new Float32Array(count * dimensions);
  for (let at = 0; at < vectors.length; at++) {
    const group = Math.floor(at / dimensions) % groups;
    const center = groups > 1 ? (centers[group * dimensions + (at % dimensions)] as number) : 0;
    vectors[at] = center + random() - 0.5;
  }
  return vectors;
}
