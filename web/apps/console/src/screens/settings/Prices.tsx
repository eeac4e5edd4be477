import {
  ActionIcon,
  Badge,
  Button,
  Group,
  NumberInput,
  Skeleton,
  Stack,
  Table,
  Text,
  TextInput,
  Tooltip,
} from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import type { Price } from "@timeloom/client";
import { usePrices } from "@timeloom/client/react";
import { Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useSignedIn } from "../../app/SessionGate";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { formatCost } from "../../ui/format";
import { Problem } from "../../ui/Problem";
import { EmptyState, ErrorState } from "../../ui/states";
import classes from "./Settings.module.css";

const TYPING_MS = 200;
const SHOWN = ["model", "provider", "inputPerMillion", "outputPerMillion"];

type Prices = ReturnType<typeof usePrices>;

/** What models cost, by which the cost of events is reckoned; a project's own prices go before those that come along. */
export function Prices() {
  const { scope } = useSignedIn();
  const [model, setModel] = useState("");
  const [asked] = useDebouncedValue(model.trim(), TYPING_MS);
  const prices = usePrices({ pageSize: 100, ...(asked !== "" && { model: asked }) });
  const [dropped, setDropped] = useState<Price>();
  const { list } = prices;
  return (
    <Stack gap="sm" maw={1000}>
      <Text size="sm" c="dimmed">
        In US dollars for a million tokens. The cost of an event is reckoned when it arrives, unless it says
        what it cost.
      </Text>
      {scope === "ADMIN" && <NewPrice create={prices.create} />}
      <TextInput
        aria-label="Show the prices of a model"
        placeholder="Show the prices of a model, such as gpt-5"
        maw={360}
        value={model}
        onChange={(event) => setModel(event.currentTarget.value)}
      />
      {list.isError ? (
        <ErrorState error={list.error} onRetry={() => void list.refetch()} />
      ) : list.isPending ? (
        <Skeleton height={240} radius="md" role="status" aria-label="Loading prices" />
      ) : list.data.length === 0 ? (
        <EmptyState
          title="No price is known"
          text="The cost of this model's events is not reckoned until it has one."
        />
      ) : (
        <PriceTable prices={list.data} onDrop={setDropped} />
      )}
      {list.hasNextPage && (
        <Button
          variant="default"
          style={{ alignSelf: "flex-start" }}
          loading={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          Show more
        </Button>
      )}
      <ConfirmDialog
        isOpen={dropped !== undefined}
        onClose={() => setDropped(undefined)}
        title={`Delete the price of ${dropped?.model ?? ""}?`}
        action="Delete it"
        onConfirm={async () => {
          if (dropped !== undefined) await prices.remove.mutateAsync({ priceId: dropped.id });
        }}
      >
        What arrives from then on costs what comes with Timeloom, if it knows the model. What was reckoned
        stays.
      </ConfirmDialog>
    </Stack>
  );
}

function PriceTable({ prices, onDrop }: { prices: readonly Price[]; onDrop: (price: Price) => void }) {
  const { scope } = useSignedIn();
  return (
    <Table.ScrollContainer minWidth={620} type="native" className={classes.table ?? ""}>
      <Table verticalSpacing={5}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Model</Table.Th>
            <Table.Th>Provider</Table.Th>
            <Table.Th ta="right">Input</Table.Th>
            <Table.Th ta="right">Output</Table.Th>
            <Table.Th ta="right">Read from cache</Table.Th>
            <Table.Th>
              <span className="visually-hidden">Actions</span>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {prices.map((price) => (
            <Table.Tr key={price.id || `${price.provider} ${price.model}`}>
              <Table.Td className="mono">
                {price.model}
                {!price.builtIn && (
                  <Badge ml="xs" size="xs" variant="light">
                    Your own
                  </Badge>
                )}
              </Table.Td>
              <Table.Td>{price.provider === "*" ? "Any" : price.provider}</Table.Td>
              <Table.Td ta="right">{formatCost(price.inputPerMillion)}</Table.Td>
              <Table.Td ta="right">{formatCost(price.outputPerMillion)}</Table.Td>
              <Table.Td ta="right">{formatCost(price.cacheReadPerMillion ?? price.inputPerMillion)}</Table.Td>
              <Table.Td ta="right">
                {!price.builtIn && scope === "ADMIN" && (
                  <Tooltip label="Delete the price">
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      size="sm"
                      aria-label={`Delete the price of ${price.model}`}
                      onClick={() => onDrop(price)}
                    >
                      <Trash2 size={14} />
                    </ActionIcon>
                  </Tooltip>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function NewPrice({ create }: { create: Prices["create"] }) {
  const [model, setModel] = useState("");
  const [inputPerMillion, setInput] = useState<number | string>("");
  const [outputPerMillion, setOutput] = useState<number | string>("");
  const { error } = create;
  function submit(event: FormEvent) {
    event.preventDefault();
    const asked = {
      model: model.trim(),
      inputPerMillion: Number(inputPerMillion),
      outputPerMillion: Number(outputPerMillion),
    };
    create.mutate(asked, {
      onSuccess: () => {
        setModel("");
        setInput("");
        setOutput("");
      },
    });
  }
  return (
    <form onSubmit={submit} aria-label="A price of your own" className={classes.card}>
      <Group align="flex-start" gap="sm">
        <TextInput
          label="Model"
          description="A name, or its beginning and *"
          required
          value={model}
          error={error?.violation("model")}
          onChange={(event) => setModel(event.currentTarget.value)}
        />
        <NumberInput
          label="Input"
          description="Per million tokens"
          prefix="$"
          min={0}
          required
          value={inputPerMillion}
          error={error?.violation("inputPerMillion")}
          onChange={setInput}
        />
        <NumberInput
          label="Output"
          description="Per million tokens"
          prefix="$"
          min={0}
          required
          value={outputPerMillion}
          error={error?.violation("outputPerMillion")}
          onChange={setOutput}
        />
        <Button type="submit" variant="light" loading={create.isPending} mt={46}>
          Add the price
        </Button>
      </Group>
      {error !== null && (
        <div style={{ marginTop: 8 }}>
          <Problem error={error} shown={SHOWN} />
        </div>
      )}
    </form>
  );
}
