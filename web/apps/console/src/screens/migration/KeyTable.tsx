import { ScrollArea, Table, Text } from "@mantine/core";
import { formatBytes, formatCount } from "../../ui/format";
import type { ExportSummary } from "./export";

const SHOWN_MAX = 200;

/** What lies under which key, by size and never by value. */
export function KeyTable({ keys }: { keys: ExportSummary["keys"] }) {
  const groups = groupsOf(keys);
  return (
    <ScrollArea.Autosize mah={360} type="auto" tabIndex={0} aria-label="What was found">
      <Table stickyHeader verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Store</Table.Th>
            <Table.Th>Key</Table.Th>
            <Table.Th ta="right">Records</Table.Th>
            <Table.Th ta="right">Size</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {groups.slice(0, SHOWN_MAX).map((group) => (
            <Table.Tr key={`${group.store} ${group.key}`}>
              <Table.Td c="dimmed">{group.store}</Table.Td>
              <Table.Td className="mono">{group.key}</Table.Td>
              <Table.Td ta="right">{formatCount(group.count)}</Table.Td>
              <Table.Td ta="right">{formatBytes(group.bytes)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {groups.length > SHOWN_MAX && (
        <Text size="sm" c="dimmed" p="xs">
          and {formatCount(groups.length - SHOWN_MAX)} more
        </Text>
      )}
    </ScrollArea.Autosize>
  );
}

interface Group {
  readonly store: string;
  readonly key: string;
  readonly count: number;
  readonly bytes: number;
}

/** The keys of localStorage one by one, the entries of an object store together; the largest first. */
function groupsOf(keys: ExportSummary["keys"]): Group[] {
  const groups = new Map<string, Group>();
  for (const { store, key, bytes } of keys) {
    const name = store === "localStorage" ? key : "all entries";
    const id = `${store} ${name}`;
    const known = groups.get(id) ?? { store, key: name, count: 0, bytes: 0 };
    groups.set(id, { ...known, count: known.count + 1, bytes: known.bytes + bytes });
  }
  return [...groups.values()].sort((left, right) => right.bytes - left.bytes);
}
