import { type IncidentRow, type Listening, Simulator, type SimulatorOptions } from "@tocsin/simulator";

/** 32 alphanumerics, as PagerDuty wants. */
export const routingKey = "e2eROUTINGKEYe2eROUTINGKEY012345";

/** The PagerDuty simulator, in the process of the test: it survives a kill of the service, and tests can read its incidents and requests. */
export class PagerDuty implements AsyncDisposable {
  readonly stand: Simulator;
  #listening: Listening | undefined;

  private constructor(options: SimulatorOptions) {
    this.stand = new Simulator(options);
  }

  /** Without a limit unless one is given, so that limits do not slow down tests about other subjects. */
  static async open(options: SimulatorOptions = { limit: { limit: 0 } }): Promise<PagerDuty> {
    const pagerduty = new PagerDuty(options);
    pagerduty.#listening = await pagerduty.stand.listen({ euPort: 0 });
    return pagerduty;
  }

  get url(): string {
    return this.#listening?.url ?? "";
  }

  get euUrl(): string {
    return this.#listening?.euUrl ?? "";
  }

  /** A target of that kind. */
  target(more: object = {}): object {
    return {
      name: "pagerduty",
      type: "pagerduty",
      url: this.url,
      routing_key: routingKey,
      rate_limit: { limit: 0 },
      ...more,
    };
  }

  /** The incidents of one problem, in the order in which they were opened. */
  incidents(dedupKey?: string): IncidentRow[] {
    return this.stand.incidents().filter((row) => dedupKey === undefined || row.dedup_key === dedupKey);
  }

  /** The actions on an incident, in order, such as `["trigger", "resolve"]`. */
  story(dedupKey: string): string[][] {
    return this.incidents(dedupKey).map((row) => row.events.map(({ action }) => action));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stand.close();
  }
}
