import type { EventOrder, Incident, LastActions } from "../incidents/incident.ts";
import type { OnResolve } from "../ports/ledger/receiver-events.ts";
import { desiredState } from "./desired-state.ts";
import { isLater } from "./is-later.ts";
import type { PersonalWish } from "./merge-receiver-event.ts";

/** An action of a person, at a receiver or through the API. */
export interface PersonalAct extends EventOrder {
  readonly wish: PersonalWish;
  /** The person, the token, or the callback if the receiver names nobody. */
  readonly by: string;
  /** A person is named, or it is a token. */
  readonly named: boolean;
  readonly onResolve: OnResolve;
}

/** `delivery.manualResolveFor`, and the time. */
export interface WishTerms {
  readonly nowMs: number;
  readonly manualResolveFor: number;
}

/**
 * An incident after an action of a person on its alerts, here or at another target. Null: it changes nothing here, because a newer
 * action counts, a new problem began since, or the incident is over. `reopen` is not decided here: it needs the alerts.
 */
export function applyWish(incident: Incident, act: PersonalAct, terms: WishTerms): Incident | null {
  const { wanted } = incident;
  // While a resolve is held, the incident may be reopened, and is then acknowledged or not.
  const isOver = incident.state === "closed" && incident.manualUntilMs === null;
  if (isOver || !isNewest(act, incident)) return null;
  const { atMs } = act;
  const acted: Incident = { ...incident, lastActions: lastActionsAfter(act, incident), updatedAtMs: terms.nowMs };
  switch (act.wish) {
    case "acknowledge": {
      if (wanted.renewedAtMs !== undefined && atMs <= wanted.renewedAtMs) return null;
      const known = wanted.acknowledged && !act.named ? incident.acknowledgedBy : undefined;
      return {
        ...acted,
        wanted: wanted.acknowledged ? wanted : { ...wanted, acknowledged: true, atMs: terms.nowMs },
        acknowledgedBy: known ?? { by: act.by, atMs },
      };
    }
    case "unacknowledge":
      return withoutAcknowledgement({
        ...acted,
        wanted: wanted.acknowledged ? { ...wanted, acknowledged: false, atMs: terms.nowMs } : wanted,
      });
    case "resolve": {
      if (wanted.status === "resolved") return null;
      const members = incident.members.map((member) => ({ ...member, status: "resolved" as const }));
      return {
        ...acted,
        members,
        wanted: desiredState(members, wanted, terms.nowMs),
        // It holds from the time of the action, which may have been reported much later.
        manualUntilMs: Math.min(atMs, terms.nowMs) + terms.manualResolveFor,
        ...(act.onResolve === "stay" && { heldUntilEnd: true }),
      };
    }
    case "reopen":
      return null;
  }
}

/** Whether no later action of the same kind is known. */
export const isNewest = (act: PersonalAct, { lastActions }: Incident): boolean =>
  isLater(act, lastActions?.[registerOf[act.wish]]);

export const lastActionsAfter = ({ wish, atMs, id }: PersonalAct, { lastActions }: Incident): LastActions => ({
  ...lastActions,
  [registerOf[wish]]: { atMs, id },
});

const registerOf: { readonly [W in PersonalWish]: keyof LastActions } = {
  acknowledge: "acknowledged",
  unacknowledge: "acknowledged",
  resolve: "resolved",
  reopen: "resolved",
};

/** The incident without the person's name, if its acknowledgement does not count any more. */
export function withoutAcknowledgement(incident: Incident): Incident {
  if (incident.acknowledgedBy === undefined || incident.wanted.acknowledged) return incident;
  const { acknowledgedBy: _, ...others } = incident;
  return others;
}

/** The incident without the hold of a person's resolve. */
export function withoutHold(incident: Incident): Incident {
  const { heldUntilEnd: _, ...others } = incident;
  return { ...others, manualUntilMs: null };
}
