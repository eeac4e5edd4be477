import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createTimeloom } from "@timeloom/client";
import { TimeloomProvider } from "@timeloom/client/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import "./style.css";

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no place for the app.");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={new QueryClient()}>
      <TimeloomProvider timeloom={createTimeloom()} live>
        <App />
      </TimeloomProvider>
    </QueryClientProvider>
  </StrictMode>,
);
