import { mkdtempSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { openSqliteLedger } from "@tocsin/engine";
import type { TargetTerms, RoutedClaim } from "@tocsin/core";
import { postedAlert } from "./alerts.ts";

/** A target from an earlier time: its incidents are history, or still open. */
const target: TargetTerms = {
  name: "pagerduty",
  enabled: true,
  shadow: false,
  endpoint: "stored",
  access: "stored",
  credential: "stored",
  sealed: "",
  traits: { dropsUnknownResolves: true, acknowledges: true },
  rateLimit: { limit: 0, perMs: 60_000, algorithm: "sliding_window", burst: 10, reserve: 0.2 },
  timeoutMs: 10_000,
  pageResolved: "never",
  adoptUnknownResolves: true,
};

/** Changes over 90 days, every tenth of them in the last hour. `related`: of the services that the alerts have. */
export interface StoredChanges {
  readonly count: number;
  readonly related: boolean;
}

/** A ledger that holds `count` incidents, the newest `open` of them still open, and its size. */
export interface Stored extends Disposable {
  readonly dir: string;
  readonly mib: number;
}

export async function stored(
  count: number,
  open: number,
  changes: StoredChanges = { count: 0, related: false },
): Promise<Stored> {
  const dir = mkdtempSync(path.join(os.tmpdir(), "tocsin-stored-"));
  const file = path.join(dir, "tocsin.db");
  await storeTold(file, count, count - open);
  await storeChanges(file, changes);
  return {
    dir,
    mib: Math.round(statSync(file).size / 2 ** 20),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Fills a ledger file with delivered incidents, by the engine itself and without a network. */
async function storeTold(file: string, count: number, closed: number): Promise<void> {
  const ledger = await openSqliteLedger({ path: file, thread: false });
  await ledger.useTargets([target]);
  const size = 1000;
  const settleAll = async (): Promise<void> => {
    for (;;) {
      const { leases } = await ledger.leaseDue({
        owner: "bench",
        max: size,
        concurrency: 4 * size,
        ahead: { targets: [], factor: 1 },
        leaseMarginMs: 20_000,
      });
      if (leases.length === 0) return;
      await ledger.settle(leases.map((lease) => ({ lease, outcome: { kind: "accepted", receipt: "" } })));
    }
  };
  for (let from = 0; from < count; from += size) {
    const numbers = Array.from({ length: Math.min(size, count - from) }, (_, i) => from + i);
    await ledger.record(numbers.map((n) => wantOf(n, "firing")));
    await settleAll();
    const over = numbers.filter((n) => n < closed);
    if (over.length === 0) continue;
    await ledger.record(over.map((n) => wantOf(n, "resolved")));
    await settleAll();
  }
  await ledger[Symbol.asyncDispose]();
}

/** The service of the alert or change with this number. */
const serviceOf = (n: number): string => `service-${Math.floor(n / 10) % 1_000}`;

const hourMs = 3_600_000;

async function storeChanges(file: string, { count, related }: StoredChanges): Promise<void> {
  const ledger = await openSqliteLedger({ path: file, thread: false });
  const size = 1_000;
  for (let from = 0; from < count; from += size)
    await ledger.recordChanges(
      Array.from({ length: Math.min(size, count - from) }, (_, i) => ({
        change: {
          id: String(from + i),
          origin: "bench",
          summary: `Deployed ${serviceOf(from + i)}`,
          source: "bench",
          timestampMs: Date.now() - (((from + i) * 7919_000) % (i % 10 === 0 ? hourMs : 90 * 24 * hourMs)),
          labels: { service: `${related ? "" : "other-"}${serviceOf(from + i)}`, namespace: "production" },
          customDetails: { commit: "8f3c1d2" },
          links: [],
        },
        routes: [],
      })),
    );
  await ledger[Symbol.asyncDispose]();
}

function wantOf(n: number, status: "firing" | "resolved"): RoutedClaim {
  const { labels, annotations, fingerprint, startsAt } = postedAlert(n, status);
  const alert = {
    fingerprint,
    labels: { ...labels, service: serviceOf(n) },
    annotations,
    startsAtMs: Date.parse(startsAt),
  };
  const summary = annotations["summary"] ?? "";
  return {
    claim: { alert, status, source: "bench" },
    routes: [{ target: target.name, dedupKey: fingerprint, severity: "warning", summary }],
  };
}
