import {
  Button,
  Checkbox,
  Code,
  Group,
  NumberInput,
  SegmentedControl,
  Select,
  Stack,
  Text,
  Textarea,
  TextInput,
  UnstyledButton,
} from "@mantine/core";
import { TimeloomError } from "@timeloom/client";
import { Crosshair } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Problem } from "../../../ui/Problem";
import { ExecutionPicker } from "../ExecutionPicker";
import classes from "./Bisect.module.css";
import {
  type ConditionErrors,
  errorsOf,
  expressionOf,
  OPERATORS,
  type Operator,
  takesValue,
  type ValueCondition,
} from "./predicate";
import type { BisectSearch } from "./search";

const FIELDS = ["executionId", "expression", "goodExecutionId", "goodSequence", "badSequence"];
const EXAMPLES = [
  { expression: "state.budget < 0", meaning: "a number is too small" },
  { expression: "!has(state.plan)", meaning: "something is missing" },
  { expression: 'state.messages.exists(m, m.role == "error")', meaning: "a list has a wrong element" },
  { expression: "size(state.messages) > 20", meaning: "a list is too long" },
  { expression: 'snapshot.stepName == "check" && !state.ok', meaning: "only in some steps" },
  { expression: "good != null && state.total != good.total", meaning: "beside a good execution" },
];

type Way = "value" | "expression" | "good";

interface BisectFormProps {
  readonly search: BisectSearch;
  readonly onAsk: (search: BisectSearch) => void;
  readonly error: unknown;
  readonly isBusy: boolean;
}

