import { postgresPrograms, type PostgresPrograms, TestPostgres } from "@tocsin/test";
import { afterAll } from "vitest";
import { addressIn } from "./connection-url.ts";
import { connect, type PostgresServer } from "./connect.ts";
import { migrate } from "./migrate.ts";
import type { Row } from "./rows.ts";
import type { Session } from "./session.ts";

interface Started {
  readonly address: PostgresServer;
  end(): Promise<void>;
}

const emptied = `DELETE FROM alerts; DELETE FROM silent; DELETE FROM endpoints; DELETE FROM incidents; DELETE FROM flights;
  DELETE FROM counts; DELETE FROM members; DELETE FROM history; DELETE FROM dead_letters; DELETE FROM slots;
  DELETE FROM gates; DELETE FROM writers; DELETE FROM ledger; INSERT INTO ledger DEFAULT VALUES`;

/** A schema of its own, and sessions that stay open between the tests that use it: to connect takes longer than a test. */
export class Place {
  readonly address: PostgresServer;
  readonly #idle: Session[] = [];

  constructor(address: PostgresServer) {
    this.address = address;
  }

  readonly connect = async (): Promise<Session> => {
    const session = this.#idle.pop() ?? (await connect(this.address));
    return Object.assign(session, {
      end: async () => {
        if (!session.broken) this.#idle.push(session);
      },
    });
  };

  async run(sql: string): Promise<void> {
    await this.rows(sql);
  }

  async rows(sql: string): Promise<readonly Row[]> {
    const session = await this.connect();
    let rows: readonly Row[] = [];
    await session.run([{ sql, take: (found) => void (rows = found) }], 10_000);
    await session.end();
    return rows;
  }

  async close(): Promise<void> {
    await Promise.all(this.#idle.map(({ client }) => client.end()));
  }
}

/** One server for the tests of a file, begun when the first asks, and empty tables for each. */
export class TestServer {
  readonly name: string;
  readonly #start: () => Promise<Started>;
  readonly #places: Place[] = [];
  readonly #free: Place[] = [];
  #started: Promise<Started> | undefined;

  constructor(name: string, start: () => Promise<Started>) {
    this.name = name;
    this.#start = start;
    afterAll(async () => {
      for (const place of this.#places) {
        await place.run(`DROP SCHEMA ${place.address.schema} CASCADE`);
        await place.close();
      }
      await (await this.#started)?.end();
    });
  }

  async #bare(): Promise<Place> {
    const { address } = await (this.#started ??= this.#start());
    const schema = `tocsin_test_${process.pid}_${this.#places.length}`;
    const place = new Place({ ...address, schema });
    this.#places.push(place);
    await place.run(`CREATE SCHEMA ${schema}`);
    return place;
  }

  /** No tables at all, for one test. */
  async bare(): Promise<AsyncDisposable & { readonly place: Place }> {
    return { place: await this.#bare(), [Symbol.asyncDispose]: async () => {} };
  }

  async #place(): Promise<Place> {
    const place = await this.#bare();
    const session = await place.connect();
    await migrate(session);
    await session.end();
    return place;
  }

  /** Empty tables, for one test. */
  async empty(): Promise<AsyncDisposable & { readonly place: Place }> {
    const place = this.#free.pop() ?? (await this.#place());
    return {
      place,
      [Symbol.asyncDispose]: async () => {
        await place.run(emptied);
        this.#free.push(place);
      },
    };
  }
}

const ofPrograms = (programs: PostgresPrograms): TestServer =>
  new TestServer(programs.name, async () => {
    const server = await TestPostgres.open({ programs });
    return { address: server.address, end: () => server[Symbol.asyncDispose]() };
  });

/** The server of a URL (`DATABASE_URL` in tests); else the one that npm brings, and the system's. */
export function testServers(url: string | undefined): readonly TestServer[] {
  if (url !== undefined) {
    const address = addressIn(url);
    return [new TestServer("PostgreSQL at DATABASE_URL", async () => ({ address, end: async () => {} }))];
  }
  const servers = postgresPrograms().map(ofPrograms);
  if (servers.length === 0) throw new Error("no PostgreSQL: npm brings one for this platform, or set DATABASE_URL");
  return servers;
}
