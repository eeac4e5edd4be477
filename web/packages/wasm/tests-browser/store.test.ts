import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import type { EngineName, Feature } from "../src/index.js";
import { useTabs } from "./chromium.js";

const ENGINES: [EngineName, Feature[]][] = [
  ["sqlite", []],
  ["indexeddb", ["opfs"]],
  ["memory", ["opfs", "indexeddb"]],
];

const tabs = useTabs();

/** Opens the store "test" of a tab, where later calls find it. */
async function openStore(page: Page, without: Feature[] = []): Promise<EngineName> {
  return page.evaluate(async (names) => {
    const store = await window.timeloom.openLocalStore({ name: "test", without: names });
    Object.assign(window, { store });
    return (await store.stats()).engine;
  }, without);
}

declare const store: import("../src/index.js").LocalStore;

const put = (page: Page, key: string, value: unknown) =>
  page.evaluate(
    ([name, content]) => store.put("memories", { key: name as string, value: content }),
    [key, value],
  );
const get = (page: Page, key: string) =>
  page.evaluate(async (name) => (await store.get("memories", name))?.value, key);

describe.each(ENGINES)("a store of %s", (engine, without) => {
  it("keeps the contract of all stores", async () => {
    const page = await tabs.open();
    expect(await openStore(page, without)).toBe(engine);
    const failures = await page.evaluate((names) => {
      const { openLocalStore, storeContract } = window.timeloom;
      return storeContract((limits) => openLocalStore({ name: "contract", without: names, ...limits }));
    }, without);
    expect(failures).toStrictEqual([]);
  });

  it(engine === "memory" ? "forgets with a reload" : "survives a reload", async () => {
    const page = await tabs.open();
    await openStore(page, without);
    await put(page, "a", { text: "kept" });
    await page.reload();
    expect(await openStore(page, without)).toBe(engine);
    expect(await get(page, "a")).toStrictEqual(engine === "memory" ? undefined : { text: "kept" });
  });
});

describe.each(ENGINES.slice(0, 2))("two tabs with a store of %s", (engine, without) => {
  it("see what the other wrote, and go on when the first is closed", async () => {
    const first = await tabs.open();
    const second = await tabs.open();
    expect([await openStore(first, without), await openStore(second, without)]).toStrictEqual([
      engine,
      engine,
    ]);
    await put(first, "a", 1);
    await put(second, "b", 2);
    expect([await get(second, "a"), await get(first, "b")]).toStrictEqual([1, 2]);
    await first.close();
    expect(await get(second, "a")).toBe(1);
    await put(second, "c", 3);
    const third = await tabs.open();
    await openStore(third, without);
    expect(await get(third, "c")).toBe(3);
  });
});

describe("SQLite", () => {
  it("loses no write of a tab whose owner is closed meanwhile", async () => {
    const [owner, guest] = [await tabs.open(), await tabs.open()];
    await openStore(owner);
    await openStore(guest);
    await guest.evaluate(() => {
      const writes = Array.from({ length: 60 }, (_, at) =>
        store.put("memories", { key: `k${at}`, value: at }),
      );
      Object.assign(window, { written: Promise.all(writes) });
    });
    await owner.close();
    await guest.evaluate(() => (window as unknown as { written: Promise<unknown> }).written);
    expect(await guest.evaluate(() => store.count("memories"))).toBe(60);
  });

  it("is replaced, with the reason, where its code cannot be loaded", async () => {
    await tabs.context.route("**/*.wasm", (route) => route.abort());
    const page = await tabs.open();
    expect(await openStore(page)).toBe("indexeddb");
    const [fallback] = await page.evaluate(async () => (await store.stats()).fallbacks);
    expect(fallback?.engine).toBe("sqlite");
    expect(fallback?.reason).not.toBe("");
  });

  it("begins anew where its file is damaged", async () => {
    const page = await tabs.open();
    await openStore(page);
    await put(page, "a", 1);
    await page.evaluate(() => store.close());
    const damaged = await page.evaluate(async () => {
      const root = await navigator.storage.getDirectory();
      const folder = await (await root.getDirectoryHandle(".timeloom-local")).getDirectoryHandle("test");
      const files = await folder.getDirectoryHandle(".opaque");
      let count = 0;
      for await (const file of (
        files as unknown as { values(): AsyncIterable<FileSystemFileHandle> }
      ).values()) {
        const { size } = await file.getFile();
        if (size <= 4096) continue; // the name of a file, and no content
        const writable = await file.createWritable({ keepExistingData: true });
        await writable.write({ type: "write", position: 4096, data: new Uint8Array(5000).fill(7) });
        await writable.close();
        count++;
      }
      return count;
    });
    expect(damaged).toBe(1);
    expect(await openStore(page)).toBe("sqlite");
    expect(await get(page, "a")).toBeUndefined();
    await put(page, "b", 2);
    expect(await page.evaluate(async () => (await store.health()).problems)).toStrictEqual([]);
  });

  it("is switched off by the page's address", async () => {
    const page = await tabs.open("?timeloom-without=opfs");
    expect(await page.evaluate(() => window.timeloom.features().opfs)).toBe(false);
    const engine = await page.evaluate(async () => {
      const opened = await window.timeloom.openLocalStore({ name: "address" });
      return (await opened.stats()).engine;
    });
    expect(engine).toBe("indexeddb");
  });
});

describe.each(ENGINES.slice(0, 2))("a new schema in %s", (_, without) => {
  it("migrates each document once and deletes those it has no use for", async () => {
    const page = await tabs.open();
    await openStore(page, without);
    for (const key of ["a", "b", "c"]) await put(page, key, { name: key });
    await page.reload();
    const open = () =>
      page.evaluate(async (names) => {
        let migrated = 0;
        const opened = await window.timeloom.openLocalStore({
          name: "test",
          without: names,
          schema: {
            version: 2,
            migrate(document, { collection, version }) {
              migrated++;
              const { name } = document.value as { name: string };
              if (name === "b") return undefined;
              return { ...document, value: { title: `${name} of ${collection} ${version}` } };
            },
          },
        });
        const { documents } = await opened.list("memories", { order: "oldest" });
        await opened.close();
        return { migrated, values: documents.map(({ value }) => (value as { title: string }).title) };
      }, without);
    const values = ["a of memories 1", "c of memories 1"];
    expect(await open()).toStrictEqual({ migrated: 3, values });
    expect(await open()).toStrictEqual({ migrated: 0, values });
  });
});
