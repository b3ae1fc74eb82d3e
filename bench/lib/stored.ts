import { openSqliteLedger } from "@tocsin/engine";
import type { TargetTerms, Want } from "@tocsin/core";
import { postedAlert } from "./alerts.ts";

/** Fills a ledger file with told incidents, by the engine itself and without a network. */
export async function storeTold(
  path: string,
  count: number,
  target: TargetTerms,
  options: { resolve: number },
): Promise<void> {
  const ledger = await openSqliteLedger({ path, thread: false });
  await ledger.useTargets([target]);
  const size = 1000;
  const settleAll = async (): Promise<void> => {
    for (;;) {
      const { leases } = await ledger.claimDue({
        owner: "bench",
        most: size,
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
    await ledger.want(numbers.map((n) => wantOf(n, "firing", target.name)));
    await settleAll();
    const over = numbers.filter((n) => n < options.resolve);
    if (over.length === 0) continue;
    await ledger.want(over.map((n) => wantOf(n, "resolved", target.name)));
    await settleAll();
  }
  await ledger[Symbol.asyncDispose]();
}

function wantOf(n: number, status: "firing" | "resolved", target: string): Want {
  const { labels, annotations, fingerprint, startsAt } = postedAlert(n, status);
  const alert = { fingerprint, labels, annotations, startsAtMs: Date.parse(startsAt) };
  const summary = annotations["summary"] ?? "";
  return {
    claim: { alert, status, source: "bench" },
    routes: [{ target, dedupKey: fingerprint, severity: "warning", summary }],
  };
}
