import { connect, type PostgresServer } from "./connecting.ts";
import type { Session } from "./session.ts";
import { channel } from "./writing.ts";

const retryMs = 1_000;

/** Listens on a connection of its own, and calls when another replica says that something is due. */
export class Waking {
  readonly #server: PostgresServer;
  readonly #wake: () => void;
  #session: Session | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(server: PostgresServer, wake: () => void) {
    this.#server = server;
    this.#wake = wake;
    void this.#listen();
  }

  async #listen(): Promise<void> {
    try {
      const session = await connect(this.#server);
      if (this.#closed) return await session.end();
      this.#session = session;
      session.client.on("notification", () => this.#wake());
      session.client.on("end", () => this.#again());
      session.client.on("error", () => session.close(new Error("the listening connection was lost")));
      await session.run([{ sql: `LISTEN ${channel}` }], 5_000);
      // Whatever was said while nobody listened.
      this.#wake();
    } catch {
      this.#again();
    }
  }

  #again(): void {
    if (this.#closed || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#listen();
    }, retryMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#session?.end();
  }
}
