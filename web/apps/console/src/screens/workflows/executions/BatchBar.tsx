import { Button, Menu, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type Schemas, TimeloomError } from "@timeloom/client";
import { invalidatePaths, useTimeloom, useWorkflowControls } from "@timeloom/client/react";
import { ChevronDown } from "lucide-react";
import { useState } from "react";
import { ConfirmDialog } from "../../../ui/ConfirmDialog";
import { formatCount } from "../../../ui/format";

type Filter = Schemas["WorkflowExecutionFilterInput"];
type ActionName = "PAUSE" | "RESUME" | "CANCEL" | "RETRY" | "DELETE";

const ACTIONS: readonly { readonly name: ActionName; readonly label: string; readonly effect: string }[] = [
  { name: "PAUSE", label: "Pause", effect: "Steps that run end and are kept; no other begins." },
  { name: "RESUME", label: "Resume", effect: "What is paused goes on." },
  {
    name: "CANCEL",
    label: "Cancel",
    effect: "What runs is stopped, and what is done is undone where the workflow says how.",
  },
  {
    name: "RETRY",
    label: "Retry",
    effect: "Those that failed or were cancelled go on from the steps that failed.",
  },
  {
    name: "DELETE",
    label: "Delete",
    effect: "Those that have ended are deleted with their steps and history. This cannot be undone.",
  },
];

/** Rounds of one call to everything that a filter means. */
const ROUNDS_MAX = 100;

interface BatchBarProps {
  readonly filter: { [Name in keyof Filter]: Filter[Name] | undefined };
  readonly selected: ReadonlySet<string>;
  readonly onDone: () => void;
}

/** Does the same to all chosen executions, or to all that the filter means. */
export function BatchBar({ filter, selected, onDone }: BatchBarProps) {
  const [asked, setAsked] = useState<ActionName>();
  const action = ACTIONS.find((each) => each.name === asked);
  const many = useBatch(filter, selected);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button
            size="compact-sm"
            variant="default"
            ml="auto"
            rightSection={<ChevronDown size={14} aria-hidden />}
          >
            {selected.size > 0 ? `Control ${formatCount(selected.size)} chosen` : "Control all of these"}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {ACTIONS.map((each) => (
            <Menu.Item
              key={each.name}
              {...(each.name === "DELETE" && { color: "red" })}
              onClick={() => setAsked(each.name)}
            >
              {each.label}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {action !== undefined && (
        <ConfirmDialog
          isOpen
          onClose={() => setAsked(undefined)}
          title={`${action.label} ${selected.size > 0 ? "the chosen executions" : "all of these executions"}?`}
          action={action.label}
          isDestructive={action.name === "CANCEL" || action.name === "DELETE"}
          asksReason={action.name !== "DELETE"}
          onConfirm={async (reason) => {
            const changed = await many(action.name, reason);
            notifications.show({ message: `${action.label}: ${formatCount(changed)} executions.` });
            onDone();
          }}
        >
          <Text size="sm">{action.effect}</Text>
          {selected.size === 0 && <Counted filter={filter} action={action.name} />}
        </ConfirmDialog>
      )}
    </>
  );
}

function Counted({ filter, action }: { filter: BatchBarProps["filter"]; action: ActionName }) {
  const { rest } = useTimeloom();
  const counted = useQuery({
    queryKey: ["count what is controlled", filter, action],
    staleTime: 0,
    queryFn: async ({ signal }) => {
      const body = { filter: stripped(filter), action, dryRun: true, limit: 10_000 };
      return (await rest.POST("/api/workflows/executions:control", { body, signal })).data;
    },
  });
  const count = counted.data?.changedCount;
  return (
    <Text size="sm" mt="xs" fw={600} role="status">
      {count === undefined
        ? "Counting"
        : `It concerns ${formatCount(count)}${counted.data?.more ? " or more" : ""} executions.`}
    </Text>
  );
}

/** What does one thing to many executions, and says to how many it was done. */
function useBatch(filter: BatchBarProps["filter"], selected: ReadonlySet<string>) {
  const { rest } = useTimeloom();
  const queries = useQueryClient();
  const controls = useWorkflowControls();
  const one = {
    PAUSE: controls.pause,
    RESUME: controls.resume,
    CANCEL: controls.cancel,
    RETRY: controls.retry,
    DELETE: controls.remove,
  };
  return async (action: ActionName, reason: string): Promise<number> => {
    let changed = 0;
    if (selected.size > 0) {
      for (const executionId of selected) {
        const variables = action === "DELETE" ? { executionId } : { executionId, reason };
        changed += await one[action].mutateAsync(variables).then(
          () => 1,
          (error: unknown) => {
            // It ended, or was dealt with, since it was chosen.
            if (error instanceof TimeloomError && error.code === "WRONG_STATUS") return 0;
            throw error;
          },
        );
      }
      return changed;
    }
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const body = { filter: stripped(filter), action, reason };
      const { data } = await rest.POST("/api/workflows/executions:control", { body });
      changed += data?.changedCount ?? 0;
      if (data?.more !== true) break;
    }
    await invalidatePaths(queries, ["/api/workflows"]);
    return changed;
  };
}

function stripped(filter: BatchBarProps["filter"]): Filter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}
