import { Code, Text } from "@mantine/core";
import { Bot, Brain, Hammer, type LucideIcon, MessageSquareText, Settings2, UserRound } from "lucide-react";
import { useMemo } from "react";
import { CopyButton } from "../../../ui/CopyButton";
import { wordsOf } from "../../../ui/format";
import { JsonTree } from "../../../ui/json";
import { type Message, type MessagePart, messagesOf } from "./messages";
import classes from "./Payload.module.css";

/** Shorter JSON is shown whole, longer as a tree. */
const PLAIN_CHARACTERS_MAX = 600;
const MESSAGES_MAX = 200;

const SIGNS: Readonly<Record<string, LucideIcon>> = {
  system: Settings2,
  user: UserRound,
  assistant: Bot,
  tool: Hammer,
};

/** What went in or came out: a conversation as such, a text as it is, anything else as JSON. */
export function Payload({ title, value }: { title: string; value: unknown }) {
  const messages = useMemo(() => messagesOf(value), [value]);
  const text = useMemo(() => (typeof value === "string" ? value : JSON.stringify(value, null, 2)), [value]);
  return (
    <section className={classes.payload} aria-label={title}>
      <header className={classes.header}>
        <h3>{title}</h3>
        <CopyButton value={text} label={`Copy the ${title.toLowerCase()}`} />
      </header>
      {messages === undefined ? (
        <JsonValue value={value} label={title} />
      ) : (
        <Conversation messages={messages} />
      )}
    </section>
  );
}

function Conversation({ messages }: { messages: readonly Message[] }) {
  const left = messages.length - MESSAGES_MAX;
  return (
    <ol className={classes.messages}>
      {left > 0 && (
        <Text component="li" size="xs" c="dimmed">
          The first {left} messages are in the copy only.
        </Text>
      )}
      {messages.slice(-MESSAGES_MAX).map((message, at) => {
        const Sign = SIGNS[message.role] ?? MessageSquareText;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: messages have no identity, and never change
          <li key={at} className={classes.message} data-role={message.role}>
            <div className={classes.role}>
              <Sign size={13} aria-hidden />
              {wordsOf(message.role)}
            </div>
            {message.parts.map((part, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: likewise
              <Part key={place} of={part} />
            ))}
            {message.parts.length === 0 && (
              <Text size="xs" c="dimmed">
                Said nothing
              </Text>
            )}
          </li>
        );
      })}
    </ol>
  );
}

function Part({ of }: { of: MessagePart }) {
  if (of.kind === "text") return <p className={classes.text}>{of.text}</p>;
  if (of.kind === "thought") {
    return (
      <details className={classes.thought}>
        <summary>
          <Brain size={13} aria-hidden /> Thought
        </summary>
        <p className={classes.text}>{of.text}</p>
      </details>
    );
  }
  const titles = {
    call: `Calls ${of.name}`,
    result: `Result${of.name ? ` of ${of.name}` : ""}`,
    other: wordsOf(of.name),
  };
  return (
    <div className={classes.call}>
      <div className={classes.callTitle}>
        {titles[of.kind]}
        {of.kind !== "other" && of.id !== "" && <span className={classes.callId}>{of.id}</span>}
      </div>
      {of.value !== undefined && <JsonValue value={of.value} label={titles[of.kind]} />}
    </div>
  );
}

/** A value of JSON: a text as it is, what is short as a whole, what is long as a tree. */
export function JsonValue({ value, label }: { value: unknown; label: string }) {
  const text = useMemo(() => JSON.stringify(value, null, 2) ?? "", [value]);
  if (typeof value === "string") return <p className={classes.text}>{value}</p>;
  if (text.length <= PLAIN_CHARACTERS_MAX) {
    return (
      <Code block className={classes.code ?? ""}>
        {text}
      </Code>
    );
  }
  return (
    <div className={classes.tree}>
      <JsonTree value={value} label={label} />
    </div>
  );
}
