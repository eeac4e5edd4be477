import { Stack, Text, TextInput, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { Link } from "@tanstack/react-router";
import { useNamespaces } from "@timeloom/client/react";
import { useState } from "react";
import { formatCount } from "../../../ui/format";
import { Problem } from "../../../ui/Problem";
import classes from "./Sharing.module.css";

const PAUSE_MS = 300;
const NAMESPACES_READ = 100;

/** What an agent may read, as the service itself decides it. */
export function WhoSees() {
  const [typed, setTyped] = useState("");
  const [agent] = useDebouncedValue(typed.trim().replace(/^agent\//, ""), PAUSE_MS);
  const seen = useNamespaces(
    { asAgentId: agent, pageSize: NAMESPACES_READ },
    { enabled: agent !== "", retry: false },
  );
  return (
    <section className={classes.box} aria-label="What an agent sees">
      <Stack gap="sm">
        <Title order={2}>What an agent sees</Title>
        <TextInput
          label="Agent"
          placeholder="writer"
          maxLength={200}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        {agent !== "" && seen.error && <Problem error={seen.error} />}
        {agent !== "" && seen.data && (
          <>
            <Text size="xs" c="dimmed" role="status">
              {agent} may read {seen.data.length}
              {seen.hasNextPage && "+"} {seen.data.length === 1 ? "namespace" : "namespaces"}
            </Text>
            <ul className={classes.names}>
              {seen.data.map((each) => (
                <li key={each.name}>
                  <Link to="/memory" search={{ namespace: each.name }}>
                    {each.name}
                  </Link>
                  <Text span size="sm" c="dimmed">
                    {formatCount(each.memoryCount)}
                  </Text>
                </li>
              ))}
            </ul>
          </>
        )}
      </Stack>
    </section>
  );
}
