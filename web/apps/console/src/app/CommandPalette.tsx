import { Spotlight } from "@mantine/spotlight";
import { useNavigate } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { useMemo } from "react";
import { useCommands } from "./commands";
import { PLACES } from "./places";

const RESULTS_MAX = 12;
/** Search for places and commands; what looks like an id is opened. */
export function CommandPalette() {
  const navigate = useNavigate();
  const commands = useCommands();
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
