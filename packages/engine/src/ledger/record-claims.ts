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
import type { Desk } from "./ledger-context.ts";
import { adopt, applyRoutes, endMembers } from "./apply-routes.ts";
import type { PackedClaim, PackedRoutedClaim } from "./wire-format.ts";
import type { AlertRecord } from "./store.ts";

/** Records claims in order of arrival, and what they change at the targets. */
export function recordClaims(desk: Desk, wants: readonly PackedRoutedClaim[]): Recorded[] {
  const sources = new Set(wants.map(({ claim }) => claim.source));
  const recorded = wants.map((one) => recordOne(desk, one));
  for (const source of sources) {
    desk.heardAtMs.set(source, desk.nowMs);
    desk.store.putGate("source", source, desk.nowMs);
    for (const fingerprint of desk.store.silentAlerts(source)) letTimePass(desk, fingerprint);
  }
  return recorded;
}

function recordOne(desk: Desk, { claim, routes }: PackedRoutedClaim): Recorded {
  const { store, nowMs } = desk;
  const { fingerprint } = claim.alert;
  const before = upToDate(desk, store.alert(fingerprint));
  const place = placeOfClaim(before?.claims ?? {}, claim);
  const merged = mergeClaim(place.previous, claim, nowMs, desk.settings, place.claims);
  const { effect, fires } = merged;
  const claims = { ...place.claims, [place.key]: merged.state };
  const after = withClaims(desk, claims, {
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
    const applied = applyRoutes(desk, after, routes, { begins, endLost });
    changed ||= applied.changed;
    incidents = applied.incidents;
  } else if (after.status === "resolved" && before?.status === "firing") {
    incidents = endMembers(desk, after);
  } else if (!before && claim.status === "resolved") {
    incidents = adopt(desk, after, routes);
  }
  store.putAlert(before, incidents === after.incidents ? after : { ...after, incidents });
  return { fingerprint, effect: changed ? "accepted" : "duplicate", skewed: merged.skewed };
}

/** The alert after all that the passing of time has changed: a hold or a doubt may have ended while no process ran. */
function upToDate(desk: Desk, alert: AlertRecord | undefined): AlertRecord | undefined {
  if (alert?.lookAtMs == null || alert.lookAtMs > desk.nowMs) return alert;
  letTimePass(desk, alert.fingerprint);
  return desk.store.alert(alert.fingerprint);
}

const pick = ({ content, startsAtMs }: AlertRecord) => ({ content, startsAtMs });

/** The alert as it is kept: with the start that counts, which for a sender's clock ahead of ours is the time of receipt. */
function contentOf({ alert, content }: PackedClaim, { effectiveStartsAtMs }: ClaimState) {
  if (alert.startsAtMs === effectiveStartsAtMs) return { content, startsAtMs: effectiveStartsAtMs };
  const kept: Alert = { ...(JSON.parse(content) as Alert), startsAtMs: effectiveStartsAtMs };
  return { content: JSON.stringify(kept), startsAtMs: effectiveStartsAtMs };
}

/** Derives from the claims whether the alert fires, for whom it waits, and when time may change that. */
export function withClaims(desk: Desk, claims: Readonly<Record<string, ClaimState>>, record: AlertRecord): AlertRecord {
  let firing = false;
  let lookAtMs: number | null = null;
  let silent: string[] | undefined;
  for (const key in claims) {
    const state = claims[key] as ClaimState;
    if (state.status === "firing") firing = true;
    const expiresAtMs = state.status === "firing" ? state.expiresAtMs : undefined;
    // Looked at when it expires, to note whose word it then waits for; after that, when time alone ends it.
    const ahead = expiresAtMs !== undefined && expiresAtMs > desk.nowMs;
    const nextMs = ahead ? expiresAtMs : nextExpiryAtMs(state, passing(desk, state));
    if (nextMs !== null && (lookAtMs === null || nextMs < lookAtMs)) lookAtMs = nextMs;
    if (expiresAtMs !== undefined && !ahead) (silent ??= []).push(state.source);
  }
  return { ...record, status: firing ? "firing" : "resolved", silent: silent ?? [], lookAtMs };
}

const passing = (desk: Desk, state: ClaimState) => ({
  nowMs: desk.nowMs,
  sourceHeardAtMs: desk.heardAtMs.get(state.source),
  graceUntilMs: desk.graceUntilMs,
  staleAfter: desk.settings.staleAfter,
});

/** Applies the passing of time: a held firing is believed, a doubtful end takes effect, an unrepeated direct claim ends. */
export function letTimePass(desk: Desk, fingerprint: string): void {
  const before = desk.store.alert(fingerprint);
  if (!before) return;
  const claims = Object.fromEntries(
    Object.entries(before.claims).map(([key, state]) => [key, expireClaim(state, passing(desk, state))]),
  );
  const after = withClaims(desk, claims, { ...before, claims });
  let incidents = after.incidents;
  if (after.status === "firing" && before.status === "resolved")
    incidents = applyRoutes(desk, after, after.routes).incidents;
  if (after.status === "resolved" && before.status === "firing") incidents = endMembers(desk, after);
  desk.store.putAlert(before, { ...after, incidents });
}

/** Routes an alert again after the targets changed. A held firing keeps the new routes until it is believed. */
export function reroute(desk: Desk, fingerprint: string, routes: readonly Route[]): void {
  const before = desk.store.alert(fingerprint);
  if (!before) return;
  let { incidents } = before;
  // A change event that was sent before a target existed is no news to that target.
  const lasting = routes.filter(({ kind }) => kind !== "change");
  if (before.status === "firing") incidents = applyRoutes(desk, before, lasting).incidents;
  const held = hasHeldFiring(before) ? { routes: routesOfHeld(before, routes) } : undefined;
  if (held || incidents !== before.incidents) desk.store.putAlert(before, { ...before, ...held, incidents });
}

const hasHeldFiring = ({ claims }: AlertRecord): boolean =>
  Object.values(claims).some(({ status, heldUntilMs }) => status === "resolved" && heldUntilMs !== undefined);

/** A held change event goes only to targets that it was for when it was received. */
const routesOfHeld = (before: AlertRecord, routes: readonly Route[]): readonly Route[] =>
  routes.filter(
    ({ kind, target }) => kind !== "change" || before.routes.some((received) => received.target === target),
  );
