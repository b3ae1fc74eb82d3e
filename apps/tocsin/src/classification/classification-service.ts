import {
  type Alert,
  type ArrivedVerdict,
  type Classification,
  type ClassificationTerms,
  type Classifier,
  type Clock,
  type Decision,
  type EpisodeVerdict,
  type FiringAlert,
  isChangeEvent,
  type Ledger,
  type ProposedClassification,
  proposedVerdict,
  type Recorded,
  type RoutedClaim,
  routesAlike,
  type Route,
  type VerdictAbsence,
} from "@tocsin/core";
import { addressedPrefix } from "../targets/addressed-alert.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { ClassificationMetrics } from "../telemetry/classification-metrics.ts";
import { BoundedMap } from "./bounded-map.ts";
import { CallBreaker } from "./call-breaker.ts";
import type { ClassificationSettings } from "./classification-settings.ts";
import { type ClassificationOutcome, originOf, type Scorecard } from "./scorecard.ts";
import { type EndedCall, type ShapeAnswer, ShapeCalls } from "./shape-calls.ts";
import { maxCachedVerdicts, VerdictProposer } from "./verdict-proposer.ts";

/** Decides with the current targets. */
export interface RoutingTargets {
  decide(alert: Alert, terms?: ClassificationTerms): Decision[];
  routesIn(decisions: readonly Decision[]): Route[];
}

export interface ClassificationServiceOptions {
  readonly settings: ClassificationSettings;
  readonly classifier: Classifier;
  /** Stand in for a model that does not answer. Undefined: nothing does. */
  readonly rules: Classifier | undefined;
  readonly ledger: Pick<Ledger, "applyVerdicts" | "claimShape" | "storeShape" | "cachedVerdicts" | "reroute">;
  readonly targets: RoutingTargets;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: ClassificationMetrics;
  readonly scorecard: Scorecard;
  readonly wake: () => void;
  /** Names this process. */
  readonly owner: string;
}

/** Episodes that this process remembers having asked about. */
const maxAsked = 50_000;

/** Verdicts that one commit takes. */
const maxApplied = 500;

/** Time that the rules need, before the deadline, to stand in for the model, ms. */
const rulesMarginMs = 50;

/** An alert that waits for the answer of the model. */
interface Waiter {
  readonly alert: Alert;
  readonly atMs: number;
  /** The rules stood in, so the answer is only kept. */
  stoodIn: boolean;
}

/** A claim whose alert may be classified, with what was proposed. */
interface Proposed {
  readonly index: number;
  readonly alert: Alert;
  readonly proposed: ProposedClassification;
}

/**
 * Gives alerts their classification. Within a request it only looks into memory; the model is asked after the record. Whatever fails here
 * loses no page: the ledger has the deadline, and then the label decides.
 */
export class ClassificationService {
  readonly #o: ClassificationServiceOptions;
  readonly breaker: CallBreaker;
  readonly #calls: ShapeCalls<Waiter>;
  readonly #proposer: VerdictProposer;
  /** Episodes that were asked about: fingerprint to `atMs`. */
  readonly #asked = new BoundedMap<string, number>(maxAsked);
  readonly #timers = new Set<() => void>();
  readonly #startedAtMs: number;
  /** Until when the calls or tokens of this hour are used up, by the wall clock. */
  #budgetUsedUntilMs = 0;
  readonly #background = new Set<Promise<unknown>>();
  #stopped = false;

