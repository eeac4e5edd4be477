import { readdirSync } from "node:fs";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { entryName, SERVICE_WORKER, serviceWorker } from "./service-worker.plugin.ts";

// `npm run dev` serves the sources and passes everything else on to a running Timeloom.
const gateway = process.env.TIMELOOM_URL ?? "http://127.0.0.1:8080";

const conditions = ["timeloom-source", "module", "browser", "development|production"];

export default defineConfig({
  plugins: [react(), serviceWorker(readdirSync(new URL("public", import.meta.url)))],
  resolve: { conditions },
  ssr: { resolve: { conditions } }, // where the unit tests run
  build: {
    target: "es2022",
    sourcemap: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
    rollupOptions: {
      input: { index: "index.html", [SERVICE_WORKER]: "worker/service-worker.ts" },
      output: {
        entryFileNames: ({ name }) => entryName(name),
        // A file has its price, however small: what the first screen needs comes in a few, and what
        // many screens share in one.
        codeSplitting: {
          groups: [
            { name: "react", tags: ["$initial"], test: /node_modules\/(react|react-dom|scheduler)\// },
            { name: "tanstack", tags: ["$initial"], test: /node_modules\/@tanstack\// },
            { name: "mantine", tags: ["$initial"], test: /node_modules\/@mantine\// },
            { name: "shell", tags: ["$initial"], test: /\/(src|node_modules)\// },
            { name: "common", minShareCount: 6 },
          ],
        },
      },
    },
  },
  worker: { format: "es" },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/auth", "/v1", "/docs", "/openapi.json", "/readyz", "/healthz"].map((path) => [
        path,
        { target: gateway, ws: true, changeOrigin: true },
      ]),
    ),
  },
});
