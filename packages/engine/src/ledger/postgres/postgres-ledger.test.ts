import { firing, ledgerContract, type LedgerOptions, wanted } from "@tocsin/testkit";
import { expect, it } from "vitest";
import { openPostgresLedger } from "./postgres-ledger.ts";
import { type Place, testServers } from "./server.fixture.ts";

const openAt = ({ address, connect }: Place, options: LedgerOptions) =>
  openPostgresLedger({ ...options, server: address, connect });

for (const server of testServers(process.env["DATABASE_URL"]))
  ledgerContract(server.name, {
    virtualTime: true,
    shared: true,
    async open(options) {
      const { place, [Symbol.asyncDispose]: leave } = await server.empty();
      const ledger = await openAt(place, options);
      const close = ledger[Symbol.asyncDispose];
      return Object.assign(ledger, {
        async [Symbol.asyncDispose]() {
          await close();
          await leave();
        },
      });
    },
    async durable() {
      const { place, [Symbol.asyncDispose]: leave } = await server.empty();
      return { open: (options) => openAt(place, options), [Symbol.asyncDispose]: leave };
    },
  });

const [server] = testServers(process.env["DATABASE_URL"]);
it("what its sender was told to repeat is not recorded later", async () => {
  if (!server) throw new Error("there is a server");
  await using empty = await server.empty();
  const { place } = empty;
  await using ledger = await openPostgresLedger({ server: place.address, intakeMs: 100 });
  const holder = await place.connect();
  await holder.run(
    [
      { sql: "BEGIN" },
      { sql: "SELECT pg_advisory_xact_lock(hashtext('tocsin ledger'), 'ledger'::regclass::oid::int)" },
    ],
    1_000,
  );
  await expect(ledger.want([wanted(firing("a"))])).rejects.toThrow("the ledger does not answer");
  await holder.run([{ sql: "COMMIT" }], 1_000);
  await holder.end();
  await ledger.probe();
  expect(await ledger.firing({ limit: 9 })).toEqual([]);
});
