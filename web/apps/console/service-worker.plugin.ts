import { createHash } from "node:crypto";
import type { Plugin } from "vite";

/** The service worker's entry, as `rollupOptions.input` names it. */
export const SERVICE_WORKER = "service-worker";
const FILE = "sw.js";

/** Tells the service worker which files there are, and gives it the one name that browsers look for anew. */
export function serviceWorker(publicFiles: readonly string[]): Plugin {
  return {
    name: "timeloom-service-worker",
    apply: "build",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const worker = bundle[FILE];
        if (worker?.type !== "chunk") throw new Error(`The build has no ${FILE}.`);
        const built = Object.values(bundle).filter((each) => each.fileName !== FILE);
        const files = built.map((each) => each.fileName).filter((name) => !name.endsWith(".html"));
        const digest = createHash("sha256");
        for (const each of built) digest.update(each.type === "chunk" ? each.code : each.source);
        const shell = {
          version: digest.digest("hex").slice(0, 12),
          files: [...files, ...publicFiles].map((name) => `/${name}`).sort(),
        };
        worker.code = `const SHELL = ${JSON.stringify(shell)};\n${worker.code}`;
      },
    },
  };
}

/** The name of an entry's file: the service worker has none that changes. */
export function entryName(name: string): string {
  return name === SERVICE_WORKER ? FILE : "assets/[name]-[hash].js";
}
