const WORKER = "/sw.js";
/** How often a page that stays open asks whether there is a new version. */
const CHECK_MS = 60 * 60_000;

/**
 * Registers the service worker, and calls back when a newer one is ready; what it is given loads that.
 *
 * Returns what ends that. Pages that are not served securely have no service workers, and neither has `npm run dev`.
 */
export function followUpdates(onReady: (apply: () => void) => void): () => void {
  const workers = globalThis.navigator.serviceWorker;
  if (import.meta.env.DEV || workers === undefined) return () => undefined;
  const ending = new AbortController();
  const { signal } = ending;
  const isControlled = workers.controller !== null;
  let isApplying = false;

  const tell = (registration: ServiceWorkerRegistration) => {
    const { waiting } = registration;
    if (waiting === null || !isControlled) return;
    onReady(() => {
      isApplying = true;
      waiting.postMessage("activate");
    });
  };
  const follow = (registration: ServiceWorkerRegistration) => {
    tell(registration);
    registration.addEventListener(
      "updatefound",
      () => {
        const installing = registration.installing;
        installing?.addEventListener("statechange", () => tell(registration), { signal });
      },
      { signal },
    );
    const timer = setInterval(() => void registration.update().catch(() => undefined), CHECK_MS);
    signal.addEventListener("abort", () => clearInterval(timer));
  };
  workers.addEventListener(
    "controllerchange",
    () => {
      if (isApplying) location.reload();
      else if (isControlled) onReady(() => location.reload());
    },
    { signal },
  );
  void whenLoaded(signal)
    .then(() => workers.register(WORKER))
    .then(follow)
    .catch(() => undefined); // without it the console needs the network, and works
  return () => ending.abort();
}

/** The page's own files come first. */
function whenLoaded(signal: AbortSignal): Promise<void> {
  if (document.readyState === "complete") return Promise.resolve();
  return new Promise((resolve) =>
    globalThis.addEventListener("load", () => resolve(), { once: true, signal }),
  );
}
