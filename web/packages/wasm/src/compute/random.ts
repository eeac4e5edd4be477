/** Numbers that look random and are the same for the same seed, from 0 to before 1. */
export type Random = () => number;

/** A generator with 32 bits of state, by a Weyl sequence whose steps are mixed. */
export function createRandom(seed: number): Random {
  let state = Math.trunc(seed) | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
