import { type Clock, type Explanation, formatPath, type Ledger } from "@tocsin/core";
import { type Explained, hadNoTarget } from "../../explain/explain.ts";
import type { RelatedChanges } from "../../changes/related-changes.ts";
import type { Explainer } from "../../explain/explainer.ts";
import { shownEpisode } from "../../explain/shown-classification.ts";
import type { TargetRegistry } from "../../targets/registry.ts";
import { parseWebhookAlert } from "../../ingest/alertmanager.ts";
import { withWarnings } from "../with-warnings.ts";
import { alertSearchOf, searchAlerts } from "./alert-search.ts";
import { type Endpoint, queriesOf, queryOf } from "../endpoint.ts";
import { changeBody, relatedChangeBody } from "./changes.ts";
import { heldBackBody, historyBody } from "./incidents.ts";
import { isoTime } from "../iso-time.ts";
import { badRequest, notFound, Problem } from "../problem.ts";

export interface Explaining {
  readonly ledger: Pick<Ledger, "explain" | "alerts" | "targetStatus">;
  readonly explainer: Pick<Explainer, "known" | "hypothetical" | "edited">;
  /** Parses the definition of a target that is only tried. */
  readonly trialOf: TargetRegistry["trial"];
  readonly related: Pick<RelatedChanges, "before">;
  readonly clock: Clock;
  /** Returns the fingerprints under which an alert may be recorded as a heartbeat. */
  readonly recordedAs: (fingerprint: string) => readonly string[];
  /** Says why the targets in use may differ from what is written, so that a target may be missing in an explanation. */
  readonly outdatedWarnings: () => readonly string[];
}

export function explainEndpoints({
  ledger,
  explainer,
  trialOf,
  related,
  clock,
  outdatedWarnings,
  recordedAs,
}: Explaining): Endpoint[] {
  const explained = async (fingerprint: string) => {
    const explanation = await ledger.explain(fingerprint);
    if (explanation === undefined) return undefined;
    const body = explanationBody(explanation, explainer.known(explanation));
    const { alert, firstSeenAtMs } = explanation.alert;
    if (alert.change === undefined) return { ...body, changes: (await related.before(alert)).map(relatedChangeBody) };
    // A change has no status and no claims.
    const { reason, targets } = body;
    const change = changeBody({ change: alert.change, fingerprint, acceptedAtMs: firstSeenAtMs });
    return { fingerprint, ...(reason && { reason }), change, targets };
  };
  return [
    {
      method: "GET",
      path: "/api/v1/explain",
      role: "read",
      does: "explains per target why an alert was sent or not: ?fingerprint=, or ?matcher= &limit= &cursor=",
      async answer(request) {
        const fingerprint = queryOf(request, "fingerprint");
        const hasMatcher = queriesOf(request, "matcher").length > 0;
        if (fingerprint === undefined && !hasMatcher)
          throw badRequest({ path: "fingerprint", message: "expected a fingerprint, or a matcher" });
        if (fingerprint !== undefined && hasMatcher)
          throw badRequest({ path: "matcher", message: "expected a fingerprint or a matcher, not both" });
        if (fingerprint === undefined) {
          const search = alertSearchOf(request);
          const page = await searchAlerts(search, { ledger, clock }, (alert) => explained(alert.fingerprint));
          return withWarnings(page, outdatedWarnings());
        }
        const found = await Promise.all([fingerprint, ...recordedAs(fingerprint)].map(explained));
        const body = found.find((one) => one !== undefined);
        if (body === undefined) throw notFound("alert");
        return withWarnings(body, outdatedWarnings());
      },
    },
    {
      method: "POST",
      path: "/api/v1/explain",
      role: "read",
      does: "explains per target what would happen if this alert (as in a webhook) arrived now; { alert, target } tries an edited target and needs the role operate; sends nothing",
      async answer(request) {
        const { alert: given, target: edited } = askedIn(request.body);
        if (edited !== undefined && request.caller.roles?.includes("operate") === false)
          throw new Problem(403, "forbidden", 'a `target` needs the role "operate"');
        const trial = edited === undefined ? undefined : trialOf(edited);
        if (trial && "issues" in trial) throw badRequest(...trial.issues);
        const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
        // An operator asks about a problem, so the alert counts as firing unless it has an end.
        const input = isObject && !("status" in given) ? { ...given, status: "firing" } : given;
        const claim = parseWebhookAlert(input, { source: "explain", nowMs: clock.now() });
        if (!("alert" in claim)) {
          throw badRequest(...claim.map(({ path, message }) => ({ path: formatPath(path), message })));
        }
        const { alert, status } = claim;
        const known = await ledger.explain(alert.fingerprint);
        const sender = queryOf(request, "source") ?? known?.alert.sender ?? "";
        const question = { alert, status, sender };
        const targets = trial
          ? explainer.edited(question, trial, known)
          : explainer.hypothetical(question, known, await ledger.targetStatus("held_back"));
        const rows = targets.map(explainedBody);
        const { fingerprint, labels } = alert;
        const explanation = { fingerprint, status, ...reasonOf(targets), labels, targets: rows };
        return withWarnings(explanation, outdatedWarnings());
      },
    },
  ];
}

/** The alert, alone or beside the target to try. An alert has no key `alert`. */
function askedIn(body: unknown): { readonly alert: unknown; readonly target?: unknown } {
  const isBoth = typeof body === "object" && body !== null && "alert" in body && "target" in body;
  return isBoth ? { alert: body.alert, target: body.target } : { alert: body };
}

function explanationBody({ alert: view }: Explanation, targets: readonly Explained[]) {
  const { alert, status, claims } = view;
  return {
    fingerprint: alert.fingerprint,
    status,
    ...reasonOf(targets),
    labels: alert.labels,
    ...(view.classification && { classification: episodeBody(shownEpisode(view.classification)) }),
    firstSeenAt: isoTime(view.firstSeenAtMs),
    confirmedAt: isoTime(view.confirmedAtMs),
    claims: claims.map((claim) => ({
      source: claim.source,
      ...(claim.sender !== undefined && { sender: claim.sender }),
      ...(claim.origin !== undefined && { origin: claim.origin }),
      status: claim.status,
      ...(claim.ended !== undefined && { ended: claim.ended }),
      startsAt: isoTime(claim.startsAtMs),
      heardAt: isoTime(claim.heardAtMs),
      ...(claim.expiresAtMs !== undefined && { expiresAt: isoTime(claim.expiresAtMs) }),
      ...(claim.doubtfulEndAtMs !== undefined && { doubtfulEndAt: isoTime(claim.doubtfulEndAtMs) }),
    })),
    targets: targets.map(explainedBody),
  };
}

const episodeBody = ({ awaitedUntilMs, ...rest }: ReturnType<typeof shownEpisode>) => ({
  ...rest,
  awaitedUntil: awaitedUntilMs === null ? null : isoTime(awaitedUntilMs),
});

/** The whole alert has a reason only if no target could receive it. */
const reasonOf = (targets: readonly Explained[]) => (hadNoTarget(targets) ? { reason: "no_target" as const } : {});

export const explainedBody = ({ history, heldBack, fallback, ...rest }: Explained) => ({
  ...rest,
  ...heldBackBody(heldBack),
  ...(fallback && { fallback: standInBody(fallback) }),
  ...(history !== undefined && { history: history.map(historyBody) }),
});

const standInBody = ({ heldBack, ...rest }: NonNullable<Explained["fallback"]>) => ({
  ...rest,
  ...heldBackBody(heldBack),
});
