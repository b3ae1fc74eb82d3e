import {
  type Alert,
  type ClaimState,
  currentClassification,
  expireClaim,
  mergeClaim,
  nextExpiryAtMs,
  type Recorded,
} from "@tocsin/core/decisions";
import { applyRoutes, endMembers } from "./apply-routes.ts";
import { classifyFiring } from "./classify-firing.ts";
import { placeClaim } from "./place-claim.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { recordChangeOfAlert } from "./record-changes.ts";
import { adoptUnknownResolve } from "./open-incident.ts";
import { linkedTraces, withTrace } from "./traces.ts";
import type { AlertRecord } from "./store.ts";
import type { PackedClaim } from "./wire-format.ts";

/** Records claims in order of arrival, and what they change at the targets. */
export function recordClaims(context: LedgerContext, claims: readonly PackedClaim[]): Recorded[] {
  const sources = new Set(claims.map(({ source }) => source));
  const recorded = claims.map((claim) =>
    claim.trace === undefined ? recordClaim(context, claim) : recordTraced(context, claim, claim.trace),
  );
  for (const source of sources) {
    context.heardAtMs.set(source, context.nowMs);
    context.store.putGate("source", source, context.nowMs);
    for (const fingerprint of context.store.silentAlerts(source)) letTimePass(context, fingerprint);
  }
  return recorded;
}

function recordTraced(context: LedgerContext, claim: PackedClaim, trace: string): Recorded {
  const { fingerprint } = claim.alert;
  const before = context.store.alert(fingerprint);
  const earlier = linkedTraces(context, before, trace);
  const recorded = withTrace(context, trace, () => recordClaim(context, claim));
  const linked = new Set([...earlier, ...linkedTraces(context, context.store.alert(fingerprint), trace)]);
  return linked.size === 0 ? recorded : { ...recorded, linkedTraces: [...linked] };
}

function recordClaim(context: LedgerContext, claim: PackedClaim): Recorded {
  const { store, nowMs } = context;
  const { fingerprint } = claim.alert;
  const before = upToDate(context, store.alert(fingerprint));
  const place = placeClaim(before?.claims ?? {}, claim);
  const merged = mergeClaim(place.previous, claim, nowMs, context.settings, place.claims);
  const { effect, fires } = merged;
  // The trace of a held firing continues when the firing counts.
  const kept = effect === "held" && claim.trace !== undefined;
  const state = kept ? { ...merged.state, trace: claim.trace } : merged.state;
  const claims = { ...place.claims, [place.key]: state };
  const begins = merged.begins && (merged.endLost || before?.status !== "firing");
  const isClassified = claim.classification !== undefined || before?.classification !== undefined;
  const classified = isClassified
    ? classifyFiring(context, { before, proposed: claim.classification, fires, begins }, claim.routes)
    : undefined;
  const routes = classified?.routes ?? claim.routes;
  const classification = classified?.classification;
  const after = withClaims(context, claims, {
    fingerprint,
    // The content is that of the last firing. A resolve's content counts only if the alert is not recorded yet.
    ...(fires || !before ? contentOf(claim, merged.state) : pick(before)),
    status: before?.status ?? "resolved",
    claims,
    incidents: before?.incidents ?? [],
    routes: effect === "held" ? routes : (before?.routes ?? []),
    silent: before?.silent ?? [],
    ...(before?.shown && { shown: before.shown }),
    ...(classification && { classification }),
    lookAtMs: null,
    firstSeenAtMs: before?.firstSeenAtMs ?? nowMs,
    confirmedAtMs: fires ? nowMs : (before?.confirmedAtMs ?? nowMs),
  });
  let changed = effect !== "confirmed" && effect !== "ignored";
  let incidents = after.incidents;
  if (after.status === "firing" && fires && effect !== "held") {
    const { endLost } = merged;
    if (claim.reports && (begins || !before)) recordChangeOfAlert(context, claim.reports, fingerprint);
    const applied = applyRoutes(context, after, routes, { begins, endLost });
    changed ||= applied.changed;
    incidents = applied.incidents;
  } else if (after.status === "resolved" && before?.status === "firing") {
    incidents = endMembers(context, after);
  } else if (!before && claim.status === "resolved") {
    incidents = adoptUnknownResolve(context, after, routes);
  }
  store.putAlert(before, incidents === after.incidents ? after : { ...after, incidents });
  const recorded: Recorded = { fingerprint, effect: changed ? "accepted" : "duplicate", skewed: merged.skewed };
  if (claim.classification === undefined || !classification || !fires) return recorded;
  return { ...recorded, classification: currentClassification(classification, nowMs) };
}

