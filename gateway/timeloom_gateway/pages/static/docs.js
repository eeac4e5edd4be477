// Renders the OpenAPI document of this Timeloom, and tries its operations out.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
const KEY_NAME = "timeloom-docs-key";
const STREAM_TYPE = "text/event-stream";
const SHOWN_CHARACTERS_MAX = 100_000;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// The little Markdown that comments use: paragraphs, lists, `code`.
function markdown(text) {
  const box = element("div", { class: "description" });
  for (const block of (text ?? "").split(/\n\n+/)) {
    if (!block) continue;
    const lines = block.split("\n");
    if (lines.every((line) => line.startsWith("- "))) {
      box.append(element("ul", {}, ...lines.map((line) => element("li", {}, ...inline(line.slice(2))))));
    } else {
      box.append(element("p", {}, ...inline(block)));
    }
  }
  return box;
}

function inline(text) {
  return text.split(/(`[^`]+`)/).map((part) =>
    part.startsWith("`") && part.length > 2 ? element("code", {}, part.slice(1, -1)) : part,
  );
}

class Reference {
  constructor(document_) {
    this.document = document_;
  }

  resolve(schema) {
    let found = schema;
    while (found?.$ref) {
      const target = found.$ref.split("/").slice(1).reduce((node, key) => node[key], this.document);
      const { $ref, ...own } = found;
      found = { ...target, ...own };
    }
    return found ?? {};
  }

  typeName(schema) {
    const name = schema.$ref?.split("/").pop();
    const found = this.resolve(schema);
    if (found.enum) return found.enum.map((value) => (value === "" ? '""' : value)).join(" | ");
    if (found.type === "array") return `list of ${this.typeName(found.items)}`;
    if (name) return name;
    if (found.anyOf) return found.anyOf.map((each) => this.typeName(each)).join(" or ");
    if (!found.type) return "any JSON";
    const format = found.format ?? found.contentEncoding;
    return [].concat(found.type).join(" or ") + (format ? ` (${format})` : "");
  }

  bounds(schema) {
    const found = this.resolve(schema);
    const words = [];
    if (found.minLength > 1) words.push(`at least ${found.minLength} characters`);
    if (found.maxLength) words.push(`at most ${found.maxLength} characters`);
    if (found.maxItems) words.push(`at most ${found.maxItems} of them`);
    if (found.minimum) words.push(`at least ${found.minimum}`);
    if (found.maximum !== undefined && found.maximum !== 4294967295) words.push(`at most ${found.maximum}`);
    return words.join(", ");
  }

  example(schema, seen = new Set()) {
    const found = this.resolve(schema);
    if (found.examples?.length) return found.examples[0];
    if (found.enum) return found.enum.find((value) => !["", "UNSPECIFIED"].includes(value)) ?? found.enum[0];
    if (found.type === "object" && found.properties) {
      if (seen.has(schema.$ref)) return {};
      const inner = new Set(seen).add(schema.$ref);
      const required = new Set(found.required ?? []);
      const shown = Object.entries(found.properties).filter(
        ([name, each]) => required.has(name) || this.resolve(each).examples || isDocument(this.resolve(each)),
      );
      const excluded = (found.not?.anyOf ?? []).map((each) => each.required[1]);
      return Object.fromEntries(
        shown.filter(([name]) => !excluded.includes(name)).map(([name, each]) => [name, this.example(each, inner)]),
      );
    }
    if (found.type === "array") return [this.example(found.items, seen)];
    if (found.format === "date-time") return "2026-11-02T08:00:00Z";
    if (found.type === "integer" || found.type === "number") return found.minimum ?? 1;
    if (found.type === "boolean") return true;
    return found.type === "string" ? "text" : { any: "JSON" };
  }

