import { Button } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { type Collections, useLiveQuery } from "@timeloom/client/collections";
import { Container, Plus } from "lucide-react";
import { useShortcut } from "../../app/shortcuts";
import { KeyHint } from "../../ui/KeyHint";
import { Page } from "../../ui/Page";
import { EmptyState, LoadingState } from "../../ui/states";
import { EnvironmentDrawer } from "./EnvironmentDrawer";
import { EnvironmentTable } from "./EnvironmentTable";
import { useMayWrite, useWorkspace } from "./useWorkspace";
import { WorkspaceTabs } from "./WorkspaceTabs";

const route = getRouteApi("/workspace/environments");
const NEW = "new";

/** Where agents work: settings, and secrets that nobody reads back. */
export function EnvironmentsPage() {
  const mayWrite = useMayWrite();
  const navigate = route.useNavigate();
  const show = (environment: string | undefined) =>
    void navigate({ search: environment === undefined ? {} : { environment } });
  useShortcut({ keys: "c", label: "New environment", group: "This screen" }, () => show(NEW), {
    enabled: mayWrite,
  });
  const workspace = useWorkspace();
  return (
    <Page
      title="Environments"
      below={<WorkspaceTabs />}
      actions={
        <Button
          size="xs"
          leftSection={<Plus size={14} aria-hidden />}
          rightSection={<KeyHint keys="c" />}
          disabled={!mayWrite}
          onClick={() => show(NEW)}
        >
          New environment
        </Button>
      }
    >
      {workspace === null ? (
        <LoadingState label="Loading environments" />
      ) : (
        <Environments workspace={workspace} onShow={show} />
      )}
    </Page>
  );
}

interface EnvironmentsProps {
  readonly workspace: Collections;
  readonly onShow: (environment: string | undefined) => void;
}

function Environments({ workspace, onShow }: EnvironmentsProps) {
  const { environment: shown } = route.useSearch();
  const { data, isReady } = useLiveQuery(
    (query) =>
      query.from({ environment: workspace.environments }).orderBy(({ environment }) => environment.name),
    [workspace],
  );
  const open = shown === undefined ? undefined : data.find(({ id }) => id === shown);
  if (!isReady && data.length === 0) return <LoadingState label="Loading environments" />;
  return (
    <>
      {data.length === 0 ? (
        <EmptyState
          icon={Container}
          title="No environments yet"
          text="An environment is where agents work: a repository, variables, and sealed secrets that steps of workflows use without seeing them."
        />
      ) : (
        <EnvironmentTable environments={data} onOpen={({ id }) => onShow(id)} />
      )}
      <EnvironmentDrawer
        key={shown ?? ""}
        environments={workspace.environments}
        environment={open}
        isOpen={shown === NEW || open !== undefined}
        onClose={() => onShow(undefined)}
      />
    </>
  );
}
