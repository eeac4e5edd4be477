import { Button, SegmentedControl, Stack, TextInput, Title } from "@mantine/core";
import { TimeloomError } from "@timeloom/client";
import { useSharing } from "@timeloom/client/react";
import { type FormEvent, useState } from "react";
import { Problem } from "../../../ui/Problem";
import { fromLocalTime } from "../lib/times";
import { NamespaceInput } from "../ui/NamespaceInput";
import { tell } from "../ui/notes";
import classes from "./Sharing.module.css";

const FIELDS = ["namespace", "principal", "expireTime"];

/** Opens a namespace to an agent, a team or the project. */
export function GrantForm({ namespace: first }: { namespace: string }) {
  const { share } = useSharing();
  const [namespace, setNamespace] = useState(first);
  const [principal, setPrincipal] = useState("");
  const [permission, setPermission] = useState<"READ" | "WRITE">("READ");
  const [ends, setEnds] = useState("");
  const refused = share.error instanceof TimeloomError ? share.error : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    share.mutate(
      {
        namespace: namespace.trim(),
        principal: principal.trim(),
        permission,
        expireTime: fromLocalTime(ends),
      },
      {
        onSuccess: (grant) => {
          tell(`${grant.namespace} is shared with ${grant.principal}.`);
          setPrincipal("");
        },
      },
    );
  };
  return (
    <form className={classes.box} onSubmit={submit} aria-label="Share a namespace">
      <Stack gap="sm">
        <Title order={2}>Share a namespace</Title>
        <NamespaceInput
          label="Namespace"
          description="With everything below it."
          required
          value={namespace}
          error={refused?.violation("namespace")}
          onChange={setNamespace}
        />
        <TextInput
          label="With"
          description="agent/…, team/… or project"
          placeholder="agent/writer"
          required
          maxLength={300}
          value={principal}
          error={refused?.violation("principal")}
          onChange={(event) => setPrincipal(event.currentTarget.value)}
        />
        <SegmentedControl
          size="xs"
          aria-label="Permission"
          value={permission}
          onChange={(value) => setPermission(value as typeof permission)}
          data={[
            { value: "READ", label: "Read" },
            { value: "WRITE", label: "Read and write" },
          ]}
        />
        <TextInput
          type="datetime-local"
          label="Ends"
          description="Never if empty."
          value={ends}
          error={refused?.violation("expireTime")}
          onChange={(event) => setEnds(event.currentTarget.value)}
        />
        {share.error && <Problem error={share.error} shown={FIELDS} />}
        <Button
          type="submit"
          loading={share.isPending}
          disabled={namespace.trim() === "" || principal.trim() === ""}
        >
          Share
        </Button>
      </Stack>
    </form>
  );
}
