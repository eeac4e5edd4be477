import { existsSync, readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const CREDENTIALS = "../../../.timeloom/credentials.json";

/** Where Timeloom is, and a key: from the environment, or as `timeloom up` wrote them down. */
function connection(): { httpUrl: string; apiKey: string } {
  const written = existsSync(CREDENTIALS) ? JSON.parse(readFileSync(CREDENTIALS, "utf-8")) : {};
  const { TIMELOOM_URL, TIMELOOM_API_KEY } = process.env;
  return {
    httpUrl: TIMELOOM_URL ?? written.httpUrl ?? "http://127.0.0.1:8080",
    apiKey: TIMELOOM_API_KEY ?? written.apiKey ?? "",
  };
}

const { httpUrl, apiKey } = connection();

export default defineConfig({
  plugins: [react()],
  resolve: { conditions: ["timeloom-source"] },
  server: {
    proxy: {
      "/api": {
        target: httpUrl,
        changeOrigin: true,
        ws: true,
        headers: { Authorization: `Bearer ${apiKey}`, Origin: httpUrl },
      },
    },
  },
});
