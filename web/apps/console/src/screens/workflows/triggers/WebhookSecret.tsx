import { Alert, Button, Code, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { Schemas } from "@timeloom/client";
import { useTimeloom } from "@timeloom/client/react";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { CopyButton } from "../../../ui/CopyButton";
import { Problem } from "../../../ui/Problem";

/** Shows what a webhook's callers sign with: only when asked for, and until the dialog closes. */
export function WebhookSecret({ trigger }: { trigger: Schemas["Trigger"] }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<KeyRound size={12} aria-hidden />}
        aria-label={`Secret of the webhook of ${trigger.workflowId}`}
        onClick={() => setOpen(true)}
      >
        Secret
      </Button>
      <Modal
        opened={isOpen}
        onClose={() => setOpen(false)}
        size="lg"
        title={`Webhook of ${trigger.workflowId}`}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <Secret trigger={trigger} />
      </Modal>
    </>
  );
}

function Secret({ trigger }: { trigger: Schemas["Trigger"] }) {
  const { rest, url } = useTimeloom();
  const path = { workflowId: trigger.workflowId, index: trigger.index };
  // A mutation, so that nothing keeps the secret when the dialog is closed.
  const shown = useMutation({
    gcTime: 0,
    mutationFn: async (isNew: boolean) => {
      const answer = isNew
        ? await rest.POST("/api/workflows/{workflowId}/triggers/{index}/secret:rotate", {
            params: { path },
            body: {},
          })
        : await rest.GET("/api/workflows/{workflowId}/triggers/{index}/secret", { params: { path } });
      return answer.data?.secret ?? "";
    },
  });
  return (
    <Stack gap="sm">
      <Labelled label="Address" value={`${url}${trigger.path}`} />
      {shown.data !== undefined && (
        <>
          <Labelled label="Secret" value={shown.data} />
          <Alert color="yellow" variant="light" p="xs" c="inherit">
            It is shown until you close this. Whoever has it can begin the workflow.
          </Alert>
        </>
      )}
      {shown.isError && <Problem error={shown.error} />}
      <Text size="sm" c="dimmed">
        Callers sign with the header <Code>Timeloom-Signature: t=&lt;seconds&gt;,v1=&lt;hex&gt;</Code>:
        HMAC-SHA256 over the seconds, a dot and the body.
      </Text>
      <Group justify="flex-end" gap="xs">
        <Button variant="default" loading={shown.isPending} onClick={() => shown.mutate(false)}>
          Show the secret
        </Button>
        <Button color="red" variant="light" c="var(--tl-bad)" onClick={() => shown.mutate(true)}>
          Make a new one, refuse the old
        </Button>
      </Group>
    </Stack>
  );
}

function Labelled({ label, value }: { label: string; value: string }) {
  return (
    <Stack gap={2}>
      <Text size="sm" fw={600}>
        {label}
      </Text>
      <Group gap={4} wrap="nowrap">
        <Code block style={{ flex: 1, overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
          {value}
        </Code>
        <CopyButton value={value} label={`Copy the ${label.toLowerCase()}`} />
      </Group>
    </Stack>
  );
}
