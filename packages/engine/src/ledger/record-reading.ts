import {
  type ClaimState,
  confirmClaim,
  currentClassification,
  endClaim,
  lastReportedAtMs,
  type ReadAlert,
  type Reading,
  type Route,
  routesAlike,
} from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";
import { applyRoutes, endMembers } from "./apply-routes.ts";
import { routesAsTheyAre } from "./routes-as-they-are.ts";
import { withClaims } from "./record-claims.ts";
import type { AlertRecord } from "./store.ts";

/** Returns the alerts among these that the source has sent through its webhook. */
export function readAlerts(
  { store, nowMs }: LedgerContext,
  source: string,
  fingerprints: readonly string[],
): { readonly alerts: readonly ReadAlert[]; readonly nowMs: number } {
  const alerts = fingerprints.flatMap((fingerprint) => {
    const record = store.alert(fingerprint);
    const alert = record && readAlert(record, source);
    if (!alert) return [];
    const { classification } = record;
    return classification === undefined
      ? [alert]
      : [{ ...alert, classification: currentClassification(classification, nowMs) }];
  });
  return { alerts, nowMs };
}

function readAlert({ fingerprint, claims, shown }: AlertRecord, source: string): ReadAlert | undefined {
  const claim = Object.hasOwn(claims, source) ? claims[source] : undefined;
  if (claim === undefined || claim.sender !== undefined) return undefined;
  const last = shown && Object.hasOwn(shown, source) ? shown[source] : undefined;
  return { fingerprint, claim, ...(last && { shown: last }) };
}

/** Records what a source's API says about alerts that the source has sent before. */
export function recordReading(context: LedgerContext, reading: Reading): void {
  for (const word of reading.findings) recordWord(context, reading, word);
}

function recordWord(context: LedgerContext, { source, api }: Reading, word: Reading["findings"][number]): void {
  const { store, nowMs } = context;
  const before = store.alert(word.fingerprint);
  const known = before && readAlert(before, source);
  const claim = known && claimAfter(known, word);
  if (!before || claim === undefined) return;
  const isActive = word.says === "active";
  const last = { api, atMs: nowMs, ...(word.says === "suppressed" && { suppressed: true as const }) };
  const claims = { ...before.claims, [source]: claim };
  const after = withClaims(context, claims, {
    ...before,
    claims,
    ...(word.says !== "gone" && { shown: { ...before.shown, [source]: last } }),
    confirmedAtMs: isActive ? nowMs : before.confirmedAtMs,
  });
  let incidents = after.incidents;
  if (isActive) incidents = applyRoutes(context, after, routesOf(context, before, word)).incidents;
  else if (after.status === "resolved" && before.status === "firing") {
    incidents = endMembers(context, after);
    for (const id of incidents) context.note(id, "not_shown", source);
  }
  store.putAlert(before, { ...after, incidents });
}

/** The routes of the finding, unless the alert got another verdict since it was routed. */
function routesOf(
  context: LedgerContext,
  before: AlertRecord,
  { routes, classification }: Reading["findings"][number],
): readonly Route[] {
  if (classification === undefined || routesAlike(classification.verdict, before.classification?.verdict))
    return routes;
  return routesAsTheyAre(context, before);
}

/** The claim after the API's statement. Undefined: the source has sent something newer since the API was asked. */
function claimAfter(alert: ReadAlert, word: Reading["findings"][number]): ClaimState | undefined {
  const { claim } = alert;
  if (word.says === "active") {
    const confirmed = confirmClaim(claim);
    return confirmed.status === "firing" ? confirmed : undefined;
  }
  if (claim.status !== "firing") return undefined;
  if (word.says === "gone")
    return lastReportedAtMs(alert) === word.lastReportedAtMs ? endClaim(claim, "read") : undefined;
  return claim;
}
