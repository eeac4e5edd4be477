import { Button, FileButton, Paper, Stack, Text } from "@mantine/core";
import { FileUp } from "lucide-react";
import { type DragEvent, useState } from "react";
import { Problem } from "../../ui/Problem";
import classes from "./Migration.module.css";
import type { ExportSourceControl } from "./NewMigrationPage";

/** An export's file, chosen or dropped. */
export function FromFile({ source }: { source: ExportSourceControl }) {
  const [isOver, setOver] = useState(false);
  const isReading = source.chosen.state === "reading";
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file !== undefined) source.openFile(file);
  };
  return (
    <Stack gap="sm">
      <Paper
        className={classes.drop ?? ""}
        data-over={isOver || undefined}
        onDragOver={(event: DragEvent) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <FileUp size={28} strokeWidth={1.4} aria-hidden />
        <Text>Drop an export here, or</Text>
        <FileButton accept="application/json,.json" onChange={(file) => file && source.openFile(file)}>
          {(props) => (
            <Button {...props} variant="default" loading={isReading}>
              Choose a file
            </Button>
          )}
        </FileButton>
        <Text size="xs" c="dimmed">
          The JSON that <span className="mono">migrate.js</span> or{" "}
          <span className="mono">timeloom.exports</span> makes, up to 64 MB. It is read and proven in this
          browser first.
        </Text>
      </Paper>
      {source.chosen.state === "refused" && <Problem error={new Error(source.chosen.message)} />}
    </Stack>
  );
}
