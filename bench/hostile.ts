// For how long is the service blocked by the worst request bodies that it reads, at the default maxBodyBytes?
import { startTocsin } from "./lib/contestants.ts";
import { peakRssMiB, printTable, writeResult } from "./lib/machine.ts";
import { startSink } from "./lib/sink.ts";

const maxBytes = 20 * 1024 * 1024;

/** As many of these members as fit. */
function list(member: (index: number) => string, most = Number.POSITIVE_INFINITY): string {
  const members: string[] = [];
  for (let bytes = 100, index = 0; index < most; index++) {
    const text = member(index);
    bytes += text.length + 1;
    if (bytes > maxBytes) break;
    members.push(text);
  }
  return members.join(",");
}

const alert = (index: number) => `{"status":"firing","labels":{"alertname":"Hostile","i":"${index % 1_000}"}}`;
const long = "y".repeat(maxBytes - 1_000);
const bodies: Record<string, () => string> = {
  "numbers in place of alerts": () => `{"alerts":[${list(() => "1", 4_900_000)}]}`,
  "short texts in place of alerts": () => `{"alerts":[${list((index) => `"x${index}"`)}]}`,
  "empty objects": () => `{"alerts":[${list(() => "{}", 499_000)}]}`,
  "invalid alerts": () =>
    `{"alerts":[${list((index) => `{"labels":{"a":1,"b${index}":2},"startsAt":"soon"}`, 249_000)}]}`,
  "valid alerts of 1,000 series": () => `{"alerts":[${list(alert, 240_000)}]}`,
  "an alert with millions of labels": () => `{"alerts":[{"labels":{${list((index) => `"a${index}":"b"`)}}}]}`,
  "millions of names beside the alerts": () => `{"alerts":[${alert(0)}],${list((index) => `"a${index}":1`)}}`,
  "one annotation": () => `{"alerts":[{"status":"firing","labels":{"alertname":"A"},"annotations":{"a":"${long}"}}]}`,
  "one label": () => `{"alerts":[{"status":"firing","labels":{"alertname":"${long}"}}]}`,
};

await using sink = await startSink();
await using tocsin = await startTocsin(sink.url);

/** Longest answer time of the liveness probe, which does nothing, until the answer comes. */
async function maxProbeMs(answering: Promise<unknown>): Promise<number> {
  const state = { ended: false };
  void answering.finally(() => (state.ended = true));
  for (let maxMs = 0; ;) {
    const sinceMs = performance.now();
    await (await fetch(`${tocsin.url}/healthz`)).text();
    maxMs = Math.max(maxMs, performance.now() - sinceMs);
    if (state.ended) return maxMs;
  }
}

async function post(body: Buffer<ArrayBuffer>): Promise<number> {
  const answer = await fetch(`${tocsin.url}/api/v1/webhook/alertmanager`, { method: "POST", body });
  await answer.text();
  return answer.status;
}

const results: { name: string; status: number; blockMs: number; ms: number }[] = [];
for (const [name, make] of Object.entries(bodies)) {
  const body = Buffer.from(make());
  const sinceMs = performance.now();
  const answering = post(body);
  const blockMs = await maxProbeMs(answering);
  results.push({ name, status: await answering, blockMs, ms: performance.now() - sinceMs });
}
printTable([
  ["body", "status", "longest block ms", "answer ms"],
  ...results.map(({ name, status, blockMs, ms }) => [name, status, blockMs.toFixed(0), ms.toFixed(0)]),
]);
writeResult("hostile", { results, rssMiB: peakRssMiB(tocsin.pid) });
