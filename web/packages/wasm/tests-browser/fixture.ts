// What the page of the tests has: the package, as an application that is built by Vite has it.
import * as timeloom from "../src/index.js";
import { storeContract } from "../test/storeContract.js";
import { randomVectors } from "../test/vectors.js";

const fixture = { ...timeloom, storeContract, randomVectors };

declare global {
  interface Window {
    timeloom: typeof fixture;
  }
}

window.timeloom = fixture;
