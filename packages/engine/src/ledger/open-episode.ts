import type { Incident } from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";

/**
 * Opens the next episode of an incident, due now, with the facts of `next`. It begins without attempts, and without what was sent for
 * the episode before. Its alerts belong to it from now on.
 */
export function openEpisode(context: LedgerContext, before: Incident, next: Incident): void {
  const { store, nowMs } = context;
  const { receipt: _receipt, confirmBy: _confirmBy, ...rest } = next;
  const opened = context.insert(
    context.derive({
      ...rest,
      id: 0,
      state: "due",
      dueAtMs: nowMs,
      adopted: false,
      fellBack: false,
      attempts: 0,
      failures: 0,
      lastFailure: null,
      retriedForMs: 0,
    }),
  );
  for (const { fingerprint } of opened.members) {
    store.addMember(fingerprint, opened);
    const record = store.alert(fingerprint);
    if (record)
      store.putAlert(record, {
        ...record,
        incidents: [...record.incidents.filter((one) => one !== before.id), opened.id],
      });
  }
}