/** What is searched for, in which execution, and what makes a state a bad one. */
export function BisectForm({ search, onAsk, error, isBusy }: BisectFormProps) {
  const form = useBisectForm(search, onAsk);
  const refused = (field: string) => (error instanceof TimeloomError ? error.violation(field) : undefined);
  const { draft, edit, way } = form;
  return (
    <form onSubmit={form.submit} aria-label="Bisection">
      <Stack gap="md">
        <ExecutionPicker
          label="Execution"
          value={draft.execution}
          onChange={(execution) => edit({ execution })}
          error={form.errors.execution ?? refused("executionId")}
        />
        <div>
          <Text size="sm" fw={500} mb={4} id="bisect-way">
            A state is bad if
          </Text>
          <SegmentedControl
            size="xs"
            fullWidth
            aria-labelledby="bisect-way"
            value={way}
            onChange={(value) => form.setWay(value as Way)}
            data={[
              { value: "value", label: "A value …" },
              { value: "expression", label: "An expression …" },
              { value: "good", label: "It differs" },
            ]}
          />
        </div>
        {way === "value" && (
          <ConditionFields condition={form.condition} onChange={form.setCondition} errors={form.errors} />
        )}
        {way === "expression" && (
          <ExpressionField
            value={draft.expression ?? ""}
            onChange={(expression) => edit({ expression })}
            error={form.errors.expression ?? refused("expression")}
          />
        )}
        {way === "value" && refused("expression") !== undefined && (
          <Problem error={new Error(`The expression ${refused("expression")}`)} />
        )}
        {(way === "good" || draft.good !== undefined || draft.expression?.includes("good")) && (
          <ExecutionPicker
            label="Good execution"
            description={
              way === "good"
                ? "A state is bad that differs from the same step here, or has no such step."
                : "Expressions see its state of the same step as good."
            }
            value={draft.good}
            except={draft.execution}
            onChange={(good) => edit({ good })}
            error={form.errors.good ?? refused("goodExecutionId")}
          />
        )}
        <Bounds draft={draft} edit={edit} refused={refused} />
        {error !== null && error !== undefined && !isAtField(error) && <Problem error={error} />}
        <Group justify="flex-end">
          <Button type="submit" loading={isBusy} leftSection={<Crosshair size={15} aria-hidden />}>
            Find the first bad step
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function isAtField(error: unknown): boolean {
  return error instanceof TimeloomError && error.violations.some((each) => FIELDS.includes(each.field));
}

type Draft = { [K in keyof BisectSearch]: BisectSearch[K] | undefined };
type FormErrors = ConditionErrors & Partial<Record<"execution" | "expression" | "good", string>>;

function useBisectForm(search: BisectSearch, onAsk: (search: BisectSearch) => void) {
  const [draft, setDraft] = useState<Draft>(search);
  const [way, setWay] = useState<Way>(
    search.expression !== undefined ? "expression" : search.good !== undefined ? "good" : "value",
  );
  const [condition, setCondition] = useState<ValueCondition>({ path: "", operator: "==", value: "" });
  const [errors, setErrors] = useState<FormErrors>({});
  const edit = (changes: Partial<Draft>) => setDraft({ ...draft, ...changes });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { expression, ...others } = draft;
    const found: FormErrors = {
      ...(draft.execution === undefined && { execution: "is required" }),
      ...(way === "value" && errorsOf(condition)),
      ...(way === "expression" && !expression?.trim() && { expression: "is required" }),
      ...(way === "good" && draft.good === undefined && { good: "is required" }),
    };
    setErrors(found);
    if (Object.keys(found).length > 0) return;
    const asked =
      way === "value" ? expressionOf(condition) : way === "expression" ? expression?.trim() : undefined;
    const known = Object.entries({ ...others, expression: asked }).filter(([, value]) => value !== undefined);
    onAsk(Object.fromEntries(known) as BisectSearch);
  };
  return { draft, edit, way, setWay, condition, setCondition, errors, submit };
}

interface ConditionFieldsProps {
  readonly condition: ValueCondition;
  readonly onChange: (condition: ValueCondition) => void;
  readonly errors: ConditionErrors;
}

function ConditionFields({ condition, onChange, errors }: ConditionFieldsProps) {
  const isWhole = condition.path !== "" && Object.keys(errorsOf(condition)).length === 0;
  return (
    <Stack gap={6}>
      <TextInput
        label="Value at path"
        placeholder="/messages/0/role"
        value={condition.path}
        onChange={(event) => onChange({ ...condition, path: event.currentTarget.value })}
        error={errors.path}
        classNames={{ input: "mono" }}
      />
      <Group gap="xs" align="flex-start" wrap="nowrap">
        <Select
          aria-label="Condition"
          w={170}
          data={OPERATORS.map(({ value, label }) => ({ value, label }))}
          value={condition.operator}
          allowDeselect={false}
          onChange={(operator) => onChange({ ...condition, operator: operator as Operator })}
        />
        {takesValue(condition.operator) && (
          <TextInput
            aria-label="Value"
            placeholder='400, true or "text"'
            flex={1}
            value={condition.value}
            onChange={(event) => onChange({ ...condition, value: event.currentTarget.value })}
            error={errors.value}
            classNames={{ input: "mono" }}
          />
        )}
      </Group>
      {isWhole && (
        <Text size="xs" c="dimmed">
          As an expression: <Code>{expressionOf(condition)}</Code>
        </Text>
      )}
    </Stack>
  );
}

function ExpressionField(of: {
  value: string;
  onChange: (value: string) => void;
  error: string | undefined;
}) {
  return (
    <div>
      <Textarea
        label="CEL expression"
        description="True of bad states. It sees state, snapshot and good."
        autosize
        minRows={2}
        maxRows={8}
        maxLength={4096}
        spellCheck={false}
        value={of.value}
        onChange={(event) => of.onChange(event.currentTarget.value)}
        error={of.error}
        classNames={{ input: "mono" }}
      />
      <Text size="xs" c="dimmed" mt={8} mb={2}>
        Examples
      </Text>
      {EXAMPLES.map(({ expression, meaning }) => (
        <UnstyledButton
          key={expression}
          className={classes.example ?? ""}
          onClick={() => of.onChange(expression)}
        >
          <span className="mono">{expression}</span>
          <span className={classes.meaning}>{meaning}</span>
        </UnstyledButton>
      ))}
    </div>
  );
}

function Bounds(of: {
  draft: Draft;
  edit: (changes: Partial<Draft>) => void;
  refused: (field: string) => string | undefined;
}) {
  const { draft, edit, refused } = of;
  const sequence = (value: string | number) => (typeof value === "number" && value > 0 ? value : undefined);
  return (
    <Stack gap="xs">
      <Group grow align="flex-start">
        <NumberInput
          label="Known to be good"
          placeholder="None"
          min={1}
          allowDecimal={false}
          value={draft.from ?? ""}
          onChange={(value) => edit({ from: sequence(value) })}
          error={refused("goodSequence")}
        />
        <NumberInput
          label="Known to be bad"
          placeholder="The last step"
          min={1}
          allowDecimal={false}
          value={draft.to ?? ""}
          onChange={(value) => edit({ to: sequence(value) })}
          error={refused("badSequence")}
        />
      </Group>
      <Checkbox
        label="Ask of every state"
        description="Slower; certain whether it became bad more than once."
        checked={draft.exhaustive === true}
        onChange={(event) => edit({ exhaustive: event.currentTarget.checked || undefined })}
      />
    </Stack>
  );
}
