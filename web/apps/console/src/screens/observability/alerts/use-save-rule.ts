import { useQueryClient } from "@tanstack/react-query";
import type { AlertRule } from "@timeloom/client";
import { invalidatePaths, useApi } from "@timeloom/client/react";
import { type RuleDraft, ruleOf } from "./draft";

const RULES = "/api/observability/alert-rules";
const ALERTS = "/api/observability/alerts";

/** Saves what a form says of a rule, unless somebody has changed it since it was read. */
export function useSaveRule() {
  const queries = useQueryClient();
  const save = useApi().useMutation("put", `${RULES}/{ruleId}`, {
    onSettled: () => invalidatePaths(queries, [RULES, ALERTS]),
  });
  return {
    isPending: save.isPending,
    error: save.error,
    save: (rule: AlertRule, draft: RuleDraft, on: Parameters<typeof save.mutate>[1] = {}) =>
      save.mutate(
        {
          params: { path: { ruleId: rule.id } },
          headers: { "If-Match": `"${rule.etag}"` },
          body: { rule: ruleOf(draft) },
        },
        on,
      ),
  };
}
