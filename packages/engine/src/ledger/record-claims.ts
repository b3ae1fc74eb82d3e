import {
  type Alert,
  type ClaimState,
  expireClaim,
  mergeClaim,
  nextExpiryAtMs,
  type Recorded,
  type Route,
} from "@tocsin/core/decisions";
import { placeOfClaim } from "./claim-keys.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { adopt, applyRoutes, endMembers } from "./apply-routes.ts";
import type { PackedClaim, PackedRoutedClaim } from "./wire-format.ts";
import type { AlertRecord } from "./store.ts";

/** Records claims in order of arrival, and what they change at the targets. */
export function recordClaims(context: LedgerContext, wants: readonly PackedRoutedClaim[]): Recorded[] {
  const sources = new Set(wants.map(({ claim }) => claim.source));
  const recorded = wants.map((one) => recordOne(context, one));
  for (const source of sources) {
    context.heardAtMs.set(source, context.nowMs);
    context.store.putGate("source", source, context.nowMs);
    for (const fingerprint of context.store.silentAlerts(source)) letTimePass(context, fingerprint);
  }
  return recorded;
}

function recordOne(context: LedgerContext, { claim, routes }: PackedRoutedClaim): Recorded {
  const { store, nowMs } = context;
  const { fingerprint } = claim.alert;
  const before = upToDate(context, store.alert(fingerprint));
  const place = placeOfClaim(before?.claims ?? {}, claim);
  const merged = mergeClaim(place.previous, claim, nowMs, context.settings, place.claims);
  const { effect, fires } = merged;
  const claims = { ...place.claims, [place.key]: merged.state };
  const after = withClaims(context, claims, {
    fingerprint,
    // Content comes from what fires; a resolve that nothing fired before is all there is to know.
    ...(fires || !before ? contentOf(claim, merged.state) : pick(before)),
    status: before?.status ?? "resolved",
    claims,
    incidents: before?.incidents ?? [],
    routes: effect === "held" ? routes : (before?.routes ?? []),
    silent: before?.silent ?? [],
    ...(before?.shown && { shown: before.shown }),
    lookAtMs: null,
    firstSeenAtMs: before?.firstSeenAtMs ?? nowMs,
    confirmedAtMs: fires ? nowMs : (before?.confirmedAtMs ?? nowMs),
  });
  let changed = effect !== "confirmed" && effect !== "ignored";
  let incidents = after.incidents;
  if (after.status === "firing" && fires && effect !== "held") {
    const { endLost } = merged;
    const begins = merged.begins && (endLost || before?.status !== "firing");
    const applied = applyRoutes(context, after, routes, { begins, endLost });
    changed ||= applied.changed;
    incidents = applied.incidents;
  } else if (after.status === "resolved" && before?.status === "firing") {
    incidents = endMembers(context, after);
  } else if (!before && claim.status === "resolved") {
    incidents = adopt(context, after, routes);
  }
  store.putAlert(before, incidents === after.incidents ? after : { ...after, incidents });
  return { fingerprint, effect: changed ? "accepted" : "duplicate", skewed: merged.skewed };
}

/** The alert after all that the passing of time has changed: a hold or a doubt may have ended while no process ran. */
function upToDate(context: LedgerContext, alert: AlertRecord | undefined): AlertRecord | undefined {
  if (alert?.lookAtMs == null || alert.lookAtMs > context.nowMs) return alert;
  letTimePass(context, alert.fingerprint);
  return context.store.alert(alert.fingerprint);
}

const pick = ({ content, startsAtMs }: AlertRecord) => ({ content, startsAtMs });

/** The alert as it is kept: with the start that counts, which for a sender's clock ahead of ours is the time of receipt. */
function contentOf({ alert, content }: PackedClaim, { effectiveStartsAtMs }: ClaimState) {
  if (alert.startsAtMs === effectiveStartsAtMs) return { content, startsAtMs: effectiveStartsAtMs };
  const kept: Alert = { ...(JSON.parse(content) as Alert), startsAtMs: effectiveStartsAtMs };
  return { content: JSON.stringify(kept), startsAtMs: effectiveStartsAtMs };
}

/** Derives from the claims whether the alert fires, for whom it waits, and when time may change that. */
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
    // Looked at when it expires, to note whose word it then waits for; after that, when time alone ends it.
    const ahead = expiresAtMs !== undefined && expiresAtMs > context.nowMs;
    const nextMs = ahead ? expiresAtMs : nextExpiryAtMs(state, passing(context, state));
    if (nextMs !== null && (lookAtMs === null || nextMs < lookAtMs)) lookAtMs = nextMs;
    if (expiresAtMs !== undefined && !ahead) (silent ??= []).push(state.source);
  }
  return { ...record, status: firing ? "firing" : "resolved", silent: silent ?? [], lookAtMs };
}

const passing = (context: LedgerContext, state: ClaimState) => ({
  nowMs: context.nowMs,
  sourceHeardAtMs: context.heardAtMs.get(state.source),
  graceUntilMs: context.graceUntilMs,
  staleAfter: context.settings.staleAfter,
});

/** Applies the passing of time: a held firing is believed, a doubtful end takes effect, an unrepeated direct claim ends. */
export function letTimePass(context: LedgerContext, fingerprint: string): void {
  const before = context.store.alert(fingerprint);
  if (!before) return;
  const claims = Object.fromEntries(
    Object.entries(before.claims).map(([key, state]) => [key, expireClaim(state, passing(context, state))]),
  );
  const after = withClaims(context, claims, { ...before, claims });
  let incidents = after.incidents;
  if (after.status === "firing" && before.status === "resolved")
    incidents = applyRoutes(context, after, after.routes).incidents;
  if (after.status === "resolved" && before.status === "firing") incidents = endMembers(context, after);
  context.store.putAlert(before, { ...after, incidents });
}

/** Routes an alert again after the targets changed. A held firing keeps the new routes until it is believed. */
export function reroute(context: LedgerContext, fingerprint: string, routes: readonly Route[]): void {
  const before = context.store.alert(fingerprint);
  if (!before) return;
  let { incidents } = before;
  // A change event that was sent before a target existed is no news to that target.
  const lasting = routes.filter(({ kind }) => kind !== "change");
  if (before.status === "firing") incidents = applyRoutes(context, before, lasting).incidents;
  const held = hasHeldFiring(before) ? { routes: routesOfHeld(before, routes) } : undefined;
  if (held || incidents !== before.incidents) context.store.putAlert(before, { ...before, ...held, incidents });
}

const hasHeldFiring = ({ claims }: AlertRecord): boolean =>
  Object.values(claims).some(({ status, heldUntilMs }) => status === "resolved" && heldUntilMs !== undefined);

/** A held change event goes only to targets that it was for when it was received. */
const routesOfHeld = (before: AlertRecord, routes: readonly Route[]): readonly Route[] =>
  routes.filter(
    ({ kind, target }) => kind !== "change" || before.routes.some((received) => received.target === target),
  );
