import { postgresPrograms, TestPostgres, type TestPostgresOptions } from "@tocsin/test";
import type { ChildOptions } from "./child.ts";
import { type Patience, waitUntil } from "./wait-until.ts";
import type { TcpProxy } from "./tcp-proxy.ts";
import { Service, type Stats } from "./tocsin.ts";

/** The same for all replicas. */
const encryptionKey = Buffer.alloc(32, 7).toString("base64");

export interface FleetOptions {
  readonly replicas: number;
  /** As in `tocsin.yaml`; listen and ledger are set here. */
  readonly config: Record<string, unknown>;
  readonly env?: ChildOptions["env"];
  readonly postgres?: Omit<TestPostgresOptions, "programs">;
  /** The address at which the replicas find PostgreSQL, if not its own. */
  readonly through?: TcpProxy;
  /** A server that is there already. */
  readonly over?: TestPostgres;
}

/** Replicas of one service over one PostgreSQL. */
export class Fleet implements AsyncDisposable {
  readonly postgres: TestPostgres;
  readonly replicas: readonly Service[];
  /** As in `tocsin.yaml`, for others that join. */
  readonly ledger: object;

  private constructor(postgres: TestPostgres, replicas: readonly Service[], ledger: object) {
    this.postgres = postgres;
    this.ledger = ledger;
    this.replicas = replicas;
  }

  static async start({ replicas, config, env, postgres: how = {}, through, over }: FleetOptions): Promise<Fleet> {
    const [programs] = postgresPrograms();
    if (!programs) throw new Error("no PostgreSQL: npm brings one for this platform");
    const postgres = over ?? (await TestPostgres.open({ ...how, programs }));
    if (through && through.port === 0) through.port = postgres.port;
    const url = `${through ? `postgres://postgres@${through.address}/postgres` : postgres.url}?sslmode=disable`;
    const ledger = { url, encryptionKey };
    // All at once: the first of them makes the tables.
    const started = await Promise.allSettled(
      Array.from({ length: replicas }, () => Service.start({ config: { ...config, ledger }, env })),
    );
    const services = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const fleet = new Fleet(postgres, services, ledger);
    const failed = started.find(({ status }) => status === "rejected");
    if (failed) {
      await fleet[Symbol.asyncDispose]();
      throw (failed as PromiseRejectedResult).reason;
    }
    return fleet;
  }

  /** Returns when nothing is due and nothing under way, as any living replica says. */
  async quiet(patience?: Patience): Promise<void> {
    const busy = new Set(["candidate", "due", "in_flight"]);
    await waitUntil(
      "nothing is due",
      async () => {
        const [one] = this.replicas.filter(({ process }) => process.alive);
        if (!one) throw new Error("no replica lives");
        const { incidents } = (await one.get("/api/v1/stats")).body as Stats;
        return incidents.every(({ state, count }) => count === 0 || !busy.has(state));
      },
      patience,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const replica of this.replicas) await replica[Symbol.asyncDispose]();
    await this.postgres[Symbol.asyncDispose]();
  }
}
