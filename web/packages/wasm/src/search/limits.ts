/** How many vectors an index holds. */
export const VECTORS_MAX = 500_000;

/** How much memory the vectors of an index take. */
export const INDEX_BYTES_MAX = 1024 ** 3;

/** How many components a vector has. */
export const DIMENSIONS_MAX = 4096;

/** How large a component is, either way: the squares of as many as there may be still add up in 32 bits. */
export const COMPONENT_MAX = 1e15;

/** A vector shorter than this has no direction, so that no cosine can be told. */
export const LENGTH_MIN = 1e-18;

/** How many nearest are told at once. */
export const NEAREST_MAX = 1000;

/** How many characters an id has. */
export const ID_LENGTH_MAX = 512;

/** How many calls wait for those before them. */
export const WAITING_MAX = 1000;
