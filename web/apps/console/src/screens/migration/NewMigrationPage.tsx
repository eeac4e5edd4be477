import { Anchor, SegmentedControl, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Page } from "../../ui/Page";
import { ExportReview } from "./ExportReview";
import { FromElsewhere } from "./FromElsewhere";
import { FromFile } from "./FromFile";
import { FromHere } from "./FromHere";
import { useExport } from "./useExport";

const WAYS = [
  { value: "file", label: "A file" },
  { value: "here", label: "This browser" },
  { value: "elsewhere", label: "An app's own page" },
];

/** Begins a migration: chooses an export, proves it, and uploads it. */
export function NewMigrationPage() {
  const [way, setWay] = useState("file");
  const source = useExport();
  return (
    <Page
      title="New migration"
      description={
        <>
          Nothing changes before a plan is shown and started.{" "}
          <Anchor component={Link} to="/migrations" size="sm">
            All migrations
          </Anchor>
        </>
      }
    >
      <Stack maw={760} gap="lg">
        {source.chosen.state !== "read" && (
          <>
            <SegmentedControl
              aria-label="Where the data is"
              data={WAYS}
              value={way}
              onChange={(next) => {
                source.reset();
                setWay(next);
              }}
            />
            {way === "file" && <FromFile source={source} />}
            {way === "here" && <FromHere source={source} />}
            {way === "elsewhere" && <FromElsewhere />}
          </>
        )}
        {source.chosen.state === "read" && <ExportReview source={source} summary={source.chosen.summary} />}
        {source.chosen.state === "reading" && (
          <Text role="status" size="sm" c="dimmed">
            Proving hashes: {Math.floor(source.chosen.share * 100)} %
          </Text>
        )}
      </Stack>
    </Page>
  );
}

/** What chooses an export. */
export type ExportSourceControl = ReturnType<typeof useExport>;
