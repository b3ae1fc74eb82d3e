import type { Ledger } from "@tocsin/core/decisions";
import { firing, targetTerms, VirtualClock, wanted, ChangeCollector } from "@tocsin/test";
import { expect, test, vi } from "vitest";
import { decodeChangedIds, encodeChangedIds } from "./changed-ids.ts";
import { connect } from "./connect.ts";
import { openPostgresLedger, type OpenPostgresOptions } from "./ledger.ts";
import { testServers } from "./server.fixture.ts";

// A server that no other test uses, since notifications and sessions belong to the whole database.
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

test("a watcher's lost connection is opened again, and the changes missed meanwhile are unknown", async () => {
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

test("changes are unknown if the other replicas did not know of the watcher", async () => {
  await using empty = await server.empty();
  const clock = new VirtualClock();
  await using ledger = await ledgerAt({ server: empty.schema.address, clock });
  using watch = await ChangeCollector.begin(ledger);
  await vi.waitFor(() => expect(clock.nextAtMs()).not.toBeNull());
  // The process was paused for longer than the others notify after a request.
  clock.jump(10 * minute);
  await fires(ledger, "a");
  await clock.advance(minute / 3);
  expect(await watch.next()).toBe("unknown");
  expect([await fires(ledger, "b")]).toEqual(await watch.next());
});

test("a watcher renews its request for notifications in time", async () => {
  await using empty = await server.empty();
  const clock = new VirtualClock();
  await using ledger = await ledgerAt({ server: empty.schema.address, clock });
  using watch = await ChangeCollector.begin(ledger);
  await vi.waitFor(() => expect(clock.nextAtMs()).not.toBeNull());
  for (let third = 0; third < 6; third++) {
    await clock.advance(minute / 3);
    // The next request is scheduled after this one was made.
    await vi.waitFor(() => expect(clock.nextAtMs()).not.toBeNull(), { timeout: 10_000 });
  }
  expect([await fires(ledger, "a")]).toEqual(await watch.next());
});

test("a worker's connection also listens to changes, and only to due work after the last watcher is gone", async () => {
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

test("a ledger that is closed while it opens the connection does not listen", async () => {
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

test("no changes are notified without watchers", async () => {
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
])("the changed incidents %j are encoded as %s", (incidents, text) => {
  expect(encodeChangedIds(incidents)).toBe(text);
  expect(decodeChangedIds(text)).toEqual(incidents);
});

test("too many changed incidents are encoded as unknown", () => {
  const fits = Array.from({ length: 1_000 }, (_, n) => 1_000_000 + n);
  expect(encodeChangedIds(fits).length).toBe(7_999);
  expect(decodeChangedIds(encodeChangedIds(fits))).toEqual(fits);
  expect(decodeChangedIds(encodeChangedIds([...fits, 1]))).toBe("unknown");
});
