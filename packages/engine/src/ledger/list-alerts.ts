import { changeFingerprints, isChangeFingerprint } from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";
import { alertIn } from "./store.ts";

/** Lists alerts by their fingerprints, without those that carry changes. */
export function listAlerts(
  { store }: LedgerContext,
  { after = "", limit }: { readonly after?: string; readonly limit: number },
) {
  const page = store.alertsByFingerprint(after, limit);
  const alerts = page.filter(({ fingerprint }) => !isChangeFingerprint(fingerprint));
  // The alerts that carry changes are neighbours. Skips them, however many they are.
  const more =
    alerts.length < page.length ? store.alertsByFingerprint(changeFingerprints.end, limit - alerts.length) : [];
  return [...alerts, ...more].map(alertIn);
}
