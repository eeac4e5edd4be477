import { describe, expect, it } from "vitest";
import { type ExportRecord, type Hashing, hashOf, partFrom, prove, readExport } from "./export";

const hashing: Hashing = {
  canonical: (value) => JSON.stringify(value, Object.keys(value as object).sort()),
  sha256: async (text) => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  },
};

async function exported(...values: string[]) {
  const records: ExportRecord[] = [];
  for (const [index, value] of values.entries()) {
    const record = { store: "localStorage", key: `key-${index}`, value };
    records.push({ ...record, sha256: await hashOf(record, hashing) });
  }
  const sha256 = await hashing.sha256(records.map((each) => each.sha256).join(""));
  return {
    format: "timeloom-export",
    formatVersion: 1,
    source: { app: "desk" },
    recordCount: records.length,
    sha256,
    records,
  };
}

const proven = (document: object) => prove(readExport(JSON.stringify(document)), hashing, () => undefined);

describe("an export", () => {
  it("is proven by its hashes", async () => {
    expect(await proven(await exported("dark", "light"))).toEqual([]);
  });

  it("names the record that was changed", async () => {
    const document = await exported("dark", "light");
    document.records[1] = { ...(document.records[1] as ExportRecord), value: "blue" };
    expect(await proven(document)).toEqual([
      { place: "records[1]", reason: "key-1: was changed after it was exported" },
    ]);
  });

  it("is not whole without one of its records", async () => {
    const document = await exported("dark", "light");
    document.records.pop();
    document.recordCount = 1;
    expect((await proven(document)).map((each) => each.place)).toEqual(["sha256"]);
  });

  it("says what each record lacks", async () => {
    const document = {
      ...(await exported("dark")),
      records: [{ store: "elsewhere", key: "a" }, 7],
      recordCount: 2,
    };
    expect(await proven(document)).toEqual([
      { place: "records[0]", reason: "store: is unknown" },
      { place: "records[1]", reason: "is no object" },
    ]);
  });

  it.each([
    ["nothing", "This is no JSON"],
    ["[]", "This is JSON, but no object."],
    ['{"format":"other"}', "format: is not timeloom-export"],
    ['{"format":"timeloom-export","formatVersion":2}', "formatVersion: is 2"],
  ])("is none if it says %s", (text, reason) => {
    expect(() => readExport(text)).toThrow(reason);
  });

  it("travels in parts that together are all of it", async () => {
    const { records } = await exported(..."abcdefgh".split("").map((letter) => letter.repeat(300_000)));
    const seen: unknown[] = [];
    let next = 0;
    let parts = 0;
    while (next < records.length) {
      const part = partFrom(records, next);
      expect(part.next).toBeGreaterThan(next);
      seen.push(...JSON.parse(part.json));
      next = part.next;
      parts += 1;
    }
    expect(seen).toEqual(records);
    expect(parts).toBe(3);
  });
});
