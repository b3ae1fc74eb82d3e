import { firing, targetTerms, wanted } from "@tocsin/test";
import { expect, test } from "vitest";
import { connect } from "./connect.ts";
import { migrate } from "./migrate.ts";
import { openPostgresLedger } from "./ledger.ts";
import { migrations } from "./schema.ts";
import { testServers } from "./server.fixture.ts";

const step = (sql: string) => ({ sql, compatibleFrom: 1 });

for (const server of testServers(process.env["DATABASE_URL"])) {
  test(`${server.name}: replicas that start at the same time create the tables once`, async () => {
    await using bare = await server.bare();
    const ledgers = await Promise.all(
      Array.from({ length: 5 }, () => openPostgresLedger({ server: bare.schema.address })),
    );
    await Promise.all(ledgers.map((ledger) => ledger.probe()));
    await Promise.all(ledgers.map((ledger) => ledger[Symbol.asyncDispose]()));
    expect(await bare.schema.rows("SELECT n FROM migrations ORDER BY n")).toEqual(
      migrations.map((_, n) => ({ n: n + 1 })),
    );
  });

  test(`${server.name}: tables of a newer version are used, or refused with a reason, as their last migration says`, async () => {
    await using empty = await server.empty();
    const { schema } = empty;
    const newer = [
      ...migrations,
      { sql: "ALTER TABLE incidents ADD COLUMN more text NOT NULL DEFAULT ''", compatibleFrom: 1 },
    ];
    const newest = [...newer, { sql: "ALTER TABLE incidents DROP COLUMN lead", compatibleFrom: newer.length }];
    await using ledger = await openPostgresLedger({ server: schema.address });
    const say = (name: string) => ledger.record([wanted(firing(name))]);
    await ledger.useTargets([targetTerms("pagerduty")]);
    await say("a");

    const migrating = await connect(schema.address);
    await migrate(migrating, newer);
    await expect(say("b")).resolves.toMatchObject([{ effect: "accepted" }]);
    await using late = await openPostgresLedger({ server: schema.address });
    expect((await late.incidents({ limit: 9 })).incidents).toHaveLength(2);
    expect(await schema.rows("SELECT max(n) AS n FROM migrations")).toEqual([{ n: newer.length }]);

    await migrate(migrating, newest);
    await migrating.end();
    const refused = `the ledger's tables are a newer Tocsin's (for schema ${newer.length} and later, this one knows ${migrations.length}): upgrade to open it`;
    await expect(say("c")).rejects.toThrow(refused);
    await expect(late.incidents({ limit: 9 })).rejects.toThrow(refused);
    await expect(openPostgresLedger({ server: schema.address })).rejects.toThrow(refused);
    expect(await schema.rows("SELECT count(*)::int AS n FROM alerts")).toEqual([{ n: 2 }]);
  });

  test(`${server.name}: a failed migration changes nothing, and the next start applies it`, async () => {
    await using bare = await server.bare();
    const session = await connect(bare.schema.address);
    try {
      const first = step("CREATE TABLE ledger (compatible_from integer)");
      const broken = [first, step("CREATE TABLE two (n integer); SELECT 1 / 0")];
      await expect(migrate(session, broken)).rejects.toThrow(/division by zero/);
      expect(await bare.schema.rows("SELECT to_regclass('ledger')::text AS one")).toEqual([{ one: null }]);
      await migrate(session, [first]);
      await migrate(session, [first, step("ALTER TABLE ledger ADD COLUMN m integer")]);
      expect(await bare.schema.rows("SELECT n FROM migrations ORDER BY n")).toEqual([{ n: 1 }, { n: 2 }]);
    } finally {
      await session.end();
    }
  });

  test(`${server.name}: every table whose rows are updated has a fill factor`, async () => {
    await using empty = await server.empty();
    const roomy = await empty.schema.rows(
      "SELECT relname::text AS name FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND reloptions::text LIKE '%fillfactor%' ORDER BY 1",
    );
    expect(roomy.map(({ name }) => name)).toEqual([
      "alerts",
      "counts",
      "flights",
      "gates",
      "incidents",
      "ledger",
      "slots",
      "writers",
    ]);
  });
}
