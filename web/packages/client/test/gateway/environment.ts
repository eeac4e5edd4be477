/** happy-dom's page with the platform's own `fetch`: its imitation loses streams that are read only in part. */
import { builtinEnvironments, type Environment } from "vitest/runtime";

const OWN = ["fetch", "Request", "Response", "Headers", "AbortController", "AbortSignal"] as const;

const page = builtinEnvironments["happy-dom"];

const environment: Environment = {
  name: "page",
  viteEnvironment: "client",
  async setup(global, options) {
    const own = OWN.map((name) => [name, global[name]] as const);
    const made = await page.setup(global, options);
    for (const [name, value] of own) Object.defineProperty(global, name, { value, configurable: true });
    return made;
  },
};

export default environment;
