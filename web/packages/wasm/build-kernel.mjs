// Compiles the kernel and writes it, as text, where the engine imports it from.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import asc from "assemblyscript/asc";

const root = import.meta.dirname;

/** The options of the compiler: no runtime, memory from the host, vectors. */
const OPTIONS = ["--runtime", "stub", "--enable", "simd", "-O3", "--noAssert", "--importMemory"];

/** Returns the kernel as WebAssembly. */
export async function compileKernel() {
  const files = new Map();
  const { error, stderr } = await asc.main(["assembly/kernel.ts", "--outFile", "kernel.wasm", ...OPTIONS], {
    readFile: (name) => readFile(join(root, name), "utf8").catch(() => null),
    writeFile: (name, contents) => files.set(name, contents),
    listFiles: () => [],
  });
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  return files.get("kernel.wasm");
}

/** Returns the module that carries it. */
export async function kernelModule() {
  const kernel = Buffer.from(await compileKernel()).toString("base64");
  return `// Made by "npm run build:kernel" from assembly/kernel.ts.\n\n/** The kernel as WebAssembly, in base64. */\nexport const KERNEL =\n  "${kernel}";\n`;
}

if (process.argv[1] === import.meta.filename) {
  await writeFile(join(root, "src/generated/kernel.ts"), await kernelModule());
}