  members(schema, depth = 0) {
    const found = this.resolve(schema);
    const object = found.type === "array" ? this.resolve(found.items) : found;
    if (!object.properties) return null;
    const required = new Set(object.required ?? []);
    const rows = Object.entries(object.properties).map(([name, each]) => {
      const inner = depth < 3 ? this.members(each, depth + 1) : null;
      return element(
        "tr",
        {},
        element("td", {}, element("code", {}, name), required.has(name) ? mark("required") : null),
        element(
          "td",
          {},
          element("span", { class: "type" }, [this.typeName(each), this.bounds(each)].filter(Boolean).join(" · ")),
          markdown(this.resolve(each).description),
          inner && element("details", { class: "children" }, element("summary", {}, "members"), inner),
        ),
      );
    });
    return element("table", {}, element("tbody", {}, ...rows));
  }
}

function isDocument(schema) {
  return !schema.type && !schema.enum && !schema.anyOf && !schema.properties;
}

function mark(text) {
  return element("span", { class: "required" }, ` ${text}`);
}

function operationsOf(api) {
  const found = [];
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS) {
      if (item[method] && !item[method]["x-alias-of"]) found.push({ path, method, ...item[method] });
    }
  }
  return found;
}

function routeLine(operation) {
  return element(
    "div",
    { class: "route" },
    element("span", { class: `method ${operation.method}` }, operation.method.toUpperCase()),
    ` ${operation.path}`,
  );
}

function renderOperation(reference, operation) {
  const article = element("article", { id: operation.operationId });
  article.append(element("h3", {}, operation.summary), routeLine(operation), markdown(operation.description));
  const parameters = operation.parameters ?? [];
  if (parameters.length) {
    article.append(element("h4", {}, "Parameters"), renderParameters(reference, parameters));
  }
  const body = operation.requestBody?.content["application/json"]?.schema;
  const file = body ? undefined : Object.keys(operation.requestBody?.content ?? {})[0];
  if (body) {
    article.append(element("h4", {}, "Body"), reference.members(body) ?? markdown(reference.typeName(body)));
  } else if (file) {
    article.append(element("h4", {}, "Body"), markdown(`A file: \`${file}\``));
  }
  const socket = operation["x-websocket"];
  if (socket) article.append(...renderMessages(reference, socket));
  article.append(element("h4", {}, "Answers"), renderResponses(reference, operation));
  article.append(socket ? renderSocketTry(operation) : renderTry(reference, operation, body, file));
  return article;
}

// What the two sides of a WebSocket say to each other, where a method of the contracts stands behind it.
function renderMessages(reference, socket) {
  return Object.entries({ "A client's message": socket.request, "The gateway's message": socket.response })
    .filter(([, schema]) => schema)
    .flatMap(([title, schema]) => [element("h4", {}, title), reference.members(schema)]);
}

function renderParameters(reference, parameters) {
  const rows = parameters.map((parameter) =>
    element(
      "tr",
      {},
      element("td", {}, element("code", {}, parameter.name), parameter.required ? mark("required") : null),
      element(
        "td",
        {},
        element(
          "span",
          { class: "type" },
          [parameter.in, reference.typeName(parameter.schema), reference.bounds(parameter.schema)]
            .filter(Boolean)
            .join(" · "),
        ),
        markdown(parameter.description),
      ),
    ),
  );
  return element("table", {}, element("tbody", {}, ...rows));
}

function renderResponses(reference, operation) {
  const success = operation.responses["200"];
  const box = element("div");
  const [type, content] = Object.entries(success?.content ?? {})[0] ?? [];
  if (type && !content.schema) box.append(markdown(`200 · a file: \`${type}\``));
  if (operation.responses["101"]) box.append(markdown("101 · a WebSocket"));
  if (content?.schema) {
    const schema = content.schema;
    const shown = schema.properties?.data?.contentSchema?.anyOf[0] ?? schema;
    const members = reference.members(shown);
    const title = `200 · ${reference.typeName(shown)}`;
    box.append(members ? element("details", {}, element("summary", {}, title), members) : markdown(title));
  }
  const others = Object.keys(operation.responses).filter((status) => !["101", "200"].includes(status));
  const list = element("p", { class: "type" });
  others.forEach((status, index) => {
    const name = operation.responses[status].$ref?.split("/").pop();
    list.append(index ? ", " : "Also: ", name ? element("a", { href: `#status-${status}` }, status) : status);
  });
  box.append(list);
  return box;
}

