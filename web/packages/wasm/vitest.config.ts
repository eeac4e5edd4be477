import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "node", include: ["test/**/*.test.ts"] } },
      {
        test: {
          name: "browser",
          include: ["tests-browser/**/*.test.ts"],
          globalSetup: "tests-browser/site.ts",
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
    ],
  },
});
