import { type ReactNode, useSyncExternalStore } from "react";

/** A command that a screen offers in the palette while it is shown. */
export interface Command {
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  readonly leftSection?: ReactNode;
  readonly onClick: () => void;
}

let offered: readonly Command[] = [];
const listeners = new Set<() => void>();

function change(next: readonly Command[]) {
  offered = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Offers commands in the palette until the returned function is called; made for an effect. */
export function offerCommands(commands: readonly Command[]): () => void {
  change([...offered, ...commands]);
  return () => change(offered.filter((each) => !commands.includes(each)));
}

/** What is offered now. */
export function useCommands(): readonly Command[] {
  return useSyncExternalStore(subscribe, () => offered);
}
