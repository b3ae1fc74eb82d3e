import { type Clock, formatPath, type Ledger } from "@tocsin/core";

import { type Episode, explainHypothetical, explainKnown, type Explained } from "../explain.ts";
import { parseWebhookAlert } from "../sources/alertmanager.ts";
import type { Targets } from "../targets.ts";
import { type Endpoint, queryOf } from "./endpoint.ts";
import { historyBody } from "./incidents.ts";
import { iso } from "./page.ts";
import { badRequest, notFound } from "./problem.ts";

/** Episodes of one alert that are looked through; only the latest per target counts. */
const mostEpisodes = 100;

export interface Explaining {
  readonly ledger: Pick<Ledger, "alert" | "incident" | "incidents">;
  readonly targets: Pick<Targets, "decide" | "speakerTo" | "terms">;
  readonly clock: Clock;
}

export function explainEndpoints({ ledger, targets, clock }: Explaining): Endpoint[] {
  const render: Parameters<typeof explainKnown>[0]["render"] = (target, telling) =>
    targets.speakerTo(target)?.publisher.render(telling) ?? null;
  const episodesOf = async (fingerprint: string): Promise<Map<string, Episode>> => {
    const latest = new Map<string, Episode>();
    const { incidents } = await ledger.incidents({ fingerprint, limit: mostEpisodes });
    for (const { incident } of incidents) {
      const known = latest.get(incident.target);
      if (known !== undefined && known.view.incident.id > incident.id) continue;
      const found = await ledger.incident(incident.id);
      if (found !== undefined) latest.set(incident.target, found);
    }
    return latest;
  };
  return [
    {
      method: "GET",
      path: "/api/v1/explain",
      role: "read",
      does: "says per target why an alert was told or was not: ?fingerprint=",
      async answer(request) {
        const fingerprint = queryOf(request, "fingerprint");
        if (fingerprint === undefined) throw badRequest({ path: "fingerprint", message: "expected a fingerprint" });
        const view = await ledger.alert(fingerprint);
        if (view === undefined) throw notFound("alert");
        const { alert, status, claims } = view;
        const decisions = targets.decide(alert);
        const explained = explainKnown({
          alert,
          status,
          nowMs: clock.now(),
          decisions,
          episodes: await episodesOf(fingerprint),
          render,
        });
        return {
          fingerprint,
          status,
          labels: alert.labels,
          firstSeenAt: iso(view.firstSeenAtMs),
          confirmedAt: iso(view.confirmedAtMs),
          claims: claims.map((claim) => ({
            source: claim.source,
            ...(claim.sender !== undefined && { sender: claim.sender }),
            ...(claim.origin !== undefined && { origin: claim.origin }),
            status: claim.status,
            ...(claim.ended !== undefined && { ended: claim.ended }),
            startsAt: iso(claim.startsAtMs),
            heardAt: iso(claim.heardAtMs),
            ...(claim.expiresAtMs !== undefined && { expiresAt: iso(claim.expiresAtMs) }),
            ...(claim.doubtfulEndAtMs !== undefined && { doubtfulEndAt: iso(claim.doubtfulEndAtMs) }),
          })),
          targets: explained.map(explainedBody),
        };
      },
    },
    {
      method: "POST",
      path: "/api/v1/explain",
      role: "read",
      does: "says per target what would happen if this alert (as in a webhook) came now; nothing is sent",
      async answer(request) {
        const { body } = request;
        const isObject = typeof body === "object" && body !== null && !Array.isArray(body);
        // One asks about a problem: it fires unless the alert says otherwise.
        const input = isObject && !("status" in body) ? { ...body, status: "firing" } : body;
        const claim = parseWebhookAlert(input, { source: "explain", nowMs: clock.now() });
        if (!("alert" in claim)) {
          throw badRequest(...claim.map(({ path, message }) => ({ path: formatPath(path), message })));
        }
        const { alert, status } = claim;
        const { fingerprint } = alert;
        const adopting = new Set(targets.terms.filter((terms) => terms.adoptUnknownResolves).map(({ name }) => name));
        const explained = explainHypothetical({
          alert,
          status,
          nowMs: clock.now(),
          decisions: targets.decide(alert),
          episodes: await episodesOf(fingerprint),
          render,
          unheardOf: (await ledger.alert(fingerprint)) === undefined,
          adopts: (target) => adopting.has(target),
        });
        return { fingerprint, status, targets: explained.map(explainedBody) };
      },
    },
  ];
}

export const explainedBody = ({ history, ...rest }: Explained) => ({
  ...rest,
  ...(history !== undefined && { history: history.map(historyBody) }),
});
