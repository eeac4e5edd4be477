import { describe, expect, it } from "vitest";
import { features, withoutFromUrl } from "../src/index.js";

describe("features", () => {
  it("are found, and switched off", () => {
    expect(features().simd).toBe(true);
    expect(features({ without: ["simd"] })).toMatchObject({ simd: false, without: ["simd"] });
    expect(features()).toMatchObject({ workers: false, opfs: false, indexeddb: false });
  });

  it.each([
    ["http://localhost/", []],
    ["http://localhost/?timeloom-without=opfs,simd#x", ["simd", "opfs"]],
    ["http://localhost/?timeloom-without=all,,SIMD", []],
    ["no address", []],
    [undefined, []],
  ])("are switched off by %s", (url, without) => {
    expect(withoutFromUrl(url)).toStrictEqual(without);
  });
});
