import type { Duplex } from "node:stream";
import type { Client, QueryResult } from "pg";
import type { Row } from "./rows.ts";

/** One statement, and a function that takes its rows. */
export interface Step {
  readonly sql: string;
  readonly values?: readonly unknown[];
  readonly take?: (rows: readonly Row[]) => void;
  /** Called as soon as the server answered this statement, before those after it. */
  readonly answered?: () => void;
}

/** One connection. Statements are sent without waiting for the answers to earlier ones. */
export class Session {
  readonly client: Client;
  /** Why the connection cannot be used; undefined: it can. */
  broken: Error | undefined;
  readonly #names = new Map<string, string>();

  constructor(client: Client) {
    this.client = client;
    client.on("error", (error) => (this.broken ??= error));
    client.on("end", () => (this.broken ??= new Error("the connection to PostgreSQL ended")));
  }

  /**
   * Sends all statements at once, and calls `take` with the rows after all are answered. Gives up after `silenceMs` without all answers.
   *
   * @throws Error of the first statement that failed
   */
  async run(steps: readonly Step[], silenceMs: number): Promise<void> {
    const timer = setTimeout(
      () => this.close(new Error(`PostgreSQL did not answer for ${silenceMs / 1_000} s`)),
      silenceMs,
    );
    try {
      const answers = await Promise.allSettled(this.#sendAll(steps));
      const failed = answers.find(({ status }) => status === "rejected");
      if (failed) throw this.broken ?? (failed as PromiseRejectedResult).reason;
      for (const [index, { take }] of steps.entries())
        take?.((answers[index] as PromiseFulfilledResult<QueryResult<Row>>).value.rows);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends them in as few packets as possible. */
  #sendAll(steps: readonly Step[]): Promise<QueryResult<Row>>[] {
    const { stream } = this.#connection;
    stream.cork();
    try {
      return steps.map((step) => {
        const answer = this.#send(step);
        if (step.answered) answer.then(step.answered, () => {});
        return answer;
      });
    } finally {
      stream.uncork();
    }
  }

  /** Statements with values are prepared, so that the server plans them once. */
  #send({ sql, values }: Step): Promise<QueryResult<Row>> {
    if (!values) return this.client.query<Row>(sql);
    let name = this.#names.get(sql);
    if (name === undefined) this.#names.set(sql, (name = `tocsin_${this.#names.size}`));
    return this.client.query<Row>({ name, text: sql, values: [...values] });
  }

  /** Closes the connection at once, even while statements run. */
  close(why: Error): void {
    this.broken ??= why;
    this.#connection.stream.destroy();
  }

  get #connection(): { readonly stream: Duplex } {
    return (this.client as unknown as { connection: { stream: Duplex } }).connection;
  }

  async end(): Promise<void> {
    this.broken ??= new Error("the ledger is closed");
    await this.client.end().catch(() => {});
  }
}
