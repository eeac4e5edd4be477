import { readFile } from "node:fs/promises";
import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";
import { useTabs } from "./chromium.js";

const readme = await readFile(join(import.meta.dirname, "../README.md"), "utf8");
const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, block = ""]) => block);

const tabs = useTabs();

it("the examples of the README print what they say", async () => {
  const page = await tabs.open();
  expect(blocks.length).toBeGreaterThan(4);
  for (const block of blocks) {
    const said = [...block.matchAll(/^console\.log\(.*; \/\/ (.*)$/gm)].map(([, line]) => line);
    expect(said.length).toBeGreaterThan(0);
    expect(await page.evaluate<string[]>(script(block))).toStrictEqual(said);
  }
});

/** An example as a function of the page that returns what it prints. */
function script(block: string): string {
  const { outputText } = ts.transpileModule(block, { compilerOptions: { target: ts.ScriptTarget.ES2022 } });
  const body = outputText
    .replaceAll(/import (\{.*?\}) from "@timeloom\/wasm";/gs, "const $1 = window.timeloom;")
    .replaceAll("console.log(", "print(");
  return `(async () => {
    const printed = [];
    const print = (...all) =>
      printed.push(all.map((each) => (typeof each === "string" ? each : JSON.stringify(each))).join(" "));
    ${body}
    return printed;
  })()`;
}
