import { readdirSync } from "node:fs";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { entryName, SERVICE_WORKER, serviceWorker } from "./service-worker.plugin";

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
        // What every screen stands on travels as one file each: small ones pack badly.
        codeSplitting: {
          groups: [
            { name: "react", test: /node_modules\/(react|react-dom|scheduler|use-sync-external-store)\// },
            {
              name: "tanstack",
              test: /node_modules\/@tanstack\/(query-core|react-query|router-core|react-router|history|store|react-store)\//,
            },
            { name: "mantine", test: /node_modules\/@mantine\/(core\/esm\/core|hooks|store)\// },
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
