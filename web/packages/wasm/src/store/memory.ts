import type { Backend, CollectionUsage, Limits, PageQuest, Row, Usage } from "./backend.js";
import { EVICT_TO } from "./limits.js";

interface Kept {
  readonly collection: string;
  readonly row: Row;
}

/** Keeps rows until the page is closed. */
export class MemoryBackend implements Backend {
  readonly #limits: Limits;
  /** In the order of their last use: what is used goes to the end. */
  readonly #rows = new Map<string, Kept>();
  #bytes = 0;
  #evictions = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  async write(collection: string, rows: readonly Row[]): Promise<void> {
    for (const row of rows) {
      this.#delete(collection, row.key);
      this.#rows.set(place(collection, row.key), { collection, row });
      this.#bytes += row.bytes;
    }
    this.#evict();
  }

  async read(collection: string, key: string): Promise<Row | undefined> {
    const at = place(collection, key);
    const kept = this.#rows.get(at);
    if (!kept) return undefined;
    this.#rows.delete(at);
    this.#rows.set(at, kept);
    return kept.row;
  }

  async page(collection: string, quest: PageQuest): Promise<Row[]> {
    const sign = quest.order === "newest" ? -1 : 1;
    const { from = Number.NEGATIVE_INFINITY, before = Number.POSITIVE_INFINITY, after } = quest;
    return this.#of(collection)
      .filter(({ time }) => time >= from && time < before)
      .filter((row) => !after || sign * compare(row, after) > 0)
      .sort((left, right) => sign * compare(left, right))
      .slice(0, quest.limit);
  }

  async remove(collection: string, keys: readonly string[]): Promise<number> {
    return keys.filter((key) => this.#delete(collection, key)).length;
  }

  async clear(collection: string | undefined): Promise<void> {
    for (const kept of [...this.#rows.values()]) {
      if (collection === undefined || kept.collection === collection)
        this.#delete(kept.collection, kept.row.key);
    }
  }

  async outdated(version: number, limit: number): Promise<Kept[]> {
    return [...this.#rows.values()].filter(({ row }) => row.version < version).slice(0, limit);
  }

  async usage(): Promise<Usage> {
    const usages = new Map<string, CollectionUsage>();
    for (const { collection: name, row } of this.#rows.values()) {
      const { documents, bytes } = usages.get(name) ?? { documents: 0, bytes: 0 };
      usages.set(name, { name, documents: documents + 1, bytes: bytes + row.bytes });
    }
    const collections = [...usages.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
    return { collections, evictions: this.#evictions };
  }

  async problems(): Promise<string[]> {
    return [];
  }

  async close(): Promise<void> {
    this.#rows.clear();
    this.#bytes = 0;
  }

  #of(collection: string): Row[] {
    return [...this.#rows.values()].filter((kept) => kept.collection === collection).map(({ row }) => row);
  }

  #delete(collection: string, key: string): boolean {
    const at = place(collection, key);
    this.#bytes -= this.#rows.get(at)?.row.bytes ?? 0;
    return this.#rows.delete(at);
  }

  #evict(): void {
    const { bytesMax, documentsMax } = this.#limits;
    if (this.#bytes <= bytesMax && this.#rows.size <= documentsMax) return;
    for (const { collection, row } of this.#rows.values()) {
      if (this.#bytes <= bytesMax * EVICT_TO && this.#rows.size <= documentsMax * EVICT_TO) return;
      this.#delete(collection, row.key);
      this.#evictions++;
    }
  }
}

function place(collection: string, key: string): string {
  return JSON.stringify([collection, key]);
}

function compare(left: { time: number; key: string }, right: { time: number; key: string }): number {
  if (left.time !== right.time) return left.time - right.time;
  return left.key < right.key ? -1 : Number(left.key > right.key);
}
