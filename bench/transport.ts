// What does a request to PagerDuty cost? CPU of this process per POST: undici's usual interface, our transport on its
// lowest one, and a whole publish (format, fit, post, classify). Interleaved rounds against a sink in another process.
import { cpus } from "node:os";
import { parseTarget, type Notification } from "@tocsin/core";
import { Transport } from "@tocsin/http";
import { createPublisher, targetTypes } from "@tocsin/publishers";
import { Pool } from "undici";
import { median, printTable } from "./lib/machine.ts";
import { startSink } from "./lib/sink.ts";

const rounds = 7;
const posts = 5_000;
const concurrency = 50;

await using sink = await startSink();
await using transport = new Transport({ connections: concurrency });
const pool = new Pool(sink.url, { connections: concurrency, allowH2: false });

const parsed = parseTarget(
  { name: "t", type: "pagerduty", url: sink.url, routing_key: "0".repeat(32) },
  { types: targetTypes, readSecret: String },
);
if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
const publisher = createPublisher(parsed.target, { transport, version: "0" });

const telling: Notification = {
  action: "trigger",
  dedupKey: "9266ef3da838ad95",
  eventId: "1",
  eventAtMs: 0,
  severity: "critical",
  alert: {
    fingerprint: "9266ef3da838ad95",
    labels: {
      alertname: "HighRequestLatency",
      severity: "critical",
      instance: "api-1:9090",
      job: "api",
      namespace: "shop",
    },
    annotations: { summary: "Latency is above 2 s", runbook_url: "https://runbooks.example.com/latency" },
    startsAtMs: Date.UTC(2026, 0, 1),
    generatorURL: "https://prometheus.example.com/graph",
  },
  summary: "Latency is above 2 s",
  firing: 1,
};
const body = JSON.stringify(publisher.render(telling));
const headers = ["content-type", "application/json", "user-agent", "Tocsin/0"];
const address = { origin: sink.url, path: "/v2/enqueue" };
const signal = () => new AbortController().signal;

const ways: Record<string, () => Promise<unknown>> = {
  "pool.request": async () => {
    const answer = await pool.request({ path: "/v2/enqueue", method: "POST", headers, body, signal: signal() });
    return answer.body.text();
  },
  "transport.post": () => transport.post({ address, headers, body, signal: signal() }),
  "publisher.publish": () => publisher.publish(telling, signal()),
};

async function cpuPerPost(post: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  let left = posts;
  const lane = async () => {
    while (left-- > 0) await post();
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / posts;
}

const measured = new Map(Object.keys(ways).map((way) => [way, [] as number[]]));
for (let round = 0; round < rounds; round++) {
  for (const [way, post] of Object.entries(ways)) measured.get(way)!.push(await cpuPerPost(post));
}
await pool.close();

console.log(`${cpus()[0]!.model}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`);
console.log(`POST of ${Buffer.byteLength(body)} bytes, ${concurrency} at a time, ${rounds} rounds of ${posts}\n`);
printTable([
  ["µs CPU per event", "median", "least"],
  ...[...measured].map(([way, values]) => [way, median(values).toFixed(1), Math.min(...values).toFixed(1)]),
]);
