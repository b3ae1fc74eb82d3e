import { changeOf, firing, resolved, routedChange, Scratch, targetTerms, wanted } from "@tocsin/test";
import { expect, test } from "vitest";
import { openSqliteLedger } from "../sqlite/ledger.ts";
import { copyLedger } from "./copy-ledger.ts";
import { openPostgresLedger } from "./ledger.ts";
import { testServers } from "./server.fixture.ts";

const request = { owner: "w", max: 10, concurrency: 100, leaseMarginMs: 20_000, ahead: { targets: [], factor: 1 } };
const accepted = { kind: "accepted", receipt: "1" } as const;
const refused = { kind: "refused", reason: "invalid", detail: "HTTP 422" } as const;

const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

const byName = (a: { fingerprint: string }, b: { fingerprint: string }): number =>
  a.fingerprint < b.fingerprint ? -1 : 1;

for (const server of testServers(process.env["DATABASE_URL"])) {
  test(`${server.name}: a copy has the same state as the file, continues from it, and needs an empty ledger`, async () => {
    using scratch = new Scratch();
    const from = scratch.file("tocsin.db");
    const sqlite = await openSqliteLedger({ path: from, thread: false });
    await sqlite.useTargets([targetTerms("pagerduty")]);
    const names = Array.from({ length: 12 }, (_, n) => `a${n}`);
    await sqlite.record(names.map((name) => wanted(firing(name, { trace }))));
    const { leases } = await sqlite.leaseDue(request);
    expect(leases).toHaveLength(10);
    // One is dead, seven are delivered, two are under way when the file is closed, and two were never tried.
    const outcomes = leases.slice(0, 8).map((lease, n) => ({ lease, outcome: n === 0 ? refused : accepted }));
    await sqlite.settle(outcomes);
    await sqlite.record([wanted(resolved("a3"))]);
    const changes = ["v1", "v2"].map((id) => routedChange(changeOf(id)));
    await sqlite.recordChanges(changes);
    await sqlite.putValue("targets", "all of them");
    await sqlite[Symbol.asyncDispose]();

    await using empty = await server.empty();
    const { schema } = empty;
    expect(await copyLedger({ from, to: schema.address })).toEqual({ alerts: 12, incidents: 12, deadLetters: 1 });
    const before = await openSqliteLedger({ path: from, thread: false });
    const after = await openPostgresLedger({ server: schema.address, connect: schema.connect });
    try {
      const all = { limit: 100 };
      expect(await after.incidents(all)).toEqual(await before.incidents(all));
      expect((await after.incidents(all)).incidents.map(({ incident }) => incident.trace)).toContain(trace);
      expect(await after.changes(all)).toEqual(await before.changes(all));
      expect((await after.recordChanges(changes)).map(({ effect }) => effect)).toEqual(["duplicate", "duplicate"]);
      expect(await after.deadLetters(all)).toEqual(await before.deadLetters(all));
      expect((await after.firing(all)).toSorted(byName)).toEqual((await before.firing(all)).toSorted(byName));
      expect(await after.getValue("targets")).toBe("all of them");
      const { nowMs: _, due: __, ...stats } = await after.stats();
      expect(stats).toMatchObject({
        alerts: (await before.stats()).alerts,
        deadLetters: (await before.stats()).deadLetters,
      });
      const [view] = (await after.incidents({ limit: 1, fingerprint: "a5" })).incidents;
      const id = view?.incident.id ?? 0;
      expect((await after.incident(id))?.history).toEqual((await before.incident(id))?.history);

      const more = await after.leaseDue({ ...request, max: 100 });
      const told = more.leases.map(({ action, dedupKey }) => `${action} ${dedupKey}`).toSorted();
      expect(told).toEqual(["resolve a3", "trigger a10", "trigger a11", "trigger a8", "trigger a9"]);
      expect(Math.min(...more.leases.map(({ token }) => token))).toBeGreaterThan(
        Math.max(...leases.map(({ token }) => token)),
      );
      await after.record([wanted(firing("new"))]);
      await before[Symbol.asyncDispose]();
      await expect(copyLedger({ from, to: schema.address })).rejects.toThrow("it holds a ledger already");
    } finally {
      await after[Symbol.asyncDispose]();
    }
  });
}
