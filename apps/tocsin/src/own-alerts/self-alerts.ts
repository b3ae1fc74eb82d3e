import { type Alert, type Clock, LedgerUnavailable } from "@tocsin/core";
import type { SelfAlertText } from "../health/condition.ts";
import { type ConditionName, conditionNames, conditionOf } from "../health/conditions.ts";
import type { DatedProblem, Health } from "../health/health.ts";
import { within } from "../health/within.ts";
import type { CredentialVault } from "../ledger/credential-vault.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { DirectPage } from "./direct-page.ts";
import { ownAlert, ownFingerprint } from "./own-alert.ts";
import type { OwnAlerts } from "./own-alerts.ts";
import { type RecipientTerms, recipientsOf } from "./recipients.ts";

/** A claim of one replica ends by itself after this time unless it is repeated. */
const claimMs = 60_000;

/** Interval at which the ledger is asked whether the alert of a condition fires that this process does not see. */
const lookEveryMs = 60_000;

/** Longest wait for the ledger in one round. */
const maxRoundMs = 15_000;

/** Longest wait for the ledger at the end. */
const maxStopMs = 1_000;

const maxNamed = 20;

export interface SelfAlertSettings {
  /** Names of targets. */
  readonly targets: readonly string[];
  readonly after: number;
}

export interface SelfAlertsOptions {
  readonly health: Pick<Health, "problems">;
  readonly ownAlerts: Pick<OwnAlerts, "fire" | "end" | "endAllClaims">;
  readonly directPage: Pick<DirectPage, "send" | "settle" | "stop">;
  readonly vault: Pick<CredentialVault, "identity">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly recipientTerms: RecipientTerms;
  /** Identity of this process. */
  readonly owner: string;
  /** True: no other process uses the ledger, so claims of others are left over from earlier lives. */
  readonly isAlone: boolean;
}

/** A condition that is reported, and whether its alert fires in the ledger. */
interface Reported {
  readonly name: ConditionName;
  readonly text: SelfAlertText;
  readonly isAboutTargets: boolean;
  readonly fix: string;
  readonly fingerprint: string;
  /** Start of its episode, ms since epoch. */
  startsAtMs?: number | undefined;
  /** This process fires the alert. */
  isFiring: boolean;
  /** When the ledger was last asked, on the monotonic clock. */
  lookedMs: number;
}

/**
 * Reports problems of Tocsin itself: one alert for each condition, which names the affected objects. Each round compares the current
 * problems with the alerts, so a round that fails is repeated by the next one.
 */
export class SelfAlerts {
  readonly #o: SelfAlertsOptions;
  readonly #reported: readonly Reported[];
  #settings: SelfAlertSettings;
  #cancel = (): void => {};
  #round: Promise<void> | undefined;
  #dueMs = 0;
  #loopLagMs = 0;
  #haveEarlierPagesEnded = false;

