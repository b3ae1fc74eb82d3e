import type { Route } from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";
import { restsNotTold } from "./mark-not-told.ts";
import type { AlertRecord } from "./store.ts";

/** The routes of an alert as its open incidents have them: applied, they confirm these incidents and change nothing. */
export function routesAsTheyAre(
  { store }: Pick<LedgerContext, "store">,
  { incidents, fingerprint }: AlertRecord,
): readonly Route[] {
  const routes: Route[] = [];
  for (const id of incidents) {
    const incident = store.incident(id);
    if (!incident || incident.kind === "change" || incident.state === "closed" || restsNotTold(incident)) continue;
    const member = incident.members.find((one) => one.fingerprint === fingerprint);
    // It ended here, and its resolve may be under way: a route would open the incident again.
    if (!member || (member.status === "resolved" && incident.told !== null)) continue;
    const { severity, summary, byVerdict } = member;
    const { target, dedupKey } = incident;
    routes.push({ target, dedupKey, severity, summary, ...(byVerdict !== undefined && { byVerdict }) });
  }
  return routes;
}
