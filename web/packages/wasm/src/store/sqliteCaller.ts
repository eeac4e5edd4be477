import type { Calls } from "../calls/calls.js";
import { callWorker } from "../calls/worker.js";
import type { Backend, Limits, PageQuest, Row, Usage } from "./backend.js";

/** What the page asks of the worker that has the database, or knows the tab that has it. */
export type StoreCalls = Calls & {
  open(argument: { name: string; limits: Limits }): Promise<void>;
  write(argument: { collection: string; rows: readonly Row[] }): Promise<void>;
  read(argument: { collection: string; key: string }): Promise<Row | undefined>;
  page(argument: { collection: string; quest: PageQuest }): Promise<Row[]>;
  remove(argument: { collection: string; keys: readonly string[] }): Promise<number>;
  clear(argument: { collection: string | undefined }): Promise<void>;
  outdated(argument: { version: number; limit: number }): Promise<{ collection: string; row: Row }[]>;
  usage(argument: null): Promise<Usage>;
  problems(argument: null): Promise<string[]>;
  close(argument: null): Promise<void>;
};

/** Starts the worker, which loads SQLite. */
export async function openSqlite(name: string, limits: Limits): Promise<Backend> {
  const caller = await callWorker<StoreCalls>(
    () => new Worker(new URL("./store.worker.js", import.meta.url), { type: "module" }),
  );
  try {
    await caller.call("open", { name, limits });
  } catch (error) {
    caller.close();
    throw error;
  }
  return {
    write: (collection, rows) => caller.call("write", { collection, rows }),
    read: (collection, key) => caller.call("read", { collection, key }),
    page: (collection, quest) => caller.call("page", { collection, quest }),
    remove: (collection, keys) => caller.call("remove", { collection, keys }),
    clear: (collection) => caller.call("clear", { collection }),
    outdated: (version, limit) => caller.call("outdated", { version, limit }),
    usage: () => caller.call("usage", null),
    problems: () => caller.call("problems", null),
    async close() {
      await caller.call("close", null);
      caller.close();
    },
  };
}
