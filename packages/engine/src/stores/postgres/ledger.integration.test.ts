import type { Claim } from "@tocsin/core/decisions";
import { firing, ledgerContract, type LedgerOptions, targetTerms, wanted } from "@tocsin/test";
import { expect, test } from "vitest";
import { connect } from "./connect.ts";
import { openPostgresLedger } from "./ledger.ts";
import type { Row } from "./rows.ts";
import { type TestSchema, testServers } from "./server.fixture.ts";
import type { Session, Step } from "./session.ts";

const openAt = (schema: TestSchema, options: LedgerOptions) =>
  openPostgresLedger({ ...options, server: schema.address, connect: schema.connect });

for (const server of testServers(process.env["DATABASE_URL"]))
  ledgerContract(server.name, {
    virtualTime: true,
    shared: true,
    async open(options) {
      const { schema, [Symbol.asyncDispose]: leave } = await server.empty();
      const ledger = await openAt(schema, options);
      const close = ledger[Symbol.asyncDispose];
      return Object.assign(ledger, {
        async [Symbol.asyncDispose]() {
          await close();
          await leave();
        },
      });
    },
    async durable() {
      const { schema, [Symbol.asyncDispose]: leave } = await server.empty();
      return { open: (options) => openAt(schema, options), [Symbol.asyncDispose]: leave };
    },
  });

const [server] = testServers(process.env["DATABASE_URL"]);

const lock = "SELECT pg_advisory_xact_lock(hashtext('tocsin ledger'), 'ledger'::regclass::oid::int)";

/** Another session takes the ledger's lock, and keeps it until the returned function is called. */
async function holdLock(schema: TestSchema): Promise<() => Promise<void>> {
  const holder = await schema.connect();
  await holder.run([{ sql: "BEGIN" }, { sql: lock }], 1_000);
  return async () => {
    await holder.run([{ sql: "COMMIT" }], 1_000);
    await holder.end();
  };
}

/** Waits until the ledger has waited for the lock long enough to notice that another session has it. */
async function untilLedgerWaitsLong(schema: TestSchema): Promise<void> {
  for (let seenAtMs = Number.POSITIVE_INFINITY; performance.now() - seenAtMs < 10 || seenAtMs > performance.now();) {
    const [row] = await schema.rows(
      "SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted",
    );
    if (row?.["n"] === 1) seenAtMs = Math.min(seenAtMs, performance.now());
  }
}

const transactions = async (schema: TestSchema): Promise<number> =>
  Number((await schema.rows("SELECT seq FROM ledger"))[0]?.["seq"]);

test("a claim whose sender stopped waiting is not recorded later", async () => {
  if (!server) throw new Error("there is a server");
  await using empty = await server.empty();
  const { schema } = empty;
  await using ledger = await openPostgresLedger({ server: schema.address, intakeMs: 100 });
  const release = await holdLock(schema);
  await expect(ledger.record([wanted(firing("a"))])).rejects.toThrow("the ledger does not answer");
  await release();
  await ledger.probe();
  expect(await ledger.firing({ limit: 9 })).toEqual([]);
});

test("operations that arrive while another replica has the lock share one transaction", async () => {
  if (!server) throw new Error("there is a server");
  await using empty = await server.empty();
  const { schema } = empty;
  await using ledger = await openPostgresLedger({ server: schema.address });
  const say = (name: string) => ledger.record([wanted(firing(name))]);
  const recordWhileOthersWrite = async (names: readonly string[]): Promise<number> => {
    const before = await transactions(schema);
    const release = await holdLock(schema);
    const [first, ...others] = names;
    const said = [say(first ?? "")];
    await untilLedgerWaitsLong(schema);
    said.push(...others.map(say));
    await release();
    expect((await Promise.all(said)).flat()).toEqual(names.map(() => expect.objectContaining({ effect: "accepted" })));
    return (await transactions(schema)) - before;
  };
  await recordWhileOthersWrite(["a"]);
  expect(await recordWhileOthersWrite(["b", "c", "d"])).toBe(1);
  expect(await recordWhileOthersWrite(["e", "f"])).toBe(1);
  // No other session has had the lock since then. On a busy machine the lock may still come late, which counts as contention.
  for (let n = 0, tookMs = Number.POSITIVE_INFINITY; tookMs > 4; n++) {
    const beganMs = performance.now();
    await say(`g${n}`);
    tookMs = performance.now() - beganMs;
  }
  expect(await recordWhileOthersWrite(["h", "i"])).toBe(2);
});

test("a lock timeout fails all operations that waited, and later ones succeed", async () => {
  if (!server) throw new Error("there is a server");
  await using empty = await server.empty();
  const { schema } = empty;
  const impatient = async () => {
    const session = await connect(schema.address);
    await session.run([{ sql: "SET lock_timeout = 150" }], 1_000);
    return session;
  };
  await using ledger = await openPostgresLedger({ server: schema.address, connect: impatient });
  const say = (name: string) => ledger.record([wanted(firing(name))]);
  for (const first of ["a", "c"]) {
    const release = await holdLock(schema);
    const failed = ["", "2"].map((again) => expect(say(first + again)).rejects.toThrow("lock timeout"));
    await Promise.all(failed);
    await release();
    await expect(say(`${first}3`)).resolves.toMatchObject([{ effect: "accepted" }]);
  }
  expect((await ledger.firing({ limit: 9 })).map(({ fingerprint }) => fingerprint)).toEqual(["a3", "c3"]);
});

test("rows that this connection wrote last are not sent back; rows that others changed are, and all rows on a new connection", async () => {
  if (!server) throw new Error("there is a server");
  await using empty = await server.empty();
  const { schema } = empty;
  const sessions: Session[] = [];
  const sent: (readonly [id: unknown, facts: boolean])[] = [];
  const spied = (steps: readonly Step[]) =>
    steps.map((step) => ({
      ...step,
      take(rows: readonly Row[]) {
        // For several statements in one text, the result is a list of answers, which no step takes.
        if (!step.take) return;
        for (const row of rows) if ("own" in row && !("a_own" in row)) sent.push([row["own"], row["facts"] !== null]);
        step.take(rows);
      },
    }));
  const spiedOn = async () => {
    const session = await connect(schema.address);
    const run = session.run.bind(session);
    sessions.push(Object.assign(session, { run: (steps: readonly Step[], ms: number) => run(spied(steps), ms) }));
    return session;
  };
  await using ledger = await openPostgresLedger({ server: schema.address, connect: spiedOn });
  const [writer] = sessions;
  await ledger.useTargets([targetTerms("pagerduty")]);
  const said = async (claim: Claim) => {
    sent.length = 0;
    await ledger.record([wanted(claim)]);
    return sent.map(([, facts]) => facts);
  };
  expect(await said(firing("a"))).toEqual([]);
  expect(await said(firing("a"))).toEqual([false, false]);
  await schema.run("UPDATE incidents SET severity = severity");
  expect(await said(firing("a"))).toEqual([false, true]);
  await schema.run("UPDATE alerts SET status = status");
  expect(await said(firing("a"))).toEqual([true, false]);
  await ledger.acknowledge(Number(sent.at(-1)?.[0]), "somebody");
  expect(await said(firing("a"))).toEqual([false, false]);
  writer?.close(new Error("cut"));
  expect(await said(firing("a"))).toEqual([true, true]);
});
