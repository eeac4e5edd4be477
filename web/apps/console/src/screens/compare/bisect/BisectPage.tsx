import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { Crosshair } from "lucide-react";
import { Page } from "../../../ui/Page";
import { EmptyState, LoadingState } from "../../../ui/states";
import classes from "./Bisect.module.css";
import { BisectForm } from "./BisectForm";
import { BisectResult } from "./BisectResult";
import { isAsked, useBisection } from "./useBisection";

const route = getRouteApi("/compare/bisect");

/** Finds the step with which an execution went wrong. */
export function BisectPage() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const bisection = useBisection(search);
  return (
    <Page
      title="Bisect an execution"
      description="Finds the first bad step by asking few of its states: the last one, then always the middle of what is left."
    >
      <div className={classes.layout}>
        <section className={classes.form} aria-label="Question">
          <BisectForm
            search={search}
            onAsk={(asked) => {
              if (JSON.stringify(asked) === JSON.stringify(search)) void bisection.refetch();
              else void navigate({ to: "/compare/bisect", search: asked });
            }}
            error={bisection.error}
            isBusy={bisection.isFetching}
          />
        </section>
        <section aria-label="Answer" aria-live="polite">
          {bisection.isFetching && <LoadingState label="Asking the states" />}
          {!bisection.isFetching && bisection.data !== undefined && search.execution !== undefined && (
            <BisectResult executionId={search.execution} bisection={bisection.data} />
          )}
          {!isAsked(search) && (
            <EmptyState
              icon={Crosshair}
              title="When did it go wrong?"
              text="Choose an execution and say what makes a state a bad one. Of a thousand steps it asks eleven."
            />
          )}
        </section>
      </div>
    </Page>
  );
}
