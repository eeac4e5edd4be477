// What the page of the tests has: the package, as an application that is built by Vite has it.
import * as timeloom from "../src/index.js";

declare global {
  interface Window {
    timeloom: typeof timeloom;
  }
}

window.timeloom = timeloom;
