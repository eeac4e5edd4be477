import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useEffect } from "react";
import { followUpdates } from "./updates";

const NOTICE = "update";

/** Says when there is a new version of the console, and opens it if that is wanted. */
export function UpdateNotice() {
  useEffect(
    () =>
      followUpdates((apply) => {
        notifications.show({
          id: NOTICE,
          autoClose: false,
          title: "There is a new version of the console",
          message: (
            <Group justify="space-between">
              <Text size="sm">It is used when this page is loaded again.</Text>
              <Button size="xs" variant="default" onClick={apply}>
                Load it
              </Button>
            </Group>
          ),
        });
      }),
    [],
  );
  return null;
}
