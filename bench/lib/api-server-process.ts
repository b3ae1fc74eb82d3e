// A Kubernetes API stand-in in a process of its own: fills a namespace with targets, and changes them on request.
import { ApiServer } from "../../apps/tocsin/src/kubernetes/api-server.fixture.ts";

export const namespace = "bench";

export interface Ready {
  readonly kubeconfig: string;
}
export interface Change {
  /** How many events. */
  readonly events: number;
  /** Put into the target `marker` after them. */
  readonly round: number;
}

const [dir = ".", count = "0"] = process.argv.slice(2);
const targets = Number(count);
const server = await ApiServer.start();
let changes = 0;

/** Five filters each, no two alike. */
function put(index: number): void {
  const change = changes++;
  const name = `target-${String(index).padStart(5, "0")}`;
  server.put(namespace, name, {
    routing_key: `${change}`.padStart(32, "K"),
    "target.json": JSON.stringify({
      name,
      type: "pagerduty",
      url: "http://127.0.0.1:9",
      filters: {
        severity: ["critical", "error"],
        namespace: [`team-${index}`, "shop"],
        labels: { team: `team-${index}` },
        matchers: [`service=~"api|web|svc-${change}"`],
        alert_name_pattern: `^Kube${index}`,
      },
      metadata: { change },
    }),
  });
}

for (let index = 0; index < targets; index++) put(index);
process.send?.({ kubeconfig: server.kubeconfig(dir) } satisfies Ready);

async function make({ events, round }: Change): Promise<void> {
  for (let event = 0; event < events; event++) {
    const index = Math.floor(Math.random() * targets);
    const name = `target-${String(index).padStart(5, "0")}`;
    // Mostly changes, rotated keys among them; now and then one goes, or a new one comes for a while.
    if (event % 10 === 0) server.delete(namespace, name);
    else if (event % 10 === 1) server.put(namespace, `guest-${changes}`, { "target.json": "{}" });
    else if (event % 10 === 2) server.delete(namespace, `guest-${changes}`);
    else put(index);
    if (event % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const marker = { name: "marker", type: "pagerduty", url: "http://127.0.0.1:9", routing_key: "M".repeat(32) };
  server.put(namespace, "marker", { "target.json": JSON.stringify({ ...marker, metadata: { round } }) });
}
process.on("message", (message: Change) => void make(message));
process.on("disconnect", () => process.exit());
