import { expect, it } from "vitest";
import { connect } from "./connecting.ts";
import { migrate } from "./migrate.ts";
import { openPostgresLedger } from "./postgres-ledger.ts";
import { migrations } from "./schema.ts";
import { testServers } from "./server.fixture.ts";

for (const server of testServers(process.env["DATABASE_URL"])) {
  it(`${server.name}: several replicas that start at once make the tables once`, async () => {
    await using bare = await server.bare();
    const ledgers = await Promise.all(
      Array.from({ length: 5 }, () => openPostgresLedger({ server: bare.place.address })),
    );
    await Promise.all(ledgers.map((ledger) => ledger.probe()));
    await Promise.all(ledgers.map((ledger) => ledger[Symbol.asyncDispose]()));
    expect(await bare.place.rows("SELECT n FROM migrations ORDER BY n")).toEqual(
      migrations.map((_, n) => ({ n: n + 1 })),
    );
  });

  it(`${server.name}: tables of a newer version are refused in a sentence, and not touched`, async () => {
    await using bare = await server.bare();
    await bare.place.run("CREATE TABLE migrations (n integer PRIMARY KEY, applied_at timestamptz)");
    await bare.place.run("INSERT INTO migrations (n) VALUES (99)");
    await expect(openPostgresLedger({ server: bare.place.address })).rejects.toThrow(
      `the ledger was written by a newer Tocsin (schema 99, this one knows ${migrations.length}): upgrade to open it`,
    );
    expect(await bare.place.rows("SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()")).toEqual([
      { tablename: "migrations" },
    ]);
  });

  it(`${server.name}: a migration that fails leaves nothing of itself, and the next start makes it`, async () => {
    await using bare = await server.bare();
    const session = await connect(bare.place.address);
    try {
      const broken = ["CREATE TABLE one (n integer)", "CREATE TABLE two (n integer); SELECT 1 / 0"];
      await expect(migrate(session, broken)).rejects.toThrow(/division by zero/);
      expect(await bare.place.rows("SELECT to_regclass('one')::text AS one")).toEqual([{ one: null }]);
      await migrate(session, ["CREATE TABLE one (n integer)"]);
      await migrate(session, ["CREATE TABLE one (n integer)", "ALTER TABLE one ADD COLUMN m integer"]);
      expect(await bare.place.rows("SELECT n FROM migrations ORDER BY n")).toEqual([{ n: 1 }, { n: 2 }]);
    } finally {
      await session.end();
    }
  });

  it(`${server.name}: every table that changes in place leaves room for it`, async () => {
    await using empty = await server.empty();
    const roomy = await empty.place.rows(
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
