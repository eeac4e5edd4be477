import { Spotlight, type SpotlightActionData, spotlight } from "@mantine/spotlight";
import { useNavigate } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { useMemo, useSyncExternalStore } from "react";
import { PLACES } from "./places";

/** A command that a screen offers while it is shown. */
export interface Command extends Pick<SpotlightActionData, "id" | "leftSection"> {
  readonly label: string;
  readonly description?: string;
  readonly onClick: () => void;
}

const RESULTS_MAX = 12;
let offered: readonly Command[] = [];
const listeners = new Set<() => void>();

function change(next: readonly Command[]) {
  offered = next;
  for (const listener of listeners) listener();
}

/** Offers commands in the palette until the returned function is called; made for an effect. */
export function offerCommands(commands: readonly Command[]): () => void {
  change([...offered, ...commands]);
  return () => change(offered.filter((each) => !commands.includes(each)));
}

/** Opens the palette. */
export function openCommands(): void {
  spotlight.open();
}

/** Search for places and commands; what looks like an id is opened. */
export function CommandPalette() {
  const navigate = useNavigate();
  const commands = useSyncExternalStore(subscribe, () => offered);
  const actions = useMemo(() => {
    const places = PLACES.map((place) => ({
      id: place.to,
      label: place.label,
      description: place.hint,
      leftSection: <place.icon size={16} aria-hidden />,
      onClick: () => void navigate({ to: place.to }),
    }));
    return [
      { group: "On this screen", actions: [...commands] },
      { group: "Go to", actions: places },
    ].filter((each) => each.actions.length > 0);
  }, [commands, navigate]);
  return (
    <Spotlight
      actions={actions}
      shortcut="mod + K"
      limit={RESULTS_MAX}
      highlightQuery
      nothingFound="Nothing has these words"
      searchProps={{
        leftSection: <Search size={16} aria-hidden />,
        placeholder: "Search or run a command",
        "aria-label": "Search or run a command",
      }}
    />
  );
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
