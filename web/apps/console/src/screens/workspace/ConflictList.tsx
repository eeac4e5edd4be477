import { Button, Stack } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTimeloom } from "@timeloom/client/react";
import { Handshake } from "lucide-react";
import { EmptyState, ErrorState, LoadingState } from "../../ui/states";
import { ConflictCard } from "./ConflictCard";

const PATH = "/api/sync/conflicts";

/** Conflicts, the newest first. */
export function ConflictList({ status }: { status: "OPEN" | "RESOLVED" }) {
  const { rest } = useTimeloom();
  const list = useInfiniteQuery({
    queryKey: ["get", PATH, { params: { query: { status } } }, "pages"],
    queryFn: async ({ pageParam, signal }) => {
      const query = { status, ...(pageParam !== "" && { pageToken: pageParam }) };
      const { data } = await rest.GET(PATH, { params: { query }, signal });
      return data ?? { conflicts: [], nextPageToken: "" };
    },
    initialPageParam: "",
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  });
  if (list.isPending) return <LoadingState label="Loading conflicts" />;
  if (list.isError) return <ErrorState error={list.error} onRetry={() => void list.refetch()} />;
  const conflicts = list.data.pages.flatMap((page) => page.conflicts);
  if (conflicts.length === 0) {
    return (
      <EmptyState
        icon={Handshake}
        title={status === "OPEN" ? "Nothing to decide" : "Nothing was decided lately"}
        text="Two met when somebody changed a record that somebody else had changed meanwhile, such as offline. Where the policy of the table says that people decide, it is decided here."
      />
    );
  }
  return (
    <Stack gap="md">
      {conflicts.map((conflict) => (
        <ConflictCard key={conflict.id} conflict={conflict} />
      ))}
      {list.hasNextPage && (
        <Button
          variant="default"
          size="xs"
          w="fit-content"
          loading={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          Show more
        </Button>
      )}
    </Stack>
  );
}
