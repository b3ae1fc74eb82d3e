import type { Alert, Change, Clock } from "@tocsin/core";
import type { RelatedChanges } from "./related-changes.ts";

/** A page waits no longer than this for its related changes. */
const maxWaitMs = 500;

/**
 * Finds the changes that a page lists. A page must not wait for them: if the ledger is slow or fails, the page leaves without
 * them. Never rejects.
 */
export const pageChanges =
  ({ related, clock }: { readonly related: Pick<RelatedChanges, "forPage">; readonly clock: Clock }) =>
  async (alert: Alert, spanMs: number): Promise<readonly Change[] | undefined> => {
    const late = Promise.withResolvers<undefined>();
    const cancel = clock.after(maxWaitMs, () => late.resolve(undefined));
    try {
      const found = await Promise.race([related.forPage(alert, spanMs), late.promise]);
      return found && found.length > 0 ? found.map(({ change }) => change) : undefined;
    } catch {
      return undefined;
    } finally {
      cancel();
    }
  };
