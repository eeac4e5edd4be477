import { Table, Text, UnstyledButton } from "@mantine/core";
import type { EnvironmentRow } from "@timeloom/client/collections";
import { useOfflineQueue } from "@timeloom/client/offline";
import { KeyRound } from "lucide-react";
import { TimeAgo } from "../../ui/Time";
import classes from "./EnvironmentTable.module.css";

interface EnvironmentTableProps {
  readonly environments: readonly EnvironmentRow[];
  readonly onOpen: (environment: EnvironmentRow) => void;
}

/** The environments of a project. */
export function EnvironmentTable({ environments, onOpen }: EnvironmentTableProps) {
  const { pending } = useOfflineQueue();
  const waiting = new Set(pending.map(({ mutation }) => mutation.recordId));
  return (
    <div className={classes.frame}>
      <Table highlightOnHover verticalSpacing={6} aria-label="Environments">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th>Repository</Table.Th>
            <Table.Th ta="right">Variables</Table.Th>
            <Table.Th>Secrets</Table.Th>
            <Table.Th ta="right">Changed</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {environments.map((environment) => (
            <Table.Tr key={environment.id} className={classes.row} onClick={() => onOpen(environment)}>
              <Table.Td>
                <UnstyledButton className={classes.name}>{environment.name}</UnstyledButton>
                {environment.description !== "" && (
                  <Text size="xs" c="dimmed" lineClamp={1}>
                    {environment.description}
                  </Text>
                )}
              </Table.Td>
              <Table.Td className="mono">
                {[environment.githubOrganization, environment.githubRepository].filter(Boolean).join("/") ||
                  "–"}
              </Table.Td>
              <Table.Td ta="right">{Object.keys(environment.variables ?? {}).length}</Table.Td>
              <Table.Td>
                <SecretNames names={environment.secretNames ?? []} />
              </Table.Td>
              <Table.Td ta="right">
                {waiting.has(environment.id) ? (
                  <Text size="sm" c="var(--tl-info)">
                    Not sent yet
                  </Text>
                ) : (
                  environment.updateTime !== undefined && <TimeAgo time={environment.updateTime} />
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function SecretNames({ names }: { names: readonly string[] }) {
  if (names.length === 0) return "–";
  return (
    <Text size="sm" className="mono" lineClamp={1}>
      <KeyRound size={12} aria-hidden /> {names.join(", ")}
    </Text>
  );
}
