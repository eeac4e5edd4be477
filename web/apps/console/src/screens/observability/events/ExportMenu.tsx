import { Button, Menu } from "@mantine/core";
import type { EventFilter } from "@timeloom/client";
import { Download } from "lucide-react";

const FORMATS = [
  { format: "JSONL", label: "JSON, a document a line" },
  { format: "PARQUET", label: "Apache Parquet" },
] as const;

/** Saves the events of a filter as a file, with everything that is known of them. */
export function ExportMenu({ filter }: { filter: EventFilter }) {
  return (
    <Menu shadow="md" position="bottom-end">
      <Menu.Target>
        <Button size="xs" variant="default" leftSection={<Download size={14} aria-hidden />}>
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {FORMATS.map(({ format, label }) => (
          <Menu.Item key={format} component="a" href={exportUrl(filter, format)} download>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function exportUrl(filter: EventFilter, format: string): string {
  const query = new URLSearchParams({ format });
  for (const [name, value] of Object.entries(filter)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined) query.append(`filter.${name}`, String(each));
    }
  }
  return `/api/observability/events/export?${query}`;
}
