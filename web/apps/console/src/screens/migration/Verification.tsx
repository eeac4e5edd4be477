import { Alert, Stack, Table, Text } from "@mantine/core";
import type { Schemas } from "@timeloom/client";
import { CircleAlert, ShieldCheck } from "lucide-react";
import { formatCount, formatDateTime, wordsOf } from "../../ui/format";

/** What comparing everything with what was meant has shown. */
export function Verification({ verification }: { verification: Schemas["Verification"] }) {
  const { ok, checkedCount, problems, problemCount, time } = verification;
  return (
    <Stack>
      <Alert
        role="status"
        variant="light"
        color={ok ? "green" : "red"}
        icon={ok ? <ShieldCheck size={18} aria-hidden /> : <CircleAlert size={18} aria-hidden />}
        title={
          ok ? "Everything is as it was meant" : `${formatCount(problemCount)} are not as they were meant`
        }
      >
        {formatCount(checkedCount)} compared{time && `, ${formatDateTime(time)}`}.
      </Alert>
      {problems.length > 0 && (
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Table</Table.Th>
              <Table.Th>Which</Table.Th>
              <Table.Th>Problem</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {problems.map((each) => (
              <Table.Tr key={each.itemNumber}>
                <Table.Td>{wordsOf(each.table)}</Table.Td>
                <Table.Td className="mono">{each.targetId}</Table.Td>
                <Table.Td>{each.problem}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {problemCount > problems.length && (
        <Text size="sm" c="dimmed">
          The first {problems.length} of {formatCount(problemCount)}.
        </Text>
      )}
    </Stack>
  );
}
