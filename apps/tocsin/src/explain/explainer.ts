import { heldBackOf } from "../targets/target-warnings.ts";
import type { Alert, Clock, Explanation, TargetStatus } from "@tocsin/core";
import { explainHypothetical, explainKnown, type Explained, type Question } from "./explain.ts";
import type { NotificationFacts, Notify } from "../delivery/notification.ts";
import type { TargetRegistry } from "../targets/registry.ts";

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

  #now(alert: Alert) {
    const { targets, clock } = this.#o;
    return { ...targets.unused, decisions: targets.decide(alert), nowMs: clock.now() };
  }

  readonly #render = (facts: NotificationFacts): unknown =>
    this.#o.targets.publisherFor(facts.target)?.publisher.render(this.#o.notify(facts)) ?? null;
}
