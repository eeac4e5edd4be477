import { getRouteApi } from "@tanstack/react-router";
import { useApi, useWorkflowSchema } from "@timeloom/client/react";
import { isObject, type JsonObject, type JsonSchema } from "../../../ui/schema/schema";
import { ErrorState, LoadingState } from "../../../ui/states";
import { Designer } from "./Designer";

const route = getRouteApi("/workflows/new");
const BLANK: JsonObject = { id: "my-workflow", description: "", steps: [] };

/** The designer of a workflow that is to be: empty, or begun with a template. */
export function NewWorkflowPage() {
  const { template: templateId = "", view = "graph" } = route.useSearch();
  const navigate = route.useNavigate();
  const schema = useWorkflowSchema();
  const template = useApi().useQuery(
    "get",
    "/api/workflows/templates/{templateId}",
    { params: { path: { templateId } } },
    { enabled: templateId !== "", staleTime: Number.POSITIVE_INFINITY },
  );
  if (template.isError) return <ErrorState error={template.error} onRetry={() => void template.refetch()} />;
  if (schema.isError) return <ErrorState error={schema.error} onRetry={() => void schema.refetch()} />;
  if (schema.isPending || (templateId !== "" && template.isPending)) {
    return <LoadingState label="Opening the designer" />;
  }
  const definition = template.data?.definition;
  return (
    <Designer
      key={templateId}
      begin={isObject(definition) ? definition : BLANK}
      schema={schema.data as JsonSchema}
      view={view}
      onView={(next) =>
        void navigate({
          search: ({ view: _, ...rest }) => (next === "json" ? { ...rest, view: next } : rest),
          replace: true,
        })
      }
    />
  );
}
