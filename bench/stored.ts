// What does a full ledger cost? Start with 100,000 open incidents until ready; one explain among 1,000,000 stored; claim and
// intake beside an empty ledger; size on disk.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TargetTerms } from "@tocsin/core";
import { postedAlert, webhookBody } from "./lib/alerts.ts";
import { startTocsin } from "./lib/contestants.ts";
import { peakRssMiB, printTable, quantile, writeResult } from "./lib/machine.ts";
import { postAll } from "./lib/post.ts";
import { startSink } from "./lib/sink.ts";
import { storeTold } from "./lib/stored.ts";

const terms: TargetTerms = {
  name: "pagerduty",
  enabled: true,
  shadow: false,
  endpoint: "stored",
  credential: "stored",
  sealed: "",
  traits: { dropsUnknownResolves: true, acknowledges: true },
  rateLimit: { limit: 0, perMs: 60_000, algorithm: "sliding_window", burst: 10, reserve: 0.2 },
  timeoutMs: 10_000,
  pageResolved: "never",
  adoptUnknownResolves: true,
};

const rows: (string | number)[][] = [
  ["stored", "open", "ready s", "explain p50 ms", "p95 ms", "intake p50 ms", "MiB on disk", "RSS MiB"],
];
const results: unknown[] = [];
for (const [stored, open] of [
  [0, 0],
  [100_000, 100_000],
  [Number(process.argv[2] ?? 1_000_000), 1_000],
] as const) {
  const dir = mkdtempSync(path.join(os.tmpdir(), "tocsin-stored-"));
  const file = path.join(dir, "tocsin.db");
  await storeTold(file, stored, terms, { resolve: stored - open });
  const mib = stored === 0 ? 0 : Math.round(statSync(file).size / 2 ** 20);
  await using sink = await startSink();
  const startedAt = performance.now();
  const tocsin = await startTocsin(sink.url, { dir });
  const readySeconds = (performance.now() - startedAt) / 1000;
  const explains: number[] = [];
  for (let i = 0; i < 200; i++) {
    const { fingerprint } = postedAlert(stored === 0 ? 0 : (i * 7919) % stored, "firing");
    const at = performance.now();
    await (await fetch(`${tocsin.url}/api/v1/explain?fingerprint=${fingerprint}`)).text();
    explains.push(performance.now() - at);
  }
  const bodies = Array.from({ length: 300 }, (_, i) => webhookBody([postedAlert(2_000_000 + i, "firing")]));
  const intake = await postAll(tocsin.url, bodies, { path: tocsin.path, connections: 1 });
  const row = [
    stored,
    open,
    readySeconds.toFixed(2),
    quantile(explains, 0.5).toFixed(2),
    quantile(explains, 0.95).toFixed(2),
    quantile(intake, 0.5).toFixed(2),
    mib,
    peakRssMiB(tocsin.pid),
  ];
  rows.push(row);
  results.push(row);
  await tocsin[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
}
printTable(rows);
writeResult("stored", { columns: rows[0], results });