function parameterInputs(operation) {
  const inputs = new Map();
  const fields = element("div", { class: "fields" });
  for (const parameter of operation.parameters ?? []) {
    if (parameter.in === "header" && parameter.name !== "Idempotency-Key") continue;
    const id = `${operation.operationId}-${parameter.name}`;
    const input = element("input", { id, placeholder: parameter.required ? "required" : "" });
    inputs.set(parameter, input);
    fields.append(element("label", { for: id }, parameter.name), input);
  }
  return [inputs, fields];
}

function renderTry(reference, operation, body, file) {
  const [inputs, fields] = parameterInputs(operation);
  const text = body && element("textarea", { "aria-label": "Body", spellcheck: "false" });
  if (text) text.value = JSON.stringify(reference.example(body), null, 2);
  const picker = file && element("input", { type: "file", "aria-label": "File" });
  const output = element("div", { "aria-live": "polite" });
  const form = element("form", {}, fields, text ?? picker ?? null, element("button", {}, "Send"), output);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (picker) send(operation, inputs, picker.files[0] ?? "", output, file);
    else send(operation, inputs, text?.value, output);
  });
  return element("details", { class: "try" }, element("summary", {}, "Try it"), form);
}

function renderSocketTry(operation) {
  const [inputs, fields] = parameterInputs(operation);
  const text = element("textarea", { "aria-label": "Message", spellcheck: "false" });
  text.value = "{}";
  const output = element("pre", { "aria-live": "polite" });
  const open = element("button", { type: "button" }, "Open");
  const form = element("form", {}, fields, open, text, element("button", {}, "Send"), output);
  let socket = null;
  const say = (line) => {
    output.append(`${line}\n`);
    if (output.textContent.length > SHOWN_CHARACTERS_MAX) socket?.close();
  };
  open.addEventListener("click", () => {
    socket?.close();
    output.textContent = "";
    socket = new WebSocket(location.origin.replace(/^http/, "ws") + addressOf(operation.path, inputs));
    const key = document.querySelector("#key").value.trim();
    socket.addEventListener("open", () => {
      if (key) socket.send(JSON.stringify({ type: "authenticate", apiKey: key }));
    });
    socket.addEventListener("message", (event) => say(`← ${event.data}`));
    socket.addEventListener("close", (event) => say(`closed with ${event.code} ${event.reason}`));
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (socket?.readyState !== WebSocket.OPEN) return say("Open it first.");
    say(`→ ${text.value}`);
    socket.send(text.value);
  });
  return element("details", { class: "try" }, element("summary", {}, "Try it"), form);
}

// The address of an operation with what was entered for its path and query.
function addressOf(path, inputs) {
  const query = new URLSearchParams();
  for (const [parameter, input] of inputs) {
    const value = input.value.trim();
    if (!value) continue;
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (parameter.in === "header") continue;
    else if (parameter.schema.type === "array") value.split(",").forEach((each) => query.append(parameter.name, each));
    else query.set(parameter.name, value);
  }
  return query.size ? `${path}?${query}` : path;
}

async function send(operation, inputs, body, output, bodyType = "application/json") {
  const headers = {};
  const key = document.querySelector("#key").value.trim();
  if (key) headers.authorization = `Bearer ${key}`;
  else if (operation.method !== "get") headers["x-csrf-token"] = cookie("timeloom_csrf");
  for (const [parameter, input] of inputs) {
    if (parameter.in === "header" && input.value.trim()) headers[parameter.name] = input.value.trim();
  }
  if (body !== undefined) headers["content-type"] = bodyType;
  const address = addressOf(operation.path, inputs);
  output.replaceChildren(element("pre", {}, "…"));
  try {
    const started = performance.now();
    const answer = await fetch(address, { method: operation.method.toUpperCase(), headers, body });
    const line = `${answer.status} · ${Math.round(performance.now() - started)} ms`;
    output.replaceChildren(element("h4", {}, line));
    await show(answer, output);
  } catch (error) {
    output.replaceChildren(element("pre", {}, `No answer: ${error.message}`));
  }
}

