import { Stack, Text, UnstyledButton } from "@mantine/core";
import { DRAGGED_KIND } from "../flow/dragging";
import { KindIcon } from "../flow/icons";
import { STEP_KINDS } from "../model/kinds";
import classes from "./designer.module.css";

const GROUPS = ["Do", "Decide", "Repeat", "Wait"] as const;

/** Kinds of steps, to drag onto the canvas, or to add by Enter. */
export function Palette({ where, onAdd }: { where: string; onAdd: (kind: string) => void }) {
  return (
    <Stack gap="sm">
      <Text size="xs" c="dimmed" role="status">
        Drag onto the graph, or press Enter to add {where}.
      </Text>
      {GROUPS.map((group) => (
        <section key={group} aria-label={group}>
          <Text size="xs" c="dimmed" fw={600} mb={4}>
            {group}
          </Text>
          <div className={classes.kinds}>
            {STEP_KINDS.filter((each) => each.group === group).map((kind) => (
              <UnstyledButton
                key={kind.key}
                className={classes.kind ?? ""}
                draggable
                title={kind.hint}
                aria-label={`Add ${kind.label}`}
                onDragStart={(event) => {
                  event.dataTransfer.setData(DRAGGED_KIND, kind.key);
                  event.dataTransfer.effectAllowed = "copy";
                }}
                onClick={() => onAdd(kind.key)}
              >
                <KindIcon kind={kind.key} size={14} />
                <span>{kind.label}</span>
              </UnstyledButton>
            ))}
          </div>
        </section>
      ))}
    </Stack>
  );
}
