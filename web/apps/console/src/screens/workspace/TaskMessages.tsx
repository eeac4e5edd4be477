import { Stack, Text, Textarea, Title } from "@mantine/core";
import { wordsOf } from "../../ui/format";
import classes from "./TaskMessages.module.css";
import { messageRole, messageText } from "./task-form";

/** How many messages are shown; older ones are counted. */
const SHOWN_MAX = 100;

interface TaskMessagesProps {
  readonly messages: readonly unknown[];
  readonly draft: string;
  readonly isReadOnly: boolean;
  readonly onDraft: (text: string) => void;
}

/** What was said about a task, and what is to be said with the next change of it. */
export function TaskMessages({ messages, draft, isReadOnly, onDraft }: TaskMessagesProps) {
  const shown = messages.slice(-SHOWN_MAX);
  const first = messages.length - shown.length;
  return (
    <Stack gap="xs">
      <Title order={3}>Messages</Title>
      {first > 0 && (
        <Text size="sm" c="dimmed">
          {first.toLocaleString("en")} older ones are not shown.
        </Text>
      )}
      {messages.length === 0 && (
        <Text size="sm" c="dimmed">
          None yet.
        </Text>
      )}
      <ol className={classes.messages}>
        {shown.map((message, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: messages are only ever added at the end
          <li key={first + index} className={classes.message} data-role={messageRole(message)}>
            <Text size="xs" c="dimmed">
              {wordsOf(messageRole(message))}
            </Text>
            <Text size="sm">{messageText(message)}</Text>
          </li>
        ))}
      </ol>
      {!isReadOnly && (
        <Textarea
          size="xs"
          label="Add a message"
          description="It is sent with the task."
          autosize
          minRows={2}
          maxRows={8}
          value={draft}
          onChange={(event) => onDraft(event.currentTarget.value)}
        />
      )}
    </Stack>
  );
}
