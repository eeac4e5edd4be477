import { TimeloomError } from "@timeloom/client";

const AT_ONCE = 4;

/**
 * Does the same to each of many, a few at a time. What is gone meanwhile counts as done; the first other refusal is
 * thrown when those under way have ended.
 */
export async function forEach<Item>(
  items: readonly Item[],
  run: (item: Item) => Promise<unknown>,
  onDone?: (count: number) => void,
): Promise<void> {
  let next = 0;
  let done = 0;
  let refusal: { readonly error: unknown } | undefined;
  const work = async () => {
    while (next < items.length && refusal === undefined) {
      const item = items[next++] as Item;
      try {
        await run(item);
      } catch (error) {
        if (!(error instanceof TimeloomError && error.status === 404)) refusal ??= { error };
      }
      done += 1;
      onDone?.(done);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, work));
  if (refusal !== undefined) throw refusal.error;
}
