import "./app/styles";
import "@mantine/notifications/styles.layer.css";
import "@mantine/spotlight/styles.layer.css";
import "./app/global.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { router } from "./app/router";

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no element #root.");
// The screen's own files come while the page asks who is signed in.
void router.load();
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
