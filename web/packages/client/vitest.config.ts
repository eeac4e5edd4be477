import { defineConfig } from "vitest/config";

const url = process.env.TIMELOOM_URL;
if (url === undefined) {
  console.warn(
    "TIMELOOM_URL is not set: the tests against a gateway are left out. `timeloom up -d` starts one.",
  );
}

const pure = { test: { name: "pure", include: ["test/*.test.ts"] } };
const gateway = {
  test: {
    name: "gateway",
    include: ["test/gateway/**/*.test.{ts,tsx}"],
    environment: "./test/gateway/environment.ts",
    // The page's own origin is the gateway's, as it is for what the gateway serves.
    environmentOptions: { happyDOM: { url } },
    testTimeout: 20_000,
  },
};

export default defineConfig({
  resolve: { conditions: ["timeloom-source"] },
  test: { projects: url === undefined ? [pure] : [pure, gateway] },
});