  constructor(settings: SelfAlertSettings, options: SelfAlertsOptions) {
    this.#o = options;
    this.#settings = settings;
    this.#reported = conditionNames.flatMap((name): Reported[] => {
      const { selfAlert, isAboutTargets = false, fix } = conditionOf(name);
      const fingerprint = ownFingerprint("self", name, options.vault);
      const state = { isFiring: false, lookedMs: Number.NEGATIVE_INFINITY };
      return selfAlert === undefined ? [] : [{ name, text: selfAlert, isAboutTargets, fix, fingerprint, ...state }];
    });
  }

  use(settings: SelfAlertSettings): void {
    this.#settings = settings;
  }

  start(): void {
    this.#next();
  }

  async stop(): Promise<void> {
    const { directPage, clock } = this.#o;
    this.#cancel();
    directPage.stop();
    await this.#round;
    // The ledger may have recovered since the last round.
    await within(
      maxStopMs,
      clock,
      directPage.settle().catch(() => {}),
    );
  }

  /** By how much the last round came late: the event loop was busy, or the process stood still. */
  get loopLagMs(): number {
    return this.#loopLagMs;
  }

  #next(): void {
    const { clock } = this.#o;
    const everyMs = Math.max(500, Math.min(5_000, this.#settings.after / 2));
    this.#dueMs = clock.monotonic() + everyMs;
    this.#cancel = clock.after(everyMs, () => {
      this.#loopLagMs = clock.monotonic() - this.#dueMs;
      this.#next();
      this.#round ??= this.#tryRound();
    });
  }

  /** A ledger that hangs must not delay the direct page of a later round, so a round is given up after a while. */
  async #tryRound(): Promise<void> {
    const { clock, log } = this.#o;
    const round = this.#report().catch((error: unknown) => {
      if (!(error instanceof LedgerUnavailable))
        log.error({ event: "self_alert_bug", err: error, reason: "bug" }, "Bug in the self-alerts");
    });
    await within(maxRoundMs, clock, round);
    this.#round = undefined;
  }

  async #report(): Promise<void> {
    const problems = await this.#o.health.problems();
    const byCondition = Map.groupBy(problems, ({ condition }) => condition);
    const ledgerDown = byCondition.get("ledger_not_committing");
    if (ledgerDown !== undefined) return this.#page(ledgerDown, problems);
    await this.#settlePages(byCondition.has("not_loaded"), problems);
    const isLedgerUnknown = byCondition.has("ledger_slow");
    for (const reported of this.#reported) {
      // A condition that cannot be read now may still apply: its alert must not end.
      if (isLedgerUnknown && reported.text.scope === "fleet") continue;
      await this.#reportOne(reported, byCondition.get(reported.name) ?? [], problems);
    }
  }

  /** Nothing can be recorded, so the page is sent without the ledger. */
  async #page(found: readonly DatedProblem[], problems: readonly DatedProblem[]): Promise<void> {
    const reported = this.#reported.find(({ name }) => name === "ledger_not_committing");
    const [problem] = found;
    if (reported === undefined || problem === undefined || !this.#hasLasted(problem)) return;
    const alert = alertOf(reported, found, problem.sinceMs);
    await this.#o.directPage.send(alert, this.#recipients(reported, found, problems));
  }

  /** The ledger commits. For the first time with targets: an earlier life may have left its page open, and nothing remembers it. */
  async #settlePages(lacksTargets: boolean, problems: readonly DatedProblem[]): Promise<void> {
    const { directPage, clock } = this.#o;
    const reported = this.#reported.find(({ name }) => name === "ledger_not_committing");
    if (this.#haveEarlierPagesEnded || lacksTargets || reported === undefined) return directPage.settle();
    const { labels } = alertOf(reported, [], 0);
    const summary = "Tocsin: resolves a page about the ledger that may be open since before a restart";
    const alert = { fingerprint: reported.fingerprint, labels, annotations: { summary }, startsAtMs: clock.now() };
    await directPage.settle({ alert, targets: this.#recipients(reported, [], problems) });
    this.#haveEarlierPagesEnded = true;
  }

  async #reportOne(
    reported: Reported,
    found: readonly DatedProblem[],
    problems: readonly DatedProblem[],
  ): Promise<void> {
    const { ownAlerts, clock, owner } = this.#o;
    const isReplica = reported.text.scope === "process";
    if (found.length === 0) return this.#end(reported);
    // Once it fires, a further object joins at once, and the alert goes on while one object is left.
    if (!reported.isFiring && !found.some((problem) => this.#hasLasted(problem))) return;
    reported.startsAtMs ??= clock.now();
    const alert = alertOf(reported, found, reported.startsAtMs);
    const claim = isReplica ? { sender: owner, endsAtMs: clock.now() + claimMs } : undefined;
    await ownAlerts.fire(alert, this.#recipients(reported, found, problems), claim);
    reported.isFiring = true;
  }

  /** Ends the alert if it fires, whichever process fired it. A claim of a live replica stays until that replica ends it. */
  async #end(reported: Reported): Promise<void> {
    const { ownAlerts, clock, owner, isAlone } = this.#o;
    const { fingerprint, text } = reported;
    if (!reported.isFiring && clock.monotonic() - reported.lookedMs < lookEveryMs) return;
    const endsAtMs = clock.now();
    const isOver = isAlone
      ? await ownAlerts.endAllClaims(fingerprint, endsAtMs)
      : await ownAlerts.end(fingerprint, { endsAtMs, ...(text.scope === "process" && { sender: owner }) });
    reported.isFiring = !isOver;
    reported.lookedMs = clock.monotonic();
    reported.startsAtMs = undefined;
  }

  #hasLasted({ sinceMs }: DatedProblem): boolean {
    return this.#o.clock.now() - sinceMs >= this.#settings.after;
  }

  /** Targets that refuse all events receive no self-alert either, until they accept events again. */
  #recipients(reported: Reported, found: readonly DatedProblem[], problems: readonly DatedProblem[]): string[] {
    const refusing = problems.filter(
      ({ condition }) => condition === "target_unauthorized" || condition === "target_misconfigured",
    );
    const failing = [...(reported.isAboutTargets ? found : []), ...refusing].map(({ object }) => object);
    return recipientsOf(this.#settings.targets, failing, this.#o.recipientTerms);
  }
}

/** The text depends on the condition and its objects only, so that all replicas send the same. */
function alertOf(
  { name, text, fix, fingerprint }: Reported,
  found: readonly DatedProblem[],
  startsAtMs: number,
): Alert {
  const objects = [...new Set(found.map(({ object, named }) => named ?? object))].toSorted();
  const first = objects.slice(0, maxNamed).join(", ");
  const list = objects.length > maxNamed ? `${first} and ${objects.length - maxNamed} more` : first;
  return ownAlert(
    fingerprint,
    {
      alertname: "TocsinProblem",
      condition: name,
      summary: `Tocsin: ${text.title}: ${list}`,
      description: `${fix}. \`tocsin doctor\` shows all problems.`,
      annotations: { objects: list },
    },
    startsAtMs,
  );
}
