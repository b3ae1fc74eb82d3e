// How soon are PagerDuty's webhooks answered at 200 a second, alone and beside alerts? PagerDuty waits 5 s for an answer.
import { createHmac } from "node:crypto";
import { Pool } from "undici";
import { postedAlert, webhookBody } from "./lib/alerts.ts";
import { startTocsin } from "./lib/contestants.ts";
import { cpuSeconds, median, printTable, quantile, writeResult } from "./lib/machine.ts";
import { postAll } from "./lib/post.ts";
import { startSink } from "./lib/sink.ts";

const perSecond = 200;
const seconds = 15;
const rounds = 3;
const alertsPerSecond = 200;
const incidentCount = 2_000;
const secret = "secret-of-the-webhook-subscription";

const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

await using sink = await startSink();
await using tocsin = await startTocsin(sink.url, {
  callbacks: [{ name: "pd", type: "pagerduty", secrets: ["a former secret", secret], targets: ["pagerduty"] }],
});
const pool = new Pool(tocsin.url, { connections: 32 });

const alerts = Array.from({ length: incidentCount }, (_, n) => postedAlert(n, "firing"));
await postAll(
  tocsin.url,
  Array.from({ length: incidentCount / 50 }, (_, n) => webhookBody(alerts.slice(n * 50, n * 50 + 50))),
  { path: tocsin.path },
);
await sink.until(incidentCount);
const keys: string[] = [];
for (let cursor = ""; keys.length < incidentCount;) {
  const answer = await fetch(`${tocsin.url}/api/v1/incidents?limit=1000${cursor && `&cursor=${cursor}`}`);
  const { incidents, nextCursor = "" } = (await answer.json()) as {
    incidents: { dedupKey: string }[];
    nextCursor?: string;
  };
  keys.push(...incidents.map(({ dedupKey }) => dedupKey));
  if (nextCursor === "") break;
  cursor = encodeURIComponent(nextCursor);
}

/** The webhooks of an incident, in order. */
const life = ["triggered", "acknowledged", "annotated", "unacknowledged", "acknowledged", "reassigned"] as const;

let sent = 0;
/** The next webhook, about 1.5 KB like PagerDuty's. */
function webhook(): { readonly body: string; readonly signature: string } {
  const n = sent++;
  const index = n % incidentCount;
  const event_type = `incident.${life[Math.floor(n / incidentCount) % life.length]}`;
  const people = Array.from({ length: 5 }, (_, one) => ({
    id: `P${one}`,
    type: "user_reference",
    summary: `User ${one}`,
  }));
  const body = JSON.stringify({
    event: {
      id: `event-${n}`,
      event_type,
      resource_type: "incident",
      occurred_at: new Date().toISOString(),
      agent: { id: "P1", type: "user_reference", summary: "A person", self: null, html_url: null },
      client: { name: "PagerDuty" },
      data: {
        id: `Q${index}`,
        type: "incident",
        number: index,
        status: "triggered",
        incident_key: keys[index],
        created_at: new Date().toISOString(),
        title: "t".repeat(200),
        assignees: people,
        teams: people,
        service: { id: "S", type: "service_reference", summary: "API Service" },
        urgency: "high",
        resolve_reason: null,
      },
    },
  });
  return { body, signature: `v1=${createHmac("sha256", secret).update(body).digest("hex")}` };
}

/** Calls at a steady rate. Returns the times from when each call was due until it ended, ms. */
async function steadily(rate: number, call: () => Promise<void>): Promise<number[]> {
  const startMs = performance.now() + 50;
  const times: number[] = [];
  const running: Promise<void>[] = [];
  for (let n = 0; n < rate * seconds; n++) {
    const dueMs = startMs + (n * 1_000) / rate;
    while (performance.now() < dueMs) await rest(dueMs - performance.now());
    running.push(call().then(() => void times.push(performance.now() - dueMs)));
  }
  await Promise.all(running);
  return times;
}

const effects: Record<string, number> = {};
async function sendWebhook(): Promise<void> {
  const { body, signature } = webhook();
  const headers = { "content-type": "application/json", "x-pagerduty-signature": signature };
  const answer = await pool.request({ path: "/api/v1/callbacks/pd", method: "POST", headers, body });
  const text = await answer.body.text();
  if (answer.statusCode !== 202) throw new Error(`answered ${answer.statusCode}: ${text}`);
  const { effect } = JSON.parse(text) as { effect: string };
  effects[effect] = (effects[effect] ?? 0) + 1;
}

let posted = incidentCount;
async function sendAlert(): Promise<void> {
  const body = webhookBody([postedAlert(posted++, "firing")]);
  const answer = await pool.request({
    path: tocsin.path,
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  await answer.body.dump();
}

async function measure(withAlerts: boolean) {
  const sinceCpu = cpuSeconds(tocsin.pid);
  const [times] = await Promise.all([
    steadily(perSecond, sendWebhook),
    withAlerts ? steadily(alertsPerSecond, sendAlert) : undefined,
  ]);
  const cpuMicros = ((cpuSeconds(tocsin.pid) - sinceCpu) * 1e6) / times.length;
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), max: Math.max(...times), cpuMicros };
}

await measure(false);
const runs = {
  alone: [] as Awaited<ReturnType<typeof measure>>[],
  "beside 200 alerts/s": [] as Awaited<ReturnType<typeof measure>>[],
};
for (let round = 0; round < rounds; round++) {
  runs.alone.push(await measure(false));
  runs["beside 200 alerts/s"].push(await measure(true));
}
await pool.close();

const shown = Object.entries(runs).map(([what, all]) => ({
  what,
  p50: median(all.map(({ p50 }) => p50)),
  p99: median(all.map(({ p99 }) => p99)),
  max: Math.max(...all.map(({ max }) => max)),
  cpuMicros: median(all.map(({ cpuMicros }) => cpuMicros)),
}));
printTable([
  ["200 webhooks/s", "p50 ms", "p99 ms", "max ms", "µs CPU/webhook"],
  ...shown.map(({ what, p50, p99, max, cpuMicros }) => [
    what,
    p50.toFixed(1),
    p99.toFixed(1),
    max.toFixed(1),
    cpuMicros.toFixed(0),
  ]),
]);
console.log(effects);
writeResult("callbacks", { shown, runs, effects });
if (shown.some(({ p99 }) => p99 > 100)) throw new Error("the answer took longer than 100 ms (p99)");
