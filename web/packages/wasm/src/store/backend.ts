/** A document as it is kept. */
export interface Row {
  readonly key: string;
  /** What lists are ordered by, in milliseconds since 1970. */
  readonly time: number;
  /** The version of the schema that the value follows. */
  readonly version: number;
  readonly json: string;
  readonly blob: Uint8Array | undefined;
  /** What of the limits it takes. */
  readonly bytes: number;
}

export interface Limits {
  readonly bytesMax: number;
  readonly documentsMax: number;
}

/** Where a page of a list begins and ends. */
export interface PageQuest {
  readonly order: "newest" | "oldest";
  readonly from: number | undefined;
  readonly before: number | undefined;
  /** The last document of the page before. */
  readonly after: { readonly time: number; readonly key: string } | undefined;
  readonly limit: number;
}

export interface CollectionUsage {
  readonly name: string;
  readonly documents: number;
  readonly bytes: number;
}

export interface Usage {
  readonly collections: CollectionUsage[];
  /** How many documents had to make room since the store was opened here. */
  readonly evictions: number;
}

export type EngineName = "sqlite" | "indexeddb" | "memory";

/**
 * Keeps rows in collections. When more is kept than the limits allow, what was not used for longest goes.
 *
 * Each call takes effect as a whole or not at all, in the order of the calls.
 */
export interface Backend {
  write(collection: string, rows: readonly Row[]): Promise<void>;
  read(collection: string, key: string): Promise<Row | undefined>;
  page(collection: string, quest: PageQuest): Promise<Row[]>;
  remove(collection: string, keys: readonly string[]): Promise<number>;
  /** Removes all of a collection, or of all collections. */
  clear(collection: string | undefined): Promise<void>;
  /** Some of the rows of older versions. */
  outdated(version: number, limit: number): Promise<{ collection: string; row: Row }[]>;
  usage(): Promise<Usage>;
  /** What is wrong with what is kept; nothing if all is well. */
  problems(): Promise<string[]>;
  close(): Promise<void>;
}
