import { heldBackOf } from "../targets/target-warnings.ts";
import { type Alert, type Clock, type Explanation, route, type TargetStatus } from "@tocsin/core";
import { explainHypothetical, explainKnown, type Explained, type Question } from "./explain.ts";
import type { NotificationFacts, Notify } from "../delivery/notification.ts";
import type { TargetRegistry } from "../targets/registry.ts";
import type { TrialTarget } from "../targets/trial-target.ts";

export interface ExplainerOptions {
  readonly targets: Pick<TargetRegistry, "decide" | "unused" | "adopts" | "publisherFor">;
  readonly clock: Clock;
  readonly notify: Notify;
}

/** Explains alerts with the current targets. */
export class Explainer {
  readonly #o: ExplainerOptions;

  constructor(options: ExplainerOptions) {
    this.#o = options;
  }

  /** Explains an alert that was received, with the event that each target would receive. */
  known(explanation: Explanation): Explained[] {
    return explainKnown(explanation, { ...this.#now(explanation.alert.alert), render: this.#render });
  }

  /** Explains only the state at each target, without events. */
  summary(explanation: Explanation): Explained[] {
    return explainKnown(explanation, this.#now(explanation.alert.alert));
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
    const { targets } = this.#o;
    const now = { ...this.#now(question.alert), render: this.#render };
    const holds = new Map(heldBack.map((standing) => [standing.target, heldBackOf(standing)]));
    return explainHypothetical(question, {
      ...now,
      known,
      adopts: (target) => targets.adopts(target),
      heldBack: (target) => holds.get(target),
    });
  }

  /** Explains what would be sent to an edited target that is not in use. `known`: what was received of the alert. */
  edited(question: Question, { target, publisher }: TrialTarget, known: Explanation | undefined): Explained[] {
    const { clock, notify } = this.#o;
    return explainHypothetical(question, {
      invalid: [],
      shadows: new Set(target.mode === "shadow" ? [target.name] : []),
      decisions: route(question.alert, [target]),
      nowMs: clock.now(),
      render: (facts) => publisher.render(notify(facts)),
      known,
      adopts: () => target.adoptUnknownResolves,
      heldBack: () => undefined,
    });
  }

  #now(alert: Alert) {
    const { targets, clock } = this.#o;
    return { ...targets.unused, decisions: targets.decide(alert), nowMs: clock.now() };
  }

  readonly #render = (facts: NotificationFacts): unknown =>
    this.#o.targets.publisherFor(facts.target)?.publisher.render(this.#o.notify(facts)) ?? null;
}
