import type { SyncConfig } from "@tanstack/db";
import type { KeptRows, RowChange } from "./kept-rows.js";

type Sync<Row extends object> = SyncConfig<Row>["sync"];
type SyncParams<Row extends object> = Parameters<Sync<Row>>[0];
type Message<Row extends object> = Parameters<SyncParams<Row>["write"]>[0];

/**
 * Lets a collection begin with the rows that were kept, before the shape has answered, or without it.
 *
 * The shape's first snapshot takes the place of all of them at once; from then on each change is kept, too.
 */
export function seeded<Row extends object>(table: string, kept: KeptRows, sync: Sync<Row>): Sync<Row> {
  return (params) => {
    let end: ReturnType<Sync<Row>> | undefined;
    let isEnded = false;
    void kept
      .load(table)
      .catch(() => [])
      .then((rows) => {
        if (isEnded) return;
        const seeds = new Seeds(table, kept, params);
        seeds.sow(rows as Row[]);
        end = sync(seeds.params);
      });
    return () => {
      isEnded = true;
      if (typeof end === "function") end();
      else if (typeof end === "object") end.cleanup?.();
    };
  };
}

/** One life of a collection's sync: what it writes, seen on its way. */
class Seeds<Row extends object> {
  readonly params: SyncParams<Row>;
  readonly #given: SyncParams<Row>;
  readonly #table: string;
  readonly #kept: KeptRows;
  #isSown = false;
  #isWhole = false;
  #changes: RowChange[] = [];

  constructor(table: string, kept: KeptRows, given: SyncParams<Row>) {
    this.#table = table;
    this.#kept = kept;
    this.#given = given;
    // What the kept rows were is not the shape's to resume from.
    const { metadata: _, ...rest } = given;
    this.params = {
      ...rest,
      begin: (options) => this.#begin(options),
      write: (message) => this.#write(message),
      commit: (signal) => this.#commit(signal),
      truncate: () => this.#truncate(),
      markReady: () => this.#markReady(),
    };
  }

  sow(rows: readonly Row[]): void {
    this.#isSown = true;
    if (rows.length === 0) return;
    this.#given.begin();
    for (const value of rows) this.#given.write({ type: "insert", value });
    this.#given.commit();
    this.#given.markReady();
  }

  #begin(options?: Parameters<SyncParams<Row>["begin"]>[0]): void {
    this.#given.begin(options);
    this.#replaceSown();
  }

  #replaceSown(): void {
    if (!this.#isSown) return;
    this.#isSown = false;
    this.#truncate();
  }

  #truncate(): void {
    this.#given.truncate();
    this.#changes = [];
    this.#isWhole = true;
  }

  #write(message: Message<Row>): void {
    this.#given.write(message);
    const value = "value" in message ? (message.value as Record<string, unknown>) : {};
    const id = String("key" in message ? message.key : value.id);
    this.#changes.push({ type: message.type, id, value });
  }

  #commit(signal?: AbortSignal): ReturnType<SyncParams<Row>["commit"]> {
    const applied = this.#given.commit(signal);
    this.#kept.save(this.#table, this.#changes, { isWhole: this.#isWhole });
    this.#changes = [];
    this.#isWhole = false;
    return applied;
  }

  /** A shape without rows says no more than this. */
  #markReady(): void {
    if (this.#isSown) {
      this.#begin();
      this.#commit();
    }
    this.#given.markReady();
  }
}