  constructor(options: ClassificationServiceOptions) {
    this.#o = options;
    const { clock } = options;
    this.#startedAtMs = clock.now();
    this.breaker = new CallBreaker(clock);
    this.#proposer = new VerdictProposer({ ...options, refusal: () => this.#whyNotAsked() });
    this.#calls = new ShapeCalls<Waiter>({
      ...options,
      breaker: this.breaker,
      called: (call) => this.#called(call),
      cached: (cached) => this.#proposer.keep(cached),
      budgetUsed: (untilMs) => this.#budgetUsed(untilMs),
      settled: (waiters, answer) => this.#inBackground(this.#settle(waiters, answer)),
    });
  }

  get settings(): ClassificationSettings {
    return this.#o.settings;
  }

  get model(): string {
    return this.#o.classifier.model;
  }

  /** Undefined: the budget of this hour is not used up, as far as this process knows. */
  get budgetUsedUntilMs(): number | undefined {
    return this.#budgetUsedUntilMs > this.#o.clock.now() ? this.#budgetUsedUntilMs : undefined;
  }

  /** Reads the verdicts that the ledger knows. Without them the first alerts ask again. */
  async start(): Promise<void> {
    if (this.#o.settings.provider !== "llm") return;
    try {
      const known = await this.#o.ledger.cachedVerdicts(maxCachedVerdicts);
      for (const cached of known.toReversed()) this.#proposer.keep(cached);
    } catch {
      // The ledger does not answer now; it is asked for each shape anyway.
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const cancel of this.#timers) cancel();
    await this.#calls.stop();
    await Promise.all(this.#background);
    await this.#o.classifier[Symbol.asyncDispose]();
    await this.#o.rules?.[Symbol.asyncDispose]();
  }

  /** Returns the terms with which an alert is routed again, by what the ledger stored for its episode. */
  termsOf(stored: Classification | undefined): ClassificationTerms {
    return this.#proposer.termsOf(stored);
  }

  /** Returns the terms for an alert that would arrive now. No call is made. */
  termsFor(alert: Alert): ClassificationTerms {
    return isClassified(alert) ? this.#proposer.propose(alert).terms : this.termsOf(undefined);
  }

  /** Routes the claim of a firing alert, with its classification. Undefined: this alert is not classified. */
  routed(claim: RoutedClaim["claim"]): RoutedClaim | undefined {
    const { alert, status } = claim;
    if (status !== "firing") {
      this.#proposer.forget(alert.fingerprint);
      return undefined;
    }
    if (!isClassified(alert)) return undefined;
    const { targets, settings } = this.#o;
    const { terms, proposed } = this.#proposer.propose(alert);
    const decisions = targets.decide(alert, terms);
    const routes = targets.routesIn(decisions);
    if (proposed !== undefined) return { claim, routes, classification: proposed };
    const waits = decisions.flatMap((decision) => {
      if (!decision.awaitsVerdict) return [];
      return decision.send ? (decision.waitMs ?? 0) : settings.budgetMs;
    });
    const waitMs = Math.max(0, ...waits);
    return { claim, routes, classification: waitMs > 0 ? { waitMs } : { absent: "not_awaited" } };
  }

  /** Follows the record of claims that `routed` has classified. */
  recording(claims: readonly RoutedClaim[], recording: Promise<readonly Recorded[]>): void {
    const kept = claims.flatMap(({ claim, classification }, index): Proposed[] =>
      classification === undefined ? [] : [{ index, alert: claim.alert, proposed: classification }],
    );
    if (kept.length > 0) this.#inBackground(this.#follow(kept, recording));
  }

  /** Why the model is not asked now. Undefined: it is. */
  #whyNotAsked(): VerdictAbsence | undefined {
    if (this.breaker.refuses) return "breaker_open";
    return this.budgetUsedUntilMs !== undefined || this.#calls.isFull ? "budget_used" : undefined;
  }

  async #follow(kept: readonly Proposed[], recording: Promise<readonly Recorded[]>): Promise<void> {
    let recorded: readonly Recorded[];
    try {
      recorded = await recording;
    } catch {
      return; // The sender is told, and sends the alerts again.
    }
    const others: FiringAlert[] = [];
    for (const { index, alert, proposed } of kept) {
      const classification = recorded[index]?.classification;
      if (classification === undefined || this.#stopped) continue;
      this.#learn(alert, proposed, classification);
      if (!routesAlike(proposedVerdict(proposed), classification.verdict)) others.push({ ...alert, classification });
    }
    await this.#reroute(others);
  }

  #learn(alert: Alert, proposed: ProposedClassification, stored: Classification): void {
    const { fingerprint } = alert;
    const { atMs, verdict, absent, untilMs } = stored;
    const isKnown = this.#proposer.rememberedAtMs(fingerprint) === atMs || this.#asked.get(fingerprint) === atMs;
    this.#proposer.remember(alert, atMs, verdict);
    const isNew = !isKnown && atMs >= this.#startedAtMs;
    const asks = untilMs !== undefined || (absent === "shadow" && stored.unused === undefined);
    if (!asks) {
      if (isNew && "verdict" in proposed && verdict) this.#judged(alert, verdict);
      if (isNew) this.#counted(verdict ? originOf(verdict) : (absent ?? "late"));
      return;
    }
    if (this.#asked.get(fingerprint) === atMs) return;
    this.#asked.set(fingerprint, atMs);
    if (absent === "shadow" && isNew) this.#counted("shadow");
    this.#ask(alert, atMs, untilMs === undefined ? this.#o.settings.budgetMs : untilMs - atMs);
  }

  #ask(alert: Alert, atMs: number, waitMs: number): void {
    const waiter: Waiter = { alert, atMs, stoodIn: false };
    const { settings, classifier, rules, clock } = this.#o;
    if (settings.provider === "rules") {
      const verdict = classifier.verdictNow?.(alert);
      if (verdict) this.#inBackground(this.#apply([[waiter, { verdict }]]));
      return;
    }
    const shape = this.#proposer.shapeOf(alert);
    const cached = this.#proposer.cachedFor(shape);
    if (cached) {
      this.#inBackground(this.#settle([waiter], { kind: "verdict", ...cached, called: false }));
      return;
    }
    const absent = this.#whyNotAsked();
    if (absent) {
      this.#inBackground(this.#settle([waiter], { kind: "none", absent }));
      return;
    }
    this.#calls.ask(shape, alert, { waiter, waitMs });
    if (rules === undefined || settings.apply === "shadow") return;
    const cancel = clock.after(Math.max(0, waitMs - rulesMarginMs), () => {
      this.#timers.delete(cancel);
      if (this.#asked.get(alert.fingerprint) !== atMs || waiter.stoodIn) return;
      const standIn = this.#proposer.standIn(alert);
      if (standIn === undefined) return;
      waiter.stoodIn = true;
      this.#inBackground(this.#apply([[waiter, { verdict: standIn }]]));
    });
    this.#timers.add(cancel);
  }

  async #settle(waiters: readonly Waiter[], answer: ShapeAnswer): Promise<void> {
    const arrived = waiters.map((waiter): readonly [Waiter, ArrivedVerdict["result"]] => {
      if (answer.kind === "verdict") return [waiter, { verdict: this.#proposer.verdictFor(waiter.alert, answer) }];
      const standIn = waiter.stoodIn ? undefined : this.#proposer.standIn(waiter.alert);
      const result = standIn && this.#o.settings.apply !== "shadow" ? { verdict: standIn } : { absent: answer.absent };
      return [waiter, result];
    });
    for (let from = 0; from < arrived.length; from += maxApplied)
      await this.#apply(arrived.slice(from, from + maxApplied));
  }

  /** Gives the ledger what is known now. If it does not answer, the deadline that it has decides. */
  async #apply(results: readonly (readonly [Waiter, ArrivedVerdict["result"]])[]): Promise<void> {
    const { ledger, targets, wake, settings } = this.#o;
    const judged = results.map(([{ alert }, result]) => {
      const verdict = "verdict" in result ? result.verdict : undefined;
      return targets.decide(alert, { ...this.#proposer.rules, verdict });
    });
    const arrived = results.map(([{ alert, atMs }, result], index): ArrivedVerdict => {
      const decisions = judged[index] ?? [];
      const suppressedAt = decisions.flatMap(({ target, weighed }) =>
        weighed?.effect === "suppressed" ? [target] : [],
      );
      const { fingerprint } = alert;
      return { fingerprint, atMs, result, routes: targets.routesIn(decisions), suppressedAt };
    });
    let effects;
    try {
      effects = await ledger.applyVerdicts(arrived);
    } catch {
      return;
    }
    wake();
    for (const [index, [waiter, result]] of results.entries()) {
      const { alert, atMs } = waiter;
      const verdict = "verdict" in result ? result.verdict : undefined;
      if (verdict) this.#judged(alert, verdict);
      if (effects[index] === "used" && verdict) this.#proposer.remember(alert, atMs, verdict);
      if (settings.apply === "shadow" || (waiter.stoodIn && !verdict?.fallback)) continue;
      if (verdict) this.#counted(effects[index] === "used" ? originOf(verdict) : "late");
      else if ("absent" in result) this.#counted(result.absent);
    }
  }

  /** Routes alerts again whose stored verdict is another one than the proposed. */
  async #reroute(alerts: readonly FiringAlert[]): Promise<void> {
    const { ledger, targets, wake } = this.#o;
    let left = alerts;
    // Each round routes by what the ledger has just said, so a second one is rare.
    for (let round = 0; left.length > 0 && round < 5 && !this.#stopped; round++) {
      const routed = left.map(({ classification, ...alert }) => ({
        fingerprint: alert.fingerprint,
        routes: targets.routesIn(targets.decide(alert, this.termsOf(classification))),
        ...(classification && { classification }),
      }));
      try {
        left = await ledger.reroute(routed);
      } catch {
        return; // The next repeat tries again.
      }
      wake();
    }
  }

  #judged(alert: Alert, verdict: EpisodeVerdict): void {
    const { targets, scorecard, settings } = this.#o;
    const apply = settings.apply === "shadow" ? "override" : settings.apply;
    scorecard.judged(alert, verdict, targets.decide(alert, { ...this.#proposer.rules, apply, verdict }));
  }

  #counted(outcome: ClassificationOutcome): void {
    this.#o.scorecard.counted(outcome);
    this.#o.metrics.classified(this.#o.classifier.provider, outcome);
  }

  #called(call: EndedCall): void {
    const { classifier, scorecard, metrics, log } = this.#o;
    const { result, durationMs, opened } = call;
    scorecard.called(classifier, call);
    metrics.called(classifier.provider, durationMs, result.tokens);
    const { provider, model } = classifier;
    if (result.kind === "verdict") return;
    const { reason, detail } = result;
    log.debug({ event: "classification_failed", provider, model, reason, detail }, "A classifier gave no verdict");
    if (opened)
      log.warn(
        { event: "classification_breaker_open", provider, model, reason, detail },
        "The classifier fails: pages do not wait for it, and labels decide until it answers again",
      );
  }

  #budgetUsed(untilMs: number): void {
    if (this.budgetUsedUntilMs === undefined) {
      const { provider, model } = this.#o.classifier;
      this.#o.log.warn(
        { event: "classification_budget_used", provider, model, until: new Date(untilMs).toISOString() },
        "The calls or tokens of this hour are used up: labels decide until the next hour",
      );
    }
    this.#budgetUsedUntilMs = untilMs;
  }

  /** Keeps track of work, so that `stop` can wait for it. A bug in it is logged and loses no page. */
  #inBackground(work: Promise<unknown>): void {
    const kept = work
      .catch((error: unknown) => {
        this.#o.log.error(
          { event: "classification_bug", err: error, reason: "bug" },
          "A classification failed because of a bug: the label decides",
        );
      })
      .finally(() => this.#background.delete(kept));
    this.#background.add(kept);
  }
}

const isClassified = (alert: Alert): boolean => !isChangeEvent(alert) && !alert.fingerprint.startsWith(addressedPrefix);
