import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { kernelModule } from "../build-kernel.mjs";

it("the kernel that is shipped is what its source compiles to", { timeout: 30_000 }, async () => {
  const shipped = await readFile(
    fileURLToPath(new URL("../src/generated/kernel.ts", import.meta.url)),
    "utf8",
  );
  expect(await kernelModule()).toBe(shipped);
});