async function show(answer, output) {
  const box = element("pre");
  output.append(box);
  if (answer.headers.get("content-type")?.startsWith(STREAM_TYPE)) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      box.append(part.value);
      if (!output.isConnected || box.textContent.length > SHOWN_CHARACTERS_MAX) await reader.cancel();
    }
    return;
  }
  const name = answer.headers.get("content-disposition")?.match(/filename="([^"]+)"/)?.[1];
  if (name) {
    const file = URL.createObjectURL(await answer.blob());
    box.append(element("a", { href: file, download: name }, `Save ${name}`));
    return;
  }
  const text = await answer.text();
  try {
    box.textContent = JSON.stringify(JSON.parse(text), null, 2).slice(0, SHOWN_CHARACTERS_MAX);
  } catch {
    box.textContent = text.slice(0, SHOWN_CHARACTERS_MAX);
  }
}

function cookie(name) {
  const pair = document.cookie.split("; ").find((each) => each.replace(/^__Host-/, "").startsWith(`${name}=`));
  return pair ? pair.slice(pair.indexOf("=") + 1) : "";
}

function renderProblems(api) {
  const section = element("section", { class: "tag" }, element("h2", { id: "problems" }, "Problems"));
  section.append(markdown("An error is `application/problem+json` (RFC 9457). Its `code` says why, for programs."));
  for (const response of Object.values(api.components.responses)) {
    const [phrase, list] = response.description.split("\n\n");
    const rows = list.split("\n").map((line) => {
      const [, code, text] = line.match(/^- `([^`]+)`: (.*)$/);
      const id = `problem-${code.toLowerCase().replaceAll("_", "-")}`;
      return element("tr", { id }, element("td", {}, element("code", {}, code)), element("td", {}, text));
    });
    const title = element("h3", {}, `${response["x-status"]} ${phrase}`);
    const table = element("table", {}, element("tbody", {}, ...rows));
    section.append(element("article", { id: `status-${response["x-status"]}` }, title, table));
  }
  return section;
}

function renderIndex(api, operations) {
  const index = document.querySelector("#index");
  index.replaceChildren();
  for (const { name } of api.tags) {
    const items = operations
      .filter((operation) => operation.tags.includes(name))
      .map((operation) =>
        element(
          "li",
          { "data-words": `${operation.operationId} ${operation.path} ${operation.summary}`.toLowerCase() },
          element("a", { href: `#${operation.operationId}` }, operation.summary),
        ),
      );
    index.append(element("div", {}, element("h2", {}, name), element("ul", {}, ...items)));
  }
  index.append(element("h2", {}, "Errors"), element("ul", {}, element("li", {}, element("a", { href: "#problems" }, "Problems"))));
}

function filterIndex(words) {
  for (const item of document.querySelectorAll("#index li[data-words]")) {
    item.hidden = !item.dataset.words.includes(words.toLowerCase());
  }
}

async function main() {
  const api = await (await fetch("/openapi.json")).json();
  const reference = new Reference(api);
  const operations = operationsOf(api);
  const content = document.querySelector("#content");
  document.querySelector("#version").textContent = api.info.version;
  content.replaceChildren(element("h1", {}, api.info.title), markdown(api.info.description));
  for (const tag of api.tags) {
    const section = element("section", { class: "tag" }, element("h2", {}, tag.name), markdown(tag.description));
    const own = operations.filter((operation) => operation.tags.includes(tag.name));
    section.append(...own.map((operation) => renderOperation(reference, operation)));
    content.append(section);
  }
  content.append(renderProblems(api));
  renderIndex(api, operations);
  const key = document.querySelector("#key");
  key.value = sessionStorage.getItem(KEY_NAME) ?? "";
  key.addEventListener("change", () => sessionStorage.setItem(KEY_NAME, key.value.trim()));
  document.querySelector("#credentials").addEventListener("submit", (event) => event.preventDefault());
  document.querySelector("#filter").addEventListener("input", (event) => filterIndex(event.target.value));
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

main().catch((error) => {
  document.querySelector("#content").replaceChildren(element("p", {}, `The contract cannot be read: ${error.message}`));
});
