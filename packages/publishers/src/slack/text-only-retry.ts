/** Far more events than Slack can refuse between two attempts. */
const most = 1_000;

/**
 * The events whose blocks Slack refused. Each is sent once more as text only: a plain message is better than
 * a dead letter if Slack changes a rule.
 */
export class TextOnlyRetry {
  readonly #events = new Set<string>();

  ask(event: string): void {
    if (this.#events.size >= most) this.#events.clear();
    this.#events.add(event);
  }

  /** Whether this attempt sends the text only. */
  take(event: string): boolean {
    return this.#events.delete(event);
  }
}
