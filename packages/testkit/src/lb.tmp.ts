import { openSqliteLedger, startWorker } from "@tocsin/engine";
import { systemClock, type TargetTerms, type Want } from "@tocsin/core";
import { rmSync } from "node:fs";
const thread = process.argv[2] !== "inproc";
const N = Number(process.argv[3] ?? 10000);
rmSync("/tmp/lb.db", { force: true }); rmSync("/tmp/lb.db-wal", { force: true });
const terms: TargetTerms = { name: "pd", enabled: true, shadow: false, endpoint: "e1", credential: "c1", sealed: "x", traits: { dropsUnknownResolves: true, acknowledges: true }, rateLimit: { limit: 0, perMs: 60000, algorithm: "sliding_window", burst: 10, reserve: 0.2 }, timeoutMs: 10000, pageResolved: "never", adoptUnknownResolves: true };
const clock = systemClock;
const ledger = await openSqliteLedger({ path: "/tmp/lb.db", thread });
await ledger.useTargets([terms]);
const w = (i: number, status: "firing"|"resolved"): Want => ({ claim: { alert: { fingerprint: i.toString(16).padStart(16, "0"), labels: { alertname: "HighLatency", instance: "host-" + i, job: "api", severity: "warning", namespace: "production", cluster: "eu-1", pod: "api-7d9f-" + i }, annotations: { summary: "Latency of api on host-" + i + " is high", description: "p99 is 2.3 s for 5 minutes", runbook_url: "https://runbooks.example.com/latency" }, startsAtMs: 1000, generatorURL: "http://prometheus:9090/graph?g0.expr=x" }, status, source: "default" }, routes: [{ target: "pd", dedupKey: i.toString(16).padStart(16, "0"), severity: "warning", summary: "Latency of api on host-" + i + " is high" }] });
let told = 0; let done!: () => void; let finished = new Promise<void>((r) => (done = r)); let goal = N;
const worker = startWorker({ ledger, clock, owner: "w", concurrency: 64, publish: async () => { await new Promise((r) => setImmediate(r)); return { outcome: { kind: "accepted", receipt: "" } }; }, observe: { attempted: () => { if (++told === goal) done(); }, failed: (e) => console.error(e) } });
for (const phase of ["firing", "resolved"] as const) {
  const c0 = process.cpuUsage(); const m0 = process.threadCpuUsage?.(); const t0 = performance.now();
  const inflight = [];
  for (let i = 0; i < N; i += 50) {
    const batch = Array.from({ length: Math.min(50, N - i) }, (_, k) => w(i + k, phase));
    inflight.push(ledger.want(batch)); worker.wake();
    if (inflight.length >= 4) await inflight.shift();
  }
  await Promise.all(inflight); const t1 = performance.now();
  await finished; await new Promise((r) => setTimeout(r, 50));
  const c = process.cpuUsage(c0); const m = process.threadCpuUsage?.(m0); const wall = performance.now() - t0;
  console.log(phase, "wall", wall.toFixed(0), "ingest", (t1 - t0).toFixed(0), "cpu/event µs", ((c.user + c.system) / N).toFixed(1), "main thread", m ? ((m.user + m.system) / N).toFixed(1) : "");
  told = 0; finished = new Promise<void>((r) => (done = r));
}
await worker.stop(); console.log(Math.round(process.memoryUsage.rss() / 1e6), "MB"); await ledger[Symbol.asyncDispose]();
