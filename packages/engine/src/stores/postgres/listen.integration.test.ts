import type { Ledger } from "@tocsin/core/decisions";
import { firing, targetTerms, VirtualClock, wanted, ChangeCollector } from "@tocsin/test";
import { expect, test, vi } from "vitest";
import { decodeChangedIds, encodeChangedIds } from "./changed-ids.ts";
import { connect } from "./connect.ts";
import { openPostgresLedger, type OpenPostgresOptions } from "./ledger.ts";
import { testServers } from "./server.fixture.ts";

// One that no other test uses: notices and sessions are of the whole database.
const [server] = testServers(undefined);
if (!server) throw new Error("there is a server");

const minute = 60_000;

async function ledgerAt(options: OpenPostgresOptions): Promise<Ledger> {
  const ledger = await openPostgresLedger(options);
  await ledger.useTargets([targetTerms("pagerduty")]);
  return ledger;
}

async function fires(ledger: Ledger, name: string): Promise<number> {
  await ledger.record([wanted(firing(name))]);
  const [view] = (await ledger.incidents({ fingerprint: name, limit: 1 })).incidents;
  return view?.incident.id ?? 0;
}

test("a connection that is lost while somebody watches is made again, and what was said meanwhile is unknown", async () => {
  await using empty = await server.empty();
  const { schema } = empty;
  await using ledger = await ledgerAt({ server: schema.address });
  using watch = await ChangeCollector.begin(ledger);
  const ended = await schema.rows(
    "SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity WHERE query = 'LISTEN tocsin_changed'",
  );
  expect(ended).toEqual([{ ended: true }]);
  await fires(ledger, "a");
  expect(await watch.next()).toBe("unknown");
  expect([await fires(ledger, "b")]).toEqual(await watch.next());
});

test("what the other replicas did not know to be watched is unknown", async () => {
  await using empty = await server.empty();
  const clock = new VirtualClock();
  await using ledger = await ledgerAt({ server: empty.schema.address, clock });
  using watch = await ChangeCollector.begin(ledger);
  await vi.waitFor(() => expect(clock.nextAtMs()).not.toBeNull());
  // It stood still for longer than they speak for: nobody asked them to go on.
  clock.jump(10 * minute);
  await fires(ledger, "a");
  await clock.advance(minute / 3);
  expect(await watch.next()).toBe("unknown");
  expect([await fires(ledger, "b")]).toEqual(await watch.next());
});

test("who watches for long goes on to be told", async () => {
  await using empty = await server.empty();
  const clock = new VirtualClock();
  await using ledger = await ledgerAt({ server: empty.schema.address, clock });
  using watch = await ChangeCollector.begin(ledger);
  await vi.waitFor(() => expect(clock.nextAtMs()).not.toBeNull());
  for (let third = 0; third < 6; third++) {
    await clock.advance(minute / 3);
    // Once they were asked to go on, the next time to ask is set.
    await vi.waitFor(() => expect(clock.nextAtMs()).not.toBeNull(), { timeout: 10_000 });
  }
  expect([await fires(ledger, "a")]).toEqual(await watch.next());
});

test("who works there too listens on one connection to both, and to what is due alone once nobody watches", async () => {
  await using empty = await server.empty();
  const { schema } = empty;
  let woken = 0;
  await using ledger = await ledgerAt({ server: schema.address, wake: () => woken++ });
  const listening = () => schema.rows("SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN tocsin_%'");
  await vi.waitFor(() => expect(woken).toBe(1));
  const watch = await ChangeCollector.begin(ledger);
  expect(await listening()).toHaveLength(1);
  await fires(ledger, "a");
  expect(await watch.next()).toHaveLength(1);
  watch[Symbol.dispose]();
  await vi.waitFor(async () => expect(await listening()).toHaveLength(0), { timeout: 10_000 });
  await schema.run("NOTIFY tocsin_due");
  await vi.waitFor(() => expect(woken).toBe(2), { timeout: 10_000 });
});

test("a ledger that is closed while it begins to listen listens no more", async () => {
  await using empty = await server.empty();
  const clock = new VirtualClock();
  let woken = 0;
  const ledger = await openPostgresLedger({ server: empty.schema.address, clock, wake: () => woken++ });
  await vi.waitFor(() => expect(woken).toBe(1));
  using _ = new ChangeCollector(ledger);
  await ledger[Symbol.asyncDispose]();
  await clock.advance(60_000);
  expect(clock.nextAtMs()).toBeNull();
});

test("nothing is said where nobody watches", async () => {
  await using empty = await server.empty();
  const { schema } = empty;
  await using ledger = await ledgerAt({ server: schema.address });
  const session = await connect(schema.address);
  const said: unknown[] = [];
  const over = new Promise<void>((resolve) =>
    session.client.on("notification", ({ channel, payload }) => {
      said.push(payload);
      if (channel === "over") resolve();
    }),
  );
  await session.run([{ sql: "LISTEN tocsin_changed; LISTEN over" }], 1_000);
  await fires(ledger, "a");
  await schema.run("NOTIFY over, 'over'");
  await over;
  expect(said).toEqual(["over"]);
  await session.end();
});

test.each([
  [[7], "7"],
  [[1, 20, 300], "1,20,300"],
])("a notice carries %j as %s", (incidents, text) => {
  expect(encodeChangedIds(incidents)).toBe(text);
  expect(decodeChangedIds(text)).toEqual(incidents);
});

test("a notice that would be too long says that anything may have changed", () => {
  const fits = Array.from({ length: 1_000 }, (_, n) => 1_000_000 + n);
  expect(encodeChangedIds(fits).length).toBe(7_999);
  expect(decodeChangedIds(encodeChangedIds(fits))).toEqual(fits);
  expect(decodeChangedIds(encodeChangedIds([...fits, 1]))).toBe("unknown");
});
