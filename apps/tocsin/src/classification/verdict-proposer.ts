import {
  type Alert,
  type CachedVerdict,
  type Classification,
  type ClassificationTerms,
  type Classifier,
  type Clock,
  contentHash,
  type EpisodeVerdict,
  type ProposedClassification,
  type Verdict,
  type VerdictAbsence,
} from "@tocsin/core";
import { BoundedMap } from "./bounded-map.ts";
import type { ClassificationSettings } from "./classification-settings.ts";
import { shapeOf } from "./shape-of.ts";

export interface VerdictProposerOptions {
  readonly settings: ClassificationSettings;
  readonly classifier: Classifier;
  /** Stand in for a model that does not answer. Undefined: nothing does. */
  readonly rules: Classifier | undefined;
  readonly clock: Clock;
  /** Why no call can be made now. Undefined: one can. */
  readonly refusal: () => VerdictAbsence | undefined;
}

/** Running episodes whose verdict this process remembers. */
const maxRemembered = 50_000;

/** Verdicts of shapes in memory. */
export const maxCachedVerdicts = 10_000;

/** A remembered verdict is used for this long without the ledger's word, ms. */
const rememberMs = 3_600_000;

interface Remembered {
  /** `Classification.atMs`. */
  readonly atMs: number;
  readonly verdict: EpisodeVerdict | undefined;
  /** Hash of the annotations that the verdict was used for. */
  readonly text: string;
  /** By the monotonic clock. */
  readonly untilMs: number;
}

export interface Proposal {
  readonly terms: ClassificationTerms;
  /** Undefined: the decisions say whether a verdict is awaited. */
  readonly proposed?: ProposedClassification;
}

/** Says within a request which verdict an alert has, from memory only: no call, no ledger. */
export class VerdictProposer {
  readonly #o: VerdictProposerOptions;
  readonly #remembered = new BoundedMap<string, Remembered>(maxRemembered);
  readonly #cache = new BoundedMap<string, CachedVerdict>(maxCachedVerdicts);

  constructor(options: VerdictProposerOptions) {
    this.#o = options;
  }

  get rules() {
    const { apply, floor, threshold } = this.#o.settings;
    return { apply, floor, threshold };
  }

  /** Returns the terms for what the ledger stored. */
  termsOf(stored: Classification | undefined): ClassificationTerms {
    const awaited = stored?.untilMs !== undefined;
    return { ...this.rules, verdict: stored?.verdict, ...(awaited && { wait: this.#wait }) };
  }

  propose(alert: Alert): Proposal {
    const { settings, classifier, refusal } = this.#o;
    const by = (verdict: EpisodeVerdict) => ({ terms: { ...this.rules, verdict }, proposed: { verdict } });
    const without = (absent: VerdictAbsence) => ({ terms: this.termsOf(undefined), proposed: { absent } });
    const known = this.#remembered.get(alert.fingerprint);
    if (known?.verdict && known.untilMs > this.#o.clock.monotonic() && known.text === textOf(alert))
      return by(known.verdict);
    if (settings.apply === "shadow") return without("shadow");
    if (settings.provider === "rules") {
      const verdict = classifier.verdictNow?.(alert);
      return verdict === undefined ? without("not_awaited") : by(verdict);
    }
    const cached = this.cachedFor(this.shapeOf(alert));
    if (cached !== undefined) return by(this.verdictFor(alert, { ...cached, called: false }));
    const absent = refusal();
    if (absent === undefined) return { terms: { ...this.termsOf(undefined), wait: this.#wait } };
    const standIn = this.standIn(alert);
    return standIn === undefined ? without(absent) : by(standIn);
  }

  /** When the episode began whose verdict is remembered. Undefined: none is. */
  rememberedAtMs(fingerprint: string): number | undefined {
    return this.#remembered.get(fingerprint)?.atMs;
  }

  remember(alert: Alert, atMs: number, verdict: EpisodeVerdict | undefined): void {
    const untilMs = this.#o.clock.monotonic() + rememberMs;
    this.#remembered.set(alert.fingerprint, { atMs, verdict, text: textOf(alert), untilMs });
  }

  forget(fingerprint: string): void {
    this.#remembered.delete(fingerprint);
  }

  keep(cached: CachedVerdict): void {
    this.#cache.set(cached.shape, cached);
  }

  cachedFor(shape: string): CachedVerdict | undefined {
    const cached = this.#cache.get(shape);
    return cached !== undefined && cached.untilMs > this.#o.clock.now() ? cached : undefined;
  }

  shapeOf(alert: Alert): string {
    const { settings, classifier } = this.#o;
    return shapeOf(alert, {
      shapeLabels: settings.shapeLabels,
      model: `${classifier.provider} ${classifier.model}`,
    });
  }

  /** The verdict of the rules, if they stand in for the model. */
  standIn(alert: Alert): EpisodeVerdict | undefined {
    const verdict = this.#o.rules?.verdictNow?.(alert);
    return verdict && { ...verdict, fallback: true };
  }

  /** A verdict for another prompt of the same shape may only fill in or raise. */
  verdictFor(
    alert: Alert,
    given: { readonly verdict: Verdict; readonly promptHash: string; readonly called: boolean },
  ): EpisodeVerdict {
    const { verdict, promptHash, called } = given;
    if (this.#o.classifier.promptHash(alert) !== promptHash) return { ...verdict, ofShape: true };
    return called ? verdict : { ...verdict, cached: true };
  }

  get #wait() {
    const { criticalBudgetMs, budgetMs } = this.#o.settings;
    return { criticalMs: criticalBudgetMs, otherMs: budgetMs };
  }
}

const textOf = ({ annotations }: Alert): string => contentHash("", annotations);
