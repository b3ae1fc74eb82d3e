import { heldBackOf } from "../targets/target-warnings.ts";
import {
  type Alert,
  type Classification,
  type ClassificationTerms,
  type Clock,
  type Explanation,
  route,
  type TargetStatus,
} from "@tocsin/core";
import { explainHypothetical, explainKnown, type Explained, type Question } from "./explain.ts";
import type { NotificationFacts, Notify } from "../delivery/notification.ts";
import type { TargetRegistry } from "../targets/registry.ts";
import type { TrialTarget } from "../targets/trial-target.ts";

export interface ExplainerOptions {
  readonly targets: Pick<TargetRegistry, "decide" | "unused" | "adopts" | "publisherFor">;
  readonly clock: Clock;
  readonly notify: Notify;
  /** The terms with which an alert is routed by the classification that the ledger stored. Undefined: it is not classified. */
  readonly termsOf: (alert: Alert, stored: Classification | undefined) => ClassificationTerms | undefined;
  /** The terms for an alert that would arrive now, without a call. Undefined: it would not be classified. */
  readonly termsFor: (alert: Alert) => ClassificationTerms | undefined;
}

/** Explains alerts with the current targets. */
export class Explainer {
  readonly #o: ExplainerOptions;

  constructor(options: ExplainerOptions) {
    this.#o = options;
  }

  /** Explains an alert that was received, with the event that each target would receive. */
  known(explanation: Explanation): Explained[] {
    return explainKnown(explanation, { ...this.#known(explanation), render: this.#render });
  }

  /** Explains only the state at each target, without events. */
  summary(explanation: Explanation): Explained[] {
    return explainKnown(explanation, this.#known(explanation));
  }

  /**
   * Explains an alert that an operator asks about. `known`: what was received of it; `heldBack`: targets that accept nothing
   * now.
   */
  hypothetical(
    question: Question,
    known: Explanation | undefined,
    heldBack: readonly TargetStatus[] = [],
  ): Explained[] {
    const { targets, clock } = this.#o;
    const terms = this.#o.termsFor(question.alert);
    const now = { ...this.#now(question.alert, terms), render: this.#render };
    const holds = new Map(heldBack.map((standing) => [standing.target, heldBackOf(standing)]));
    return explainHypothetical(classified(question, terms, clock), {
      ...now,
      known,
      adopts: (target) => targets.adopts(target),
      heldBack: (target) => holds.get(target),
    });
  }

  /** Explains what would be sent to an edited target that is not in use. `known`: what was received of the alert. */
  edited(question: Question, { target, publisher }: TrialTarget, known: Explanation | undefined): Explained[] {
    const { clock, notify } = this.#o;
    const terms = this.#o.termsFor(question.alert);
    return explainHypothetical(classified(question, terms, clock), {
      invalid: [],
      shadows: new Set(target.mode === "shadow" ? [target.name] : []),
      decisions: route(question.alert, [target], terms),
      nowMs: clock.now(),
      render: (facts) => publisher.render(notify(facts)),
      known,
      adopts: () => target.adoptUnknownResolves,
      heldBack: () => undefined,
    });
  }

  #known({ alert: { alert, classification } }: Explanation) {
    return this.#now(alert, this.#o.termsOf(alert, classification));
  }

  #now(alert: Alert, terms: ClassificationTerms | undefined) {
    const { targets, clock } = this.#o;
    return { ...targets.unused, decisions: targets.decide(alert, terms), nowMs: clock.now() };
  }

  readonly #render = (facts: NotificationFacts): unknown =>
    this.#o.targets.publisherFor(facts.target)?.publisher.render(this.#o.notify(facts)) ?? null;
}

/** The question with the verdict that the alert would have. */
const classified = (question: Question, terms: ClassificationTerms | undefined, clock: Clock): Question =>
  terms?.verdict === undefined
    ? question
    : { ...question, classification: { atMs: clock.now(), verdict: terms.verdict } };
