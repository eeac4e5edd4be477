/** What to paste to begin with, for the address of this page and a key. */
export interface Snippet {
  readonly id: string;
  readonly label: string;
  readonly text: string;
}

export interface Target {
  readonly url: string;
  readonly host: string;
  /** A key's secret, or what stands for one. */
  readonly apiKey: string;
}

export function snippetsFor({ url, host, apiKey }: Target): readonly Snippet[] {
  return [
    {
      id: "python",
      label: "Python",
      text: `# pip install timeloom
from timeloom import Timeloom

client = Timeloom(url="${url}", grpc_address="${host}:8081", api_key="${apiKey}")
with client.record(agent_id="researcher", name="first try") as execution:
    state = {"question": "Why is the sky blue?", "notes": []}
    execution.step("plan", state)
    state["notes"].append("Rayleigh scattering")
    execution.step("research", state)`,
    },
    {
      id: "langgraph",
      label: "LangGraph",
      text: `# pip install "timeloom[langgraph]"
from timeloom import Timeloom
from timeloom.langgraph import TimeloomSaver

client = Timeloom(url="${url}", grpc_address="${host}:8081", api_key="${apiKey}")
graph = builder.compile(checkpointer=TimeloomSaver(client, agent_id="researcher"))`,
    },
    {
      id: "otel",
      label: "OpenTelemetry",
      text: `export OTEL_EXPORTER_OTLP_ENDPOINT="http://${host}:4317"
export OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer ${apiKey}"
export OTEL_SERVICE_NAME="my-agent"`,
    },
    {
      id: "curl",
      label: "curl",
      text: `curl ${url}/api/agent-executions \\
  -H "Authorization: Bearer ${apiKey}" -H "Content-Type: application/json" \\
  -d '{"agentId": "researcher", "name": "first try"}'`,
    },
    {
      id: "typescript",
      label: "TypeScript",
      text: `// npm install @timeloom/client
import { createTimeloom } from "@timeloom/client";

const timeloom = createTimeloom({ url: "${url}", apiKey: "${apiKey}" });
await timeloom.rest.POST("/api/agent-executions", { body: { agentId: "researcher", name: "first try" } });`,
    },
  ];
}
