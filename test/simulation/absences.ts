import type { ArrivedVerdict, VerdictEffect } from "@tocsin/core/decisions";
import type { LedgerHost } from "./ledger-host.ts";
import type { StepChecks } from "./step-checks.ts";

/**
 * The news that there will be no verdict suppresses nothing: an incident that is routed then does not rest. Checked at once,
 * because the next repeat of the alert would route it again and hide the fault.
 */
export async function absences(
  { direct }: LedgerHost,
  stepChecks: StepChecks,
  { arrived, effects }: { readonly arrived: readonly ArrivedVerdict[]; readonly effects: readonly VerdictEffect[] },
): Promise<void> {
  for (const [n, { fingerprint, result, routes }] of arrived.entries()) {
    if (!("absent" in result) || effects[n] !== "used") continue;
    const { incidents } = await direct.incidents({ fingerprint, limit: 1_000 });
    for (const { target, dedupKey } of routes) {
      const last = incidents
        .filter(({ incident }) => incident.target === target && incident.dedupKey === dedupKey)
        .toSorted((a, b) => a.incident.id - b.incident.id)
        .at(-1);
      const fires = last?.incident.members.some((one) => one.fingerprint === fingerprint && one.status === "firing");
      if (last && fires && last.state === "not_told" && last.reason === "filtered")
        stepChecks.violate(
          "absence",
          `incident ${last.incident.id} (${dedupKey} at ${target}) rests without a verdict`,
        );
    }
  }
}
