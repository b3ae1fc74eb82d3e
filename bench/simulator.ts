// Is the simulator fast enough to be no bottleneck of what it judges? Real HTTP from another process, distinct triggers
// of 700 bytes over 50 connections, in the default and in the lean recording mode. Reach: 8,000/s and 15,000/s on one core.
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { Simulator } from "@tocsin/simulator";
import { cpuSeconds, median, peakRssMiB, printTable, writeResult } from "./lib/machine.ts";

const accepted = Buffer.from("HTTP/1.1 202");

/** In the child: the simulator as `tocsin simulator` runs it, but without its limit. */
async function serve(lean: boolean): Promise<void> {
  const simulator = new Simulator({ lean, limit: { limit: 0 } });
  const { port } = await simulator.listen();
  process.on("disconnect", () => process.exit(0));
  process.on("message", () => process.send?.({ incidents: simulator.incidents().length }));
  process.send?.({ port });
}

interface Round {
  readonly requestsPerSecond: number;
  readonly cpuMicrosPerRequest: number;
  readonly peakRssMiB: number;
}

async function measure(): Promise<void> {
  const count = Number(process.argv[2] ?? 50_000);
  const rounds = Number(process.argv[3] ?? 5);
  const results: Record<string, Round[]> = { default: [], lean: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, done] of Object.entries(results)) done.push(await measureOnce(name, count));
  }
  const of = (name: string, key: keyof Round): number => median(results[name]?.map((one) => one[key]) ?? []);
  printTable([
    ["simulator", "requests/s", "µs CPU/request", "one core, /s", "peak MiB"],
    ...Object.keys(results).map((name) => [
      name,
      Math.round(of(name, "requestsPerSecond")),
      of(name, "cpuMicrosPerRequest").toFixed(1),
      Math.round(1e6 / of(name, "cpuMicrosPerRequest")),
      of(name, "peakRssMiB"),
    ]),
  ]);
  writeResult("simulator", { count, rounds, results });
}

async function measureOnce(name: string, count: number): Promise<Round> {
  const child = fork(new URL(import.meta.url), { env: { ...process.env, SIMULATOR_MODE: name } });
  try {
    const [{ port }] = (await once(child, "message")) as [{ port: number }];
    const pid = child.pid as number;
    // The first requests pay for the compiler, which no long test notices.
    await load(port, 5_000, "warm");
    const cpuBefore = cpuSeconds(pid);
    const startedAtMs = performance.now();
    await load(port, count, "k");
    const seconds = (performance.now() - startedAtMs) / 1000;
    const cpu = cpuSeconds(pid) - cpuBefore;
    child.send("count");
    const [{ incidents }] = (await once(child, "message")) as [{ incidents: number }];
    if (incidents !== count + 5_000) throw new Error(`${incidents} incidents of ${count + 5_000}`);
    return {
      requestsPerSecond: count / seconds,
      cpuMicrosPerRequest: (cpu / count) * 1e6,
      peakRssMiB: peakRssMiB(pid),
    };
  } finally {
    child.disconnect();
    await once(child, "exit");
  }
}

/** Raw sockets, one request under way on each: the generator shall not be the bottleneck. */
async function load(port: number, count: number, prefix: string): Promise<void> {
  const connections = 50;
  let sent = 0;
  const lane = async (): Promise<void> => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    while (sent < count) {
      const body = trigger(`${prefix}${sent++}`);
      socket.write(
        `POST /v2/enqueue HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
      const [answer] = (await once(socket, "data")) as [Buffer];
      if (!answer.subarray(0, 12).equals(accepted)) throw new Error(answer.toString("utf8", 0, 300));
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: connections }, lane));
}

const trigger = (dedupKey: string): string =>
  JSON.stringify({
    routing_key: "0123456789abcdef0123456789abcdef",
    event_action: "trigger",
    dedup_key: dedupKey,
    payload: {
      summary: `Latency of api on ${dedupKey} is above 2 s`,
      source: `${dedupKey}.example.com:9090`,
      severity: "warning",
      timestamp: "2026-11-23T10:00:00Z",
      component: "api",
      group: "production",
      class: "HighRequestLatency",
      custom_details: {
        labels: { alertname: "HighRequestLatency", cluster: "eu-1", namespace: "production", severity: "warning" },
        annotations: { runbook_url: "https://runbooks.example.com/HighRequestLatency" },
      },
    },
    links: [{ href: "https://prometheus.example.com/graph?g0.expr=latency", text: "Graph" }],
  });

const mode = process.env["SIMULATOR_MODE"];
if (mode === undefined) await measure();
else await serve(mode === "lean");
