// Prints every message of a shape as a line of JSON until it is ended: `node follow.mjs <session> [sse]`.

import { ShapeStream } from "@electric-sql/client";

import { tasksOf } from "./timeloom.mjs";

const [sessionId, way] = process.argv.slice(2);
const stream = new ShapeStream(tasksOf(sessionId, { liveSse: way === "sse" }));

stream.subscribe(
  (messages) => {
    const text = messages.map((message) => `${JSON.stringify(message)}\n`).join("");
    process.stdout.write(text);
  },
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  },
);
