import type { LocalDocument, LocalStore } from "../src/index.js";

type Open = (limits?: { bytesMax?: number; documentsMax?: number }) => Promise<LocalStore>;

/** What every engine of a store does, each against an empty store. */
export const CONTRACT: Record<string, (open: Open) => Promise<void>> = {
  async "gives back what was put"(open) {
    const store = await open();
    const value = { text: "crème 🌱", nested: [null, true, 1.5, { "": "" }] };
    await store.put("memories", { key: "a/b", value, time: 1.5, blob: new Uint8Array([0, 255, 7]) });
    const found = await store.get("memories", "a/b");
    equal(found?.value, value);
    equal([found?.time, found?.key, [...(found?.blob ?? [])]], [1.5, "a/b", [0, 255, 7]]);
    equal(await store.get("memories", "a"), undefined);
    equal(await store.get("executions", "a/b"), undefined);
  },

  async "puts in the place of what was there"(open) {
    const store = await open();
    await store.put("memories", { key: "a", value: "x".repeat(1000), time: 1, blob: new Uint8Array(10) });
    await store.put("memories", { key: "a", value: 2, time: 2 });
    const found = await store.get("memories", "a");
    equal([found?.value, found?.time, found?.blob], [2, 2, undefined]);
    const { documents, bytes } = await store.stats();
    equal([documents, bytes], [1, 2]);
  },

  async "lists by time, in pages"(open) {
    const store = await open();
    const times = [5, 1, 4, 4, 2, -3.5, 4];
    await store.putMany(
      "executions",
      times.map((time, at) => ({ key: `k${at}`, value: at, time })),
    );
    await store.put("other", { key: "other", value: 0, time: 4 });
    equal(await pages(store, { order: "oldest" }), "k5 k1|k4 k2|k3 k6|k0");
    equal(await pages(store, { order: "newest" }), "k0 k6|k3 k2|k4 k1|k5");
    equal(await pages(store, { order: "oldest", from: 2, before: 5 }), "k4 k2|k3 k6");
    equal(await pages(store, { order: "newest", from: 2, before: 5 }), "k6 k3|k2 k4");
    equal(await pages(store, { from: 6 }), "");
    equal(await pages(store, { from: 3, before: 2 }), "");
  },

  async "deletes, clears and counts"(open) {
    const store = await open();
    await store.putMany(
      "a",
      [1, 2, 3].map((each) => ({ key: String(each), value: each })),
    );
    await store.put("b", { key: "1", value: 1 });
    equal(await store.delete("a", ["1", "9", "1"]), 1);
    equal([await store.count("a"), await store.count("b"), await store.count("c")], [2, 1, 0]);
    await store.clear("a");
    equal((await store.stats()).collections, [{ name: "b", documents: 1, bytes: 2 }]);
    await store.clear();
    equal((await store.stats()).collections, []);
    equal((await store.health()).problems, []);
  },

  async "makes room by what was not used for longest"(open) {
    const store = await open({ documentsMax: 10 });
    for (let at = 0; at < 10; at++) await store.put("a", { key: `k${at}`, value: at });
    await store.get("a", "k0");
    await store.put("a", { key: "k1", value: 1 });
    await store.put("b", { key: "new", value: 1 });
    const left = await store.list("a", { order: "oldest" });
    equal(left.documents.map(({ key }) => key).sort(), ["k0", "k1", "k4", "k5", "k6", "k7", "k8", "k9"]);
    equal([(await store.stats()).documents, (await store.stats()).evictions], [9, 2]);
  },

  async "keeps to its bytes"(open) {
    const store = await open({ bytesMax: 10_000 });
    for (let at = 0; at < 8; at++)
      await store.put("a", { key: `k${at}`, value: null, blob: new Uint8Array(2000) });
    const { bytes, documents, evictions } = await store.stats();
    equal([bytes, documents, evictions], [4 * 2006, 4, 4]);
    equal((await store.health()).problems, []);
  },

  async "refuses what it cannot keep, and keeps none of it"(open) {
    const store = await open();
    const bad = [
      { key: "ok", value: 1 },
      { key: "", value: 1 },
    ];
    equal(await refusal(store.putMany("a", bad)), "documents[1].key.length");
    equal(await refusal(store.put("a", { key: "k", value: () => 1 })), "document.value");
    equal(await refusal(store.put("a", { key: "k", value: 1n })), "document.value");
    equal(await refusal(store.put("a", { key: "k", value: 1, time: Number.NaN })), "document.time");
    equal(await refusal(store.put("A b", { key: "k", value: 1 })), "collection");
    equal(await refusal(store.list("a", { cursor: "?" })), "cursor");
    equal(await refusal(store.list("a", { limit: 0 })), "limit");
    equal(
      await refusal(store.put("a", { key: "k", value: 1, blob: new Uint8Array(9 * 1024 ** 2) })),
      "document",
    );
    equal(await store.count("a"), 0);
  },

  async "says that it was closed"(open) {
    const store = await open();
    await store.close();
    await store.close();
    equal(await store.get("a", "k").catch((error) => error.code), "CLOSED");
  },
};

/** Runs the contract and tells what does not hold. */
export async function storeContract(open: Open): Promise<string[]> {
  const failures: string[] = [];
  for (const [name, holds] of Object.entries(CONTRACT)) {
    const opened: LocalStore[] = [];
    const openEmpty: Open = async (limits) => {
      const store = await open(limits);
      opened.push(store);
      await store.clear();
      return store;
    };
    await holds(openEmpty).catch((error) => failures.push(`${name}: ${error.message}`));
    for (const store of opened) await store.close();
  }
  return failures;
}

async function pages(store: LocalStore, options: Parameters<LocalStore["list"]>[1]): Promise<string> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const { documents, next }: { documents: LocalDocument[]; next: string | undefined } = await store.list(
      "executions",
      { ...options, limit: 2, cursor },
    );
    found.push(documents.map(({ key }) => key).join(" "));
    cursor = next;
  } while (cursor !== undefined);
  return found.join("|");
}

async function refusal(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "nothing is refused",
    (error) => error.field,
  );
}

function equal(found: unknown, expected: unknown): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${left} is not ${right}`);
}
