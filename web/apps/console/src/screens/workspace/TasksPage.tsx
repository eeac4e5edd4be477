import { Button, Tooltip } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { type Collections, type TaskRow, useLiveQuery } from "@timeloom/client/collections";
import { KanbanSquare, Plus } from "lucide-react";
import { useCallback, useEffect, useMemo } from "react";
import { offerCommands } from "../../app/commands";
import { useShortcut } from "../../app/shortcuts";
import { KeyHint } from "../../ui/KeyHint";
import { Page } from "../../ui/Page";
import { EmptyState, LoadingState } from "../../ui/states";
import { boardOf } from "./board";
import { notifyRefused } from "./notifyRefused";
import type { TasksSearch } from "./routes";
import { TaskBoard } from "./TaskBoard";
import { TaskDrawer } from "./TaskDrawer";
import { TaskFilters } from "./TaskFilters";
import { useEnvironmentNames } from "./useEnvironmentNames";
import { useMayWrite, useWorkspace } from "./useWorkspace";
import { WorkspaceTabs } from "./WorkspaceTabs";
import type { Status } from "./words";

const route = getRouteApi("/workspace/tasks");
const NEW = "new";

/** The tasks of a project on a board. */
export function TasksPage() {
  const mayWrite = useMayWrite();
  const show = useShow();
  useShortcut({ keys: "c", label: "New task", group: "This screen" }, () => show({ task: NEW }), {
    enabled: mayWrite,
  });
  useEffect(
    () =>
      mayWrite
        ? offerCommands([{ id: "new-task", label: "New task", onClick: () => show({ task: NEW }) }])
        : undefined,
    [mayWrite, show],
  );
  const workspace = useWorkspace();
  return (
    <Page
      title="Tasks"
      isFilling
      below={<WorkspaceTabs />}
      actions={
        <Tooltip label="This key may only read" disabled={mayWrite}>
          <Button
            size="xs"
            leftSection={<Plus size={14} aria-hidden />}
            rightSection={<KeyHint keys="c" />}
            disabled={!mayWrite}
            onClick={() => show({ task: NEW })}
          >
            New task
          </Button>
        </Tooltip>
      }
    >
      {workspace === null ? <LoadingState label="Loading tasks" /> : <Tasks workspace={workspace} />}
    </Page>
  );
}

function useShow(): (change: Partial<Record<keyof TasksSearch, string | true | undefined>>) => void {
  const navigate = route.useNavigate();
  return useCallback(
    (change) =>
      void navigate({
        search: (before) => {
          const next = { ...before, ...change };
          return Object.fromEntries(Object.entries(next).filter(([, value]) => value)) as TasksSearch;
        },
      }),
    [navigate],
  );
}

function Tasks({ workspace }: { workspace: Collections }) {
  const search = route.useSearch();
  const show = useShow();
  const { data: tasks, isReady } = useLiveQuery(
    (query) => query.from({ task: workspace.tasks }),
    [workspace],
  );
  const board = useMemo(() => boardOf(tasks, search), [tasks, search]);
  const environments = useEnvironmentNames();
  const open = search.task === undefined ? undefined : tasks.find(({ id }) => id === search.task);
  const move = useCallback(
    (task: TaskRow, status: Status) => {
      const written = workspace.tasks.update(task.id, (draft) => {
        draft.status = status;
      });
      written.isPersisted.promise.catch(notifyRefused);
    },
    [workspace],
  );
  if (!isReady && tasks.length === 0) return <LoadingState label="Loading tasks" />;
  return (
    <>
      {tasks.length === 0 ? (
        <EmptyState
          icon={KanbanSquare}
          title="No tasks yet"
          text="A task says what somebody wants an agent to do. Make one here, or from a program with client.tasks.create(…). It works without a network, too."
        />
      ) : (
        <>
          <TaskFilters tasks={tasks} search={search} onChange={show} environments={environments} />
          <TaskBoard
            board={board}
            environments={environments}
            onMove={move}
            onOpen={({ id }) => show({ task: id })}
          />
        </>
      )}
      <TaskDrawer
        key={search.task ?? ""}
        tasks={workspace.tasks}
        task={open}
        isOpen={search.task === NEW || open !== undefined}
        environments={environments}
        onClose={() => show({ task: undefined })}
      />
    </>
  );
}
