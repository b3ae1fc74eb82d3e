import type { Alert, Clock, Explanation } from "@tocsin/core";

import { explainHypothetical, explainKnown, type Explained, type Question } from "./explain.ts";
import type { NotificationFacts, Notify } from "./notification.ts";
import type { Targets } from "./targets.ts";

export interface ExplainerOptions {
  readonly targets: Pick<Targets, "decide" | "unused" | "adopts" | "speakerTo">;
  readonly clock: Clock;
  readonly notify: Notify;
}

/** Explains alerts by the targets as they are now. */
export class Explainer {
  readonly #o: ExplainerOptions;

  constructor(options: ExplainerOptions) {
    this.#o = options;
  }

  /** An alert that was received, with the event that each target would be sent. */
  known(explanation: Explanation): Explained[] {
    return explainKnown(explanation, { ...this.#now(explanation.alert.alert), render: this.#render });
  }

  /** Only how it stands at each target. */
  summary(explanation: Explanation): Explained[] {
    return explainKnown(explanation, this.#now(explanation.alert.alert));
  }

  /** An alert that somebody asks about; `known` is what was received of it. */
  hypothetical(question: Question, known: Explanation | undefined): Explained[] {
    const { targets } = this.#o;
    const now = { ...this.#now(question.alert), render: this.#render };
    return explainHypothetical(question, { ...now, known, adopts: (target) => targets.adopts(target) });
  }

  #now(alert: Alert) {
    const { targets, clock } = this.#o;
    return { ...targets.unused, decisions: targets.decide(alert), nowMs: clock.now() };
  }

  readonly #render = (facts: NotificationFacts): unknown =>
    this.#o.targets.speakerTo(facts.target)?.publisher.render(this.#o.notify(facts)) ?? null;
}
