/** How many vectors are projected at once. */
export const PROJECTED_MAX = 20_000;

/** How many neighbours a vector has in the map at most. */
export const NEIGHBORS_MAX = 100;

/** How often the map is gone over at most. */
export const EPOCHS_MAX = 1000;

/** How many vectors are clustered at once. */
export const CLUSTERED_MAX = 100_000;

/** How many clusters there are at most. */
export const CLUSTERS_MAX = 256;

/** How many changes are listed at once. */
export const CHANGES_MAX = 10_000;

/** A delta has at most so many operations; else it sets the whole. */
export const OPERATIONS_MAX = 10_000;
