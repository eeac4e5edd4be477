/** How long work goes on before it lets other tasks of its thread run. */
export const STRETCH_MS = 16;

/** Splits long work into stretches, between which clicks, frames and the wish to end it get their turn. */
export interface Pace {
  /** Returns at once within a stretch; else lets other tasks run. Throws the signal's reason once aborted. */
  rest(): Promise<void>;
}

export function createPace(signal?: AbortSignal): Pace {
  let since = performance.now();
  return {
    async rest() {
      signal?.throwIfAborted();
      if (performance.now() - since < STRETCH_MS) return;
      await nextTask();
      signal?.throwIfAborted();
      since = performance.now();
    },
  };
}

// A message is a task of its own and, unlike a timer, is not slowed down in a row of many.
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