/** The alert with everything applied that time has changed: a hold or a doubt may have ended while no process ran. */
export function upToDate(context: LedgerContext, alert: AlertRecord | undefined): AlertRecord | undefined {
  if (alert?.lookAtMs == null || alert.lookAtMs > context.nowMs) return alert;
  letTimePass(context, alert.fingerprint);
  return context.store.alert(alert.fingerprint);
}

const pick = ({ content, startsAtMs }: AlertRecord) => ({ content, startsAtMs });

/** The alert as the ledger keeps it, with its effective start: the time of receipt if the sender's clock runs ahead of ours. */
function contentOf({ alert, content }: PackedClaim, { effectiveStartsAtMs }: ClaimState) {
  if (alert.startsAtMs === effectiveStartsAtMs) return { content, startsAtMs: effectiveStartsAtMs };
  const kept: Alert = { ...(JSON.parse(content) as Alert), startsAtMs: effectiveStartsAtMs };
  return { content: JSON.stringify(kept), startsAtMs: effectiveStartsAtMs };
}

/** Derives from the claims whether the alert fires, which sources it waits for, and when time may change that. */
export function withClaims(
  context: LedgerContext,
  claims: Readonly<Record<string, ClaimState>>,
  record: AlertRecord,
): AlertRecord {
  let firing = false;
  let lookAtMs: number | null = null;
  let silent: string[] | undefined;
  for (const key in claims) {
    const state = claims[key] as ClaimState;
    if (state.status === "firing") firing = true;
    const expiresAtMs = state.status === "firing" ? state.expiresAtMs : undefined;
    // Looked at first when the claim's `endsAt` passes, to note its source as silent, and again when time alone ends the claim.
    const ahead = expiresAtMs !== undefined && expiresAtMs > context.nowMs;
    const nextMs = ahead ? expiresAtMs : nextExpiryAtMs(state, passing(context, state));
    if (nextMs !== null && (lookAtMs === null || nextMs < lookAtMs)) lookAtMs = nextMs;
    if (expiresAtMs !== undefined && !ahead) (silent ??= []).push(state.source);
  }
  return { ...record, status: firing ? "firing" : "resolved", silent: silent ?? [], lookAtMs };
}

const passing = (context: LedgerContext, state: ClaimState) => ({
  nowMs: context.nowMs,
  lastRequestAtMs: context.heardAtMs.get(state.source),
  graceUntilMs: context.graceUntilMs,
  staleAfter: context.settings.staleAfter,
});

/** Applies the passing of time: a held firing counts, a doubtful end takes effect, a direct claim without repeats ends. */
export function letTimePass(context: LedgerContext, fingerprint: string): void {
  const before = context.store.alert(fingerprint);
  if (!before) return;
  const claims = Object.fromEntries(
    Object.entries(before.claims).map(([key, state]) => [key, expireClaim(state, passing(context, state))]),
  );
  const after = withClaims(context, claims, { ...before, claims });
  let incidents = after.incidents;
  if (after.status === "firing" && before.status === "resolved")
    incidents = withTrace(context, heldTrace(after), () => applyRoutes(context, after, after.routes).incidents);
  if (after.status === "resolved" && before.status === "firing") incidents = endMembers(context, after);
  context.store.putAlert(before, { ...after, incidents });
}

const heldTrace = ({ claims }: AlertRecord): string | undefined =>
  Object.values(claims).find(({ status }) => status === "firing")?.trace;
