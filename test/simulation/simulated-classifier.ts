import {
  type Alert,
  type ArrivedVerdict,
  type Claim,
  type Classification,
  type EpisodeVerdict,
  type Ledger,
  LedgerUnavailable,
  type ProposedClassification,
  type Recorded,
  type Route,
  type RoutedClaim,
  routesAlike,
  type Severity,
  type Verdict,
  verdictSeverities,
} from "@tocsin/core/decisions";
import type { Random } from "../kit/random.ts";
import { type ClassifierPlan, modelTempers, weighed } from "./classifier-plan.ts";
import type { ProcessLifecycle } from "./process-lifecycle.ts";

const second = 1_000;
const hour = 3_600_000;
const promptHash = "prompt";

export interface SimulatedClassifierOptions {
  readonly plan: ClassifierPlan;
  readonly ledger: Ledger;
  readonly lifecycle: ProcessLifecycle;
  readonly random: Random;
  /** The routes of an alert with its classification. Undefined: none was proposed yet, so a first page waits. */
  readonly routesOf: (alert: Alert, classification: Classification | undefined) => readonly Route[];
  /** The targets that may receive it. */
  readonly targetsOf: (alert: Alert) => readonly string[];
  readonly wake: () => void;
  readonly bug: (error: unknown) => void;
}

/** The part of a process that classifies alerts, over a model that is not to be trusted. */
export class SimulatedClassifier {
  readonly #o: SimulatedClassifierOptions;
  /** Classifications of running episodes, by fingerprint. Lost with the process. */
  readonly #known = new Map<string, Classification>();
  readonly #asked = new Set<string>();

  constructor(o: SimulatedClassifierOptions) {
    this.#o = o;
  }

  /** A claim with the routes of what is known about its alert. */
  propose(claim: Claim): RoutedClaim {
    const {
      alert,
      status,
      alert: { fingerprint },
    } = claim;
    const { routesOf, plan } = this.#o;
    if (status === "resolved") {
      this.#known.delete(fingerprint);
      return { claim, routes: routesOf(alert, undefined) };
    }
    const known = this.#known.get(fingerprint);
    const classification: ProposedClassification =
      known?.verdict !== undefined ? { verdict: known.verdict } : { waitMs: plan.otherMs };
    return { claim, classification, routes: routesOf(alert, known?.verdict && known) };
  }

  /** Routes again what has another verdict than was proposed, and asks for those that wait. */
  recorded(claims: readonly RoutedClaim[], results: readonly Recorded[]): void {
    for (const [index, { claim, classification: proposed }] of claims.entries()) {
      const stored = results[index]?.classification;
      if (stored === undefined || proposed === undefined) continue;
      const { alert } = claim;
      this.#known.set(alert.fingerprint, stored);
      const verdict = "verdict" in proposed ? proposed.verdict : undefined;
      if (!routesAlike(verdict, stored.verdict)) void this.#reroute(alert, stored);
      const episode = `${alert.fingerprint} ${stored.atMs}`;
      if (stored.untilMs === undefined || this.#asked.has(episode)) continue;
      this.#asked.add(episode);
      void this.#classify(alert, stored);
    }
  }

  async #reroute(alert: Alert, classification: Classification): Promise<void> {
    const { ledger, routesOf, wake } = this.#o;
    const { fingerprint } = alert;
    const routed = [{ fingerprint, routes: routesOf(alert, classification), classification }];
    await this.#attempt(() => ledger.reroute(routed));
    wake();
  }

  async #classify(alert: Alert, { atMs, untilMs = 0 }: Classification): Promise<void> {
    const { ledger, lifecycle, plan } = this.#o;
    const shape = `shape ${Number(alert.fingerprint.replace(/\D/gu, "")) % 7}`;
    const owner = lifecycle.name;
    const { maxCallsPerHour } = plan;
    for (;;) {
      const answer = await this.#attempt(() =>
        ledger.claimShape({ shape, owner, leaseMs: 30 * second, maxCallsPerHour, maxTokensPerHour: undefined }),
      );
      if (answer === undefined) return;
      if (answer.kind === "budget_used") return this.#arrived(alert, atMs, { absent: "budget_used" });
      if (answer.kind === "cached") {
        // Half of the alerts have another prompt than the one that was asked about.
        const ofShape = this.#o.random.chance(0.5) && { ofShape: true as const };
        return this.#arrived(alert, atMs, { verdict: { ...answer.cached.verdict, ...ofShape } });
      }
      if (answer.kind === "claimed") break;
      await lifecycle.sleep(second);
      if (lifecycle.clock.now() > untilMs + hour) return;
    }
    const verdict = await this.#ask(alert);
    await this.#attempt(() => ledger.storeShape({ shape, owner, verdict, promptHash, cacheForMs: hour, tokens: 100 }));
    await this.#arrived(alert, atMs, verdict === undefined ? { absent: "failed" } : { verdict });
  }

  /** Undefined: the call failed. */
  async #ask(alert: Alert): Promise<Verdict | undefined> {
    const { plan, random, lifecycle } = this.#o;
    const temper = plan.temper === "mixed" ? random.pick(modelTempers) : plan.temper;
    await lifecycle.sleep(random.between(100, temper === "slow" ? 90 * second : 2 * second));
    // The caller gives up at last.
    if (temper === "never") await lifecycle.sleep(100 * second);
    if (temper === "never" || temper === "failing") return undefined;
    const any = temper === "wrong" || temper === "mixed";
    return {
      severity: temper === "noise" ? "noise" : any ? random.pick(verdictSeverities) : trueSeverity(alert),
      confidence: temper === "noise" ? 0.99 : any ? random.next() : 0.97,
      reasoning: "because",
      recommendations: [],
      category: "",
      model: "model",
      provider: "openai",
    };
  }

  async #arrived(alert: Alert, atMs: number, result: ArrivedVerdict["result"]): Promise<void> {
    const { ledger, plan, routesOf, targetsOf, wake } = this.#o;
    const { fingerprint } = alert;
    const verdict: EpisodeVerdict | undefined = "verdict" in result ? result.verdict : undefined;
    const suppressedAt = weighed(plan, alert, verdict).effect === "suppressed" ? targetsOf(alert) : [];
    const routes = routesOf(alert, { atMs, ...result });
    const effects = await this.#attempt(() =>
      ledger.applyVerdicts([{ fingerprint, atMs, result, routes, suppressedAt }]),
    );
    if (effects?.[0] === "used" && this.#known.get(fingerprint)?.atMs === atMs)
      this.#known.set(fingerprint, { atMs, ...result });
    wake();
  }

  /** A ledger that cannot commit is not asked again: the deadline of the page decides. */
  async #attempt<T>(act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) this.#o.bug(error);
      return undefined;
    }
  }
}

const trueSeverity = ({ annotations }: Alert): Severity => annotations["severity"] as Severity;
