// What does the client library cost beside PagerDuty's own SDK? Events per second and CPU of this process per event, over TLS
// to one sink in another process, interleaved rounds. Each is as its README says, but for the limit of 120 per minute, which
// ours keeps by default and the SDK does not have. The SDK is given a keep-alive agent: without one it makes a TLS
// connection per event, which is some ten times dearer.
import https from "node:https";
import { event } from "@pagerduty/pdjs";
import { PagerDutyEventsClient, unlimited } from "@tocsin/pagerduty";
import { median, printTable, writeResult } from "./lib/machine.ts";
import { startTlsSink } from "./lib/tls-sink.ts";

const rounds = 9;
const routingKey = "0123456789abcdef0123456789abcdef";

await using sink = await startTlsSink();

const client = new PagerDutyEventsClient({
  routingKey,
  baseUrl: `https://localhost:${sink.port}`,
  ca: sink.ca,
  limiter: unlimited,
});
const agent = new https.Agent({ keepAlive: true, ca: sink.ca });

// Built again for each event, as programs do.
const payload = () => ({
  summary: "DISK at 99% on machine prod-datapipe03.example.com",
  source: "prod-datapipe03.example.com",
  severity: "critical" as const,
  timestamp: "2015-07-17T08:42:58.315Z",
  component: "mysql",
  group: "prod-datapipe",
  class: "disk",
});
const details = () => ({ "free space": "1%", "ping time": "1500ms", "load avg": 0.75 });

const contestants = {
  tocsin: () => client.trigger({ dedupKey: "srv01/mysql", payload: { ...payload(), customDetails: details() } }),
  pdjs: () =>
    event({
      server: `localhost:${sink.port}`,
      data: {
        routing_key: routingKey,
        event_action: "trigger",
        dedup_key: "srv01/mysql",
        payload: { ...payload(), custom_details: details() },
      },
      // Handed through to node-fetch, which is how its documentation passes an agent; its types do not say so.
      ...({ agent } as object),
    }),
};
type Name = keyof typeof contestants;

interface Measured {
  perSecond: number;
  cpuMicros: number;
}

let sent = 0;

async function measure(send: () => Promise<unknown>, concurrency: number, events: number): Promise<Measured> {
  const started = performance.now();
  const before = process.cpuUsage();
  let left = events;
  const lane = async () => {
    while (left-- > 0) await send();
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  const { user, system } = process.cpuUsage(before);
  sent += events;
  return { perSecond: (events / (performance.now() - started)) * 1000, cpuMicros: (user + system) / events };
}

const rows = [];
for (const send of Object.values(contestants)) await measure(send, 50, 5_000);
for (const concurrency of [1, 10, 50, 100]) {
  const events = concurrency === 1 ? 2_000 : 6_000;
  const all: Record<Name, Measured[]> = { tocsin: [], pdjs: [] };
  for (let round = 0; round < rounds; round++) {
    for (const [name, send] of Object.entries(contestants))
      all[name as Name].push(await measure(send, concurrency, events));
  }
  const rate = (name: Name) => median(all[name].map(({ perSecond }) => perSecond));
  const cpu = (name: Name) => median(all[name].map(({ cpuMicros }) => cpuMicros));
  rows.push({
    concurrency,
    tocsin: { perSecond: Math.round(rate("tocsin")), cpuMicros: Number(cpu("tocsin").toFixed(1)) },
    pdjs: { perSecond: Math.round(rate("pdjs")), cpuMicros: Number(cpu("pdjs").toFixed(1)) },
    rateRatio: Number((rate("tocsin") / rate("pdjs")).toFixed(2)),
    cpuRatio: Number((cpu("tocsin") / cpu("pdjs")).toFixed(3)),
  });
}
client.close();
agent.destroy();
const arrived = await sink.count();
if (arrived !== sent) throw new Error(`${sent} events were sent, ${arrived} arrived`);

printTable([
  ["at once", "tocsin/s", "pdjs/s", "ratio", "tocsin µs CPU", "pdjs µs CPU", "ratio"],
  ...rows.map((row) => [
    row.concurrency,
    row.tocsin.perSecond,
    row.pdjs.perSecond,
    row.rateRatio,
    row.tocsin.cpuMicros,
    row.pdjs.cpuMicros,
    row.cpuRatio,
  ]),
]);
writeResult("client", { rounds, rows });
