import { defineConfig } from "vitest/config";

const patient = { testTimeout: 30_000, hookTimeout: 30_000 }; // machines of a CI are slow at times
const inChromium = { ...patient, globalSetup: "tests-browser/site.ts" };

export default defineConfig({
  test: {
    projects: [
      { test: { name: "node", include: ["test/**/*.test.ts"], setupFiles: "test/setup.ts", ...patient } },
      { test: { name: "browser", include: ["tests-browser/**/*.test.ts"], ...inChromium } },
      { test: { name: "bench", include: ["bench/**/*.bench.ts"], ...inChromium } },
    ],
  },
});
