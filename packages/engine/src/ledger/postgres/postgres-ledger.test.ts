import { ledgerContract, type LedgerOptions } from "@tocsin/testkit";
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
