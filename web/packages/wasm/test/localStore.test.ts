import { describe, expect, it } from "vitest";
import { openLocalStore } from "../src/index.js";
import { storeContract } from "./storeContract.js";

describe("a store in memory", () => {
  it("keeps the contract of all stores", async () => {
    const failures = await storeContract((limits) => openLocalStore({ name: "contract", ...limits }));
    expect(failures).toStrictEqual([]);
  });

  it("says why it is none that stays", async () => {
    const store = await openLocalStore({ name: "memory" });
    const { engine, isDurable, fallbacks } = await store.stats();
    expect([engine, isDurable, fallbacks.map((each) => each.engine)]).toStrictEqual([
      "memory",
      false,
      ["sqlite", "indexeddb"],
    ]);
  });
});
