import { Button, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import { csrfToken, type Execution, errorOf, TimeloomError } from "@timeloom/client";
import { Upload } from "lucide-react";
import { useRef, useState } from "react";
import { useSignedIn } from "../../app/SessionGate";

const MEDIA_TYPE = "application/vnd.timeloom.execution";

/** Brings an exported file in, and opens the execution that it makes. */
export function useImport() {
  const navigate = useNavigate();
  const [isBusy, setBusy] = useState(false);
  const bring = async (file: File) => {
    setBusy(true);
    try {
      const execution = await send(file);
      notifications.show({ message: `${execution.name || "The execution"} was imported` });
      await navigate({ to: "/executions/$executionId", params: { executionId: execution.id } });
    } catch (error) {
      notifications.show({
        color: "red",
        title: `${file.name} was not imported`,
        message: error instanceof Error ? error.message : String(error),
        autoClose: false,
      });
    } finally {
      setBusy(false);
    }
  };
  return { bring, isBusy };
}

/** A file may take long: it has no deadline of the client's. */
async function send(file: File): Promise<Execution> {
  let response: Response;
  try {
    response = await fetch("/api/agent-executions:import", {
      method: "POST",
      headers: { "Content-Type": MEDIA_TYPE, "X-CSRF-Token": csrfToken() },
      body: file,
    });
  } catch (cause) {
    throw new TimeloomError({
      message: "Timeloom cannot be reached.",
      status: 0,
      code: "UNREACHABLE",
      cause,
    });
  }
  if (!response.ok) throw await errorOf(response);
  return (await response.json()) as Execution;
}

/** Asks for an exported file. */
export function ImportButton({ onFile, isBusy }: { onFile: (file: File) => void; isBusy: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  const mayWrite = useSignedIn().scope !== "READ";
  return (
    <>
      <Tooltip label={mayWrite ? "A file that an execution was exported to" : "Your key may only read"}>
        <Button
          size="xs"
          variant="default"
          loading={isBusy}
          disabled={!mayWrite}
          leftSection={<Upload size={14} aria-hidden />}
          onClick={() => input.current?.click()}
        >
          Import
        </Button>
      </Tooltip>
      <input
        ref={input}
        type="file"
        className="visually-hidden"
        tabIndex={-1}
        aria-label="File of an execution"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = "";
          if (file !== undefined) onFile(file);
        }}
      />
    </>
  );
}
