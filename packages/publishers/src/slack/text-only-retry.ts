/** Far more than can be refused between two attempts. */
const most = 1_000;

/**
 * The events whose blocks Slack refused. Each is tried once more as text alone: a message without its trimmings is better than
 * a dead letter on the day on which Slack changes a rule.
 */
export class Plainly {
  readonly #events = new Set<string>();

  ask(event: string): void {
    if (this.#events.size >= most) this.#events.clear();
    this.#events.add(event);
  }

  /** Whether it is to be said as text alone, this time. */
  take(event: string): boolean {
    return this.#events.delete(event);
  }
}
