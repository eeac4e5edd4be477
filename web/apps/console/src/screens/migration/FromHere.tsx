import { Button, Paper, Stack, Text } from "@mantine/core";
import { ScanSearch } from "lucide-react";
import { Problem } from "../../ui/Problem";
import classes from "./Migration.module.css";
import type { ExportSourceControl } from "./NewMigrationPage";
import { collectHere, sourceHere } from "./this-browser";

/** What apps of the console's own origin keep in this browser. */
export function FromHere({ source }: { source: ExportSourceControl }) {
  const look = () => {
    collectHere().then(
      (records) => {
        if (records.length > 0) source.openRecords(sourceHere(), records);
        else source.fail(`No app keeps anything in this browser under ${location.origin}.`);
      },
      (error: Error) => source.fail(error.message),
    );
  };
  return (
    <Stack gap="sm">
      <Paper className={classes.drop ?? ""}>
        <ScanSearch size={28} strokeWidth={1.4} aria-hidden />
        <Text ta="center">
          Looks for what apps keep in localStorage and IndexedDB of{" "}
          <span className="mono">{location.origin}</span>
        </Text>
        <Button variant="default" onClick={look} loading={source.chosen.state === "reading"}>
          Look
        </Button>
        <Text size="xs" c="dimmed">
          You see keys and sizes before anything leaves this browser.
        </Text>
      </Paper>
      {source.chosen.state === "refused" && <Problem error={new Error(source.chosen.message)} />}
    </Stack>
  );
}
