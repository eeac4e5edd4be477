/** How many bytes a store keeps unless it is told otherwise: keys, values and blobs. */
export const STORE_BYTES_MAX = 128 * 1024 ** 2;

/** How many documents a store keeps unless it is told otherwise. */
export const STORE_DOCUMENTS_MAX = 100_000;

/** How many bytes one document has. */
export const DOCUMENT_BYTES_MAX = 8 * 1024 ** 2;

/** How many characters a key has. */
export const KEY_LENGTH_MAX = 512;

/** How many characters the name of a store or a collection has. */
export const NAME_LENGTH_MAX = 64;

/** How many documents are put or deleted at once. */
export const BATCH_MAX = 5000;

/** How many documents a page of a list has. */
export const PAGE_MAX = 1000;

/** To which part of its limits a store that is too full is emptied, so that not every write has to. */
export const EVICT_TO = 0.9;
