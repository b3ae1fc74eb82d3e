import { postgresPrograms, type PostgresPrograms, TestPostgres } from "@tocsin/test";
import { afterAll } from "vitest";
import { parseConnectionUrl } from "./connection-url.ts";
import { connect, type PostgresServer } from "./connect.ts";
import { migrate } from "./migrate.ts";
import type { Row } from "./rows.ts";
import type { Session } from "./session.ts";

interface Started {
  readonly address: PostgresServer;
  end(): Promise<void>;
}

const emptied = `DELETE FROM alerts; DELETE FROM silent; DELETE FROM endpoints; DELETE FROM incidents; DELETE FROM flights;
  DELETE FROM counts; DELETE FROM members; DELETE FROM changes; DELETE FROM receiver_events; DELETE FROM history; DELETE FROM dead_letters; DELETE FROM slots;
  DELETE FROM gates; DELETE FROM writers; DELETE FROM ledger; INSERT INTO ledger DEFAULT VALUES`;

/** A schema for one test at a time. Its sessions stay open between tests, since to connect takes longer than a test. */
export class TestSchema {
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

/** One server for the tests of a file, started when the first test needs it, with empty tables for each test. */
export class TestServer {
  readonly name: string;
  readonly #start: () => Promise<Started>;
  readonly #schemas: TestSchema[] = [];
  readonly #free: TestSchema[] = [];
  #started: Promise<Started> | undefined;

  constructor(name: string, start: () => Promise<Started>) {
    this.name = name;
    this.#start = start;
    afterAll(async () => {
      for (const schema of this.#schemas) {
        await schema.run(`DROP SCHEMA ${schema.address.schema} CASCADE`);
        await schema.close();
      }
      await (await this.#started)?.end();
    });
  }

  async #bare(): Promise<TestSchema> {
    const { address } = await (this.#started ??= this.#start());
    const name = `tocsin_test_${process.pid}_${this.#schemas.length}`;
    const schema = new TestSchema({ ...address, schema: name });
    this.#schemas.push(schema);
    await schema.run(`CREATE SCHEMA ${name}`);
    return schema;
  }

  /** A schema without tables, for one test. */
  async bare(): Promise<AsyncDisposable & { readonly schema: TestSchema }> {
    return { schema: await this.#bare(), [Symbol.asyncDispose]: async () => {} };
  }

  async #schema(): Promise<TestSchema> {
    const schema = await this.#bare();
    const session = await schema.connect();
    await migrate(session);
    await session.end();
    return schema;
  }

  /** A schema with empty tables, for one test. */
  async empty(): Promise<AsyncDisposable & { readonly schema: TestSchema }> {
    const schema = this.#free.pop() ?? (await this.#schema());
    return {
      schema,
      [Symbol.asyncDispose]: async () => {
        await schema.run(emptied);
        this.#free.push(schema);
      },
    };
  }
}

const ofPrograms = (programs: PostgresPrograms): TestServer =>
  new TestServer(programs.name, async () => {
    const server = await TestPostgres.open({ programs });
    return { address: server.address, end: () => server[Symbol.asyncDispose]() };
  });

/** The server at a URL (`DATABASE_URL` in tests). Without a URL: the one that npm installs, and the system's. */
export function testServers(url: string | undefined): readonly TestServer[] {
  if (url !== undefined) {
    const address = parseConnectionUrl(url);
    return [new TestServer("PostgreSQL at DATABASE_URL", async () => ({ address, end: async () => {} }))];
  }
  const servers = postgresPrograms().map(ofPrograms);
  if (servers.length === 0) throw new Error("no PostgreSQL: npm brings one for this platform, or set DATABASE_URL");
  return servers;
}
