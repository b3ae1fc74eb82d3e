import { type Alert, type AlertView, type Clock, isChangeEvent, type Ledger, type Matcher } from "@tocsin/core";
import { Problem } from "../problem.ts";
import { matchesAll } from "./alert-search.ts";
import { gettableAlert } from "./gettable-alert.ts";

/** Most alerts that the ledger reads at once, so that it is soon free for other work. */
const alertsAtOnce = 100;

/** Limits of one answer. `alerts`: each alert counts once per group that shows it. */
export const maxListed = { alerts: 10_000, characters: 32 * 1024 * 1024, searchMs: 10_000 };

/** Matching may be slow, so other work gets a turn after this time. */
const maxBlockMs = 10;

export interface FiringSearch {
  /** All matchers must match. */
  readonly matchers: readonly Matcher[];
  /** One of an alert's receivers must pass. Undefined: also alerts without any receiver. */
  readonly isReceiver: ((receiver: string) => boolean) | undefined;
  /** Whether to list alerts that are not suppressed. */
  readonly active: boolean;
  /** Whether to list alerts that are silenced or inhibited at their source. */
  readonly suppressed: boolean;
}

export interface FiringAlert {
  readonly fingerprint: string;
  readonly labels: Alert["labels"];
  /** The targets that receive it, in the order of the configuration. */
  readonly receivers: readonly string[];
  /** The alert as Alertmanager's API shows it. */
  readonly json: string;
}

interface Parts {
  readonly ledger: Pick<Ledger, "firing" | "alert">;
  readonly clock: Clock;
  readonly receiversOf: (alert: Alert) => readonly string[];
  /** How many times the answer contains an alert with these receivers. */
  readonly copies: (receivers: readonly string[]) => number;
  /** Whether the client has closed the connection. */
  readonly isGone: () => boolean;
}

/**
 * Lists the alerts that fire, by fingerprint. The list is complete or there is none, because clients take a missing alert as
 * resolved.
 *
 * @throws Problem 400 if a limit is exceeded
 */
export async function firingAlerts(search: FiringSearch, parts: Parts): Promise<readonly FiringAlert[]> {
  const { ledger, clock, receiversOf, copies, isGone } = parts;
  const listed: FiringAlert[] = [];
  const left = { alerts: maxListed.alerts, characters: maxListed.characters };
  const untilMs = clock.monotonic() + maxListed.searchMs;
  let yieldedAtMs = clock.monotonic();
  const giveTurn = async () => {
    if (clock.monotonic() - yieldedAtMs <= maxBlockMs) return;
    if (clock.monotonic() > untilMs) throw tooMuch(`the list takes longer than ${maxListed.searchMs / 1_000} s`);
    await new Promise(setImmediate);
    yieldedAtMs = clock.monotonic();
  };
  for (let after: string | undefined; ;) {
    const page = await ledger.firing({ limit: alertsAtOnce, ...(after !== undefined && { after }) });
    const matching: string[] = [];
    for (const alert of page) {
      if (!isChangeEvent(alert) && matchesAll(search.matchers, alert.labels)) matching.push(alert.fingerprint);
      await giveTurn();
    }
    for (const view of await Promise.all(matching.map((fingerprint) => ledger.alert(fingerprint)))) {
      await giveTurn();
      if (view === undefined || !isWanted(view, search)) continue;
      const { alert } = view;
      const receivers = receiversOf(alert);
      if (search.isReceiver !== undefined && !receivers.some(search.isReceiver)) continue;
      const times = copies(receivers);
      if (times === 0) continue;
      const json = JSON.stringify(gettableAlert(view, receivers, clock.now()));
      left.alerts -= times;
      left.characters -= times * json.length;
      if (left.alerts < 0) throw tooMuch(`the list has more than ${maxListed.alerts} alerts`);
      if (left.characters < 0) throw tooMuch(`the list is longer than ${maxListed.characters} characters`);
      listed.push({ fingerprint: alert.fingerprint, labels: alert.labels, receivers, json });
    }
    after = page.at(-1)?.fingerprint;
    if (page.length < alertsAtOnce || isGone()) break;
  }
  return listed.toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
}

/** Between the page and this view the alert may have ended. */
const isWanted = ({ status, silenced }: AlertView, search: FiringSearch): boolean =>
  status === "firing" && (silenced ? search.suppressed : search.active);

const tooMuch = (why: string): Problem =>
  new Problem(400, "too_many_alerts", `${why}: select fewer alerts with filter or receiver`);
