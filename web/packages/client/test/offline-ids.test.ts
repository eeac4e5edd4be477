import { afterEach, expect, it, vi } from "vitest";
import { randomId } from "../src/offline/ids.js";

afterEach(() => vi.unstubAllGlobals());

it("makes UUIDs of the fourth version, also without the platform's help", () => {
  const own = { getRandomValues: crypto.getRandomValues.bind(crypto) };
  const made = [randomId()];
  vi.stubGlobal("crypto", own);
  made.push(randomId());
  for (const id of made)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
