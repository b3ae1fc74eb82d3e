import type { Duplex } from "node:stream";
import type { Client, QueryResult } from "pg";
import type { Row } from "./rows.ts";

/** One statement, and what becomes of its rows. */
export interface Step {
  readonly sql: string;
  readonly values?: readonly unknown[];
  readonly take?: (rows: readonly Row[]) => void;
  /** Called as soon as it was done, without waiting for those after it. */
  readonly answered?: () => void;
}

/** One connection, on which statements are sent without waiting for the answers of those before. */
export class Session {
  readonly client: Client;
  /** Undefined: it can be used. */
  broken: Error | undefined;
  readonly #names = new Map<string, string>();

  constructor(client: Client) {
    this.client = client;
    client.on("error", (error) => (this.broken ??= error));
    client.on("end", () => (this.broken ??= new Error("the connection to PostgreSQL ended")));
  }

  /**
   * Sends them all at once, and hands out the rows when all are answered. A silent server is given up after `silenceMs`.
   *
   * @throws Error of the first that failed
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

  /** In as few packets as they fit into. */
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

  /** Statements with values are planned once. */
  #send({ sql, values }: Step): Promise<QueryResult<Row>> {
    if (!values) return this.client.query<Row>(sql);
    let name = this.#names.get(sql);
    if (name === undefined) this.#names.set(sql, (name = `tocsin_${this.#names.size}`));
    return this.client.query<Row>({ name, text: sql, values: [...values] });
  }

  /** At once, whatever is under way. */
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
