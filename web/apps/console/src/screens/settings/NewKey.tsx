import { Button, Group, Modal, Select, Stack, TextInput } from "@mantine/core";
import type { ApiKeys } from "@timeloom/client/react";
import { type FormEvent, useState } from "react";
import { Problem } from "../../ui/Problem";

const SCOPES = [
  { value: "READ", label: "Read: see everything" },
  { value: "WRITE", label: "Write: record and change" },
  { value: "ADMIN", label: "Admin: also keys and settings" },
] as const;
type Scope = (typeof SCOPES)[number]["value"];
const SHOWN = ["name", "agentId", "scope"];

interface NewKeyProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly create: ApiKeys["create"];
  readonly onMade: (secret: string) => void;
}

/** Asks what a new key is called and may do. */
export function NewKey({ isOpen, onClose, create, onMade }: NewKeyProps) {
  const [name, setName] = useState("");
  const [scope, setScope] = useState<Scope>("WRITE");
  const [agentId, setAgentId] = useState("");
  const { error } = create;
  function submit(event: FormEvent) {
    event.preventDefault();
    const asked = { name: name.trim(), scope, agentId: agentId.trim() || undefined };
    create.mutate(asked, {
      onSuccess: ({ secret }) => {
        setName("");
        onClose();
        onMade(secret);
      },
    });
  }
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title="Create a key"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label="Name"
            description="For people, such as the program that will use it."
            required
            data-autofocus
            maxLength={200}
            value={name}
            error={error?.violation("name")}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Select
            label="Scope"
            data={SCOPES}
            value={scope}
            allowDeselect={false}
            error={error?.violation("scope")}
            onChange={(value) => setScope(value as Scope)}
          />
          <TextInput
            label="Agent"
            description="Binds the key to one agent. Empty for any."
            value={agentId}
            error={error?.violation("agentId")}
            onChange={(event) => setAgentId(event.currentTarget.value)}
          />
          {error !== null && <Problem error={error} shown={SHOWN} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={create.isPending}>
              Create it
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
