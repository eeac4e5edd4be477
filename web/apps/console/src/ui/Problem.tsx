import { Alert, List, Text } from "@mantine/core";
import { TimeloomError } from "@timeloom/client";
import { CircleAlert } from "lucide-react";

/** An error within a form or a panel: what went wrong, and which fields no control of the form shows. */
export function Problem({ error, shown = [] }: { error: unknown; shown?: readonly string[] }) {
  const violations = error instanceof TimeloomError ? error.violations : [];
  const rest = violations.filter((each) => !shown.includes(each.field));
  return (
    <Alert role="alert" color="red" variant="light" p="xs" icon={<CircleAlert size={16} aria-hidden />}>
      <Text size="sm">{error instanceof Error ? error.message : String(error)}</Text>
      {rest.length > 0 && (
        <List size="sm" mt={4}>
          {rest.map((each) => (
            <List.Item key={`${each.field} ${each.description}`}>
              <span className="mono">{each.field}</span> {each.description}
            </List.Item>
          ))}
        </List>
      )}
    </Alert>
  );
}
