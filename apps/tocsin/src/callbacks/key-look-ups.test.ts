import { LedgerUnavailable, type ReceiverEvent } from "@tocsin/core";
import { VirtualClock } from "@tocsin/test";
import { expect, test } from "vitest";
import { type KeyClient, KeyLookUps } from "./key-look-ups.ts";
import { WaitingEvents } from "./waiting-events.fixture.ts";

type Found = Awaited<ReturnType<KeyClient["incidentAlertKeys"]>>;
type Failure = Extract<Found, { readonly ok: false }>["failure"];

const minute = 60_000;
const hour = 60 * minute;

const failed = (reason: Failure["reason"], retryAfterMs?: number): Found => ({
  ok: false,
  failure: { reason, detail: `it says ${reason}`, ...(retryAfterMs !== undefined && { retryAfterMs }) },
});
const keys = (...value: string[]): Found => ({ ok: true, value });

/** Look-ups over a virtual clock, with receivers that answer what a test says. */
function scene(answers: Readonly<Record<string, (id: string) => Found>>) {
  const clock = new VirtualClock();
  const ledger = new WaitingEvents(clock, ["ours"]);
  /** Each request: its target, the incident, and the time since the start, ms. */
  const asked: [target: string, incident: string, afterMs: number][] = [];
  const effects: string[] = [];
  const logged: string[] = [];
  const startMs = clock.now();
  const note = ({ event }: { readonly event: string }) => void logged.push(event);
  const lookUps = new KeyLookUps({
    ledger,
    clock,
    log: { warn: note, error: note },
    clientsOf: (targets) =>
      targets.flatMap((target) => {
        const answer = answers[target];
        if (answer === undefined) return [];
        return [
          {
            target,
            async incidentAlertKeys(id) {
              asked.push([target, id, clock.now() - startMs]);
              return answer(id);
            },
          },
        ];
      }),
    applied: (callback, effect) => effects.push(`${callback} ${effect}`),
  });
  const event = (id: string, more: Partial<ReceiverEvent> = {}): ReceiverEvent => ({
    id,
    callback: "pd",
    targets: ["pager"],
    kind: "resolved",
    dedupKeys: [],
    receiverIncident: `P${id}`,
    own: false,
    atMs: startMs,
    onResolve: "reopen",
    lookUp: true,
    ...more,
  });
  return { clock, ledger, lookUps, asked, effects, logged, event };
}

test("applies each waiting event with the keys of its incident", async () => {
  const { clock, ledger, lookUps, asked, effects, event } = scene({ pager: () => keys("other", "ours") });
  ledger.add(...Array.from({ length: 45 }, (_, index) => event(`${index}`)));
  lookUps.wake();
  await clock.advance(0);
  expect(asked).toHaveLength(45);
  expect(ledger.applied.find(([id]) => id === "7")).toEqual(["7", "other", "ours"]);
  expect(effects).toEqual(Array(45).fill("pd applied"));
});

test("asks for an event that arrives while others are looked up", async () => {
  const { clock, ledger, lookUps, effects, event } = scene({ pager: () => keys("ours") });
  ledger.add(event("1"));
  lookUps.wake();
  ledger.add(event("2"));
  lookUps.wake();
  await clock.advance(0);
  expect(effects).toHaveLength(2);
});

test.each(["rate_limited", "server", "network", "timeout", "invalid"] as const)(
  "repeats after %s, and waits longer each time",
  async (reason) => {
    let failures = 4;
    const { clock, ledger, lookUps, asked, effects, event } = scene({
      pager: () => (failures-- > 0 ? failed(reason) : keys("ours")),
    });
    ledger.add(event("1"));
    lookUps.wake();
    await clock.advance(5 * minute);
    expect(asked.map(([, , afterMs]) => afterMs)).toEqual([0, 5_000, 10_000, 20_000, 40_000]);
    expect(effects).toEqual(["pd applied"]);
  },
);

test("waits as long as the receiver's limit says", async () => {
  let isLimited = true;
  const { clock, ledger, lookUps, asked, event } = scene({
    pager: () => (isLimited ? failed("rate_limited", 50_000) : keys()),
  });
  ledger.add(event("1"));
  lookUps.wake();
  await clock.advance(49_999);
  isLimited = false;
  expect(asked).toHaveLength(1);
  await clock.advance(1);
  expect(asked).toHaveLength(2);
});

test("one failure postpones the other events of its target, and no event of another target", async () => {
  const { clock, ledger, lookUps, asked, effects, event } = scene({
    pager: () => failed("rate_limited", minute),
    backup: () => keys("ours"),
  });
  const some = Array.from({ length: 12 }, (_, index) => event(`${index}`));
  ledger.add(...some, event("b", { targets: ["backup"] }));
  lookUps.wake();
  await clock.advance(0);
  // Four are asked at the same time, before the first answer.
  expect(asked.filter(([target]) => target === "pager").length).toBeLessThanOrEqual(4);
  expect(effects).toEqual(["pd applied"]);
  expect(ledger.count).toBe(12);
});

test("an invalid answer about one incident postpones no other event, and is shown", async () => {
  const { clock, ledger, lookUps, effects, logged, event } = scene({
    pager: (id) => (id === "P1" ? failed("invalid") : failed("not_found")),
  });
  ledger.add(event("2"), event("3"), event("4"), event("5"), event("6"), event("1"));
  lookUps.wake();
  await clock.advance(0);
  expect([effects.length, ledger.count]).toEqual([5, 1]);
  expect(logged).toEqual(["callback_look_up_failed"]);
});

test("asks the next target if an account does not know the incident", async () => {
  const { clock, ledger, lookUps, effects, event } = scene({
    pager: () => failed("not_found"),
    backup: () => keys("ours"),
  });
  ledger.add(event("1", { targets: ["pager", "backup"] }));
  lookUps.wake();
  await clock.advance(0);
  expect(effects).toEqual(["pd applied"]);
});

test("an incident that no account knows is not ours", async () => {
  const { clock, ledger, lookUps, effects, event } = scene({ pager: () => failed("not_found") });
  ledger.add(event("1"));
  lookUps.wake();
  await clock.advance(0);
  expect(effects).toEqual(["pd unknown"]);
});

test("a target fails until its own receiver answers, whatever other targets do", async () => {
  let pager = failed("auth");
  const { clock, ledger, lookUps, event } = scene({ pager: () => pager, backup: () => keys("ours") });
  const failing = () => lookUps.failing.map(({ target, sinceMs }) => [target, sinceMs]);
  const startMs = clock.now();
  ledger.add(event("1"));
  lookUps.wake();
  await clock.advance(minute);
  ledger.add(event("2", { targets: ["backup"] }));
  lookUps.wake();
  await clock.advance(10 * minute);
  expect(failing()).toEqual([["pager", startMs]]);
  pager = failed("not_found");
  await clock.advance(10 * minute);
  expect(failing()).toEqual([]);
});

test("gives up after 48 hours, and says so", async () => {
  const { clock, ledger, lookUps, asked, effects, logged, event } = scene({ pager: () => failed("server") });
  ledger.add(event("1"));
  lookUps.wake();
  await clock.advance(47 * hour);
  expect([effects, ledger.count]).toEqual([[], 1]);
  expect(lookUps.failing).toEqual([{ target: "pager", error: "it says server", sinceMs: expect.any(Number) }]);
  await clock.advance(2 * hour);
  expect([effects, ledger.count]).toEqual([["pd unknown"], 0]);
  expect(logged.at(-1)).toBe("callback_event_given_up");
  // At most every ten minutes after the first minutes: about 300 requests.
  expect(asked.length).toBeLessThan(320);
});

test("asks once for an event that arrives 48 hours late", async () => {
  const { clock, ledger, lookUps, effects, event } = scene({ pager: () => keys("ours") });
  ledger.add(event("1", { atMs: clock.now() - 60 * hour }));
  lookUps.wake();
  await clock.advance(0);
  expect(effects).toEqual(["pd applied"]);
});

test("keeps events while the token is missing", async () => {
  const answers: Record<string, () => Found> = {};
  const { clock, ledger, lookUps, effects, event } = scene(answers);
  ledger.add(event("1"));
  lookUps.wake();
  await clock.advance(hour);
  expect(effects).toEqual([]);
  answers["pager"] = () => keys("ours");
  await clock.advance(10 * minute);
  expect(effects).toEqual(["pd applied"]);
});

test("continues when the ledger answers again", async () => {
  const { clock, ledger, lookUps, effects, event } = scene({ pager: () => keys("ours") });
  ledger.add(event("1"));
  ledger.isUnavailable = true;
  lookUps.wake();
  await clock.advance(minute);
  expect(effects).toEqual([]);
  ledger.isUnavailable = false;
  await clock.advance(5_000);
  expect(effects).toEqual(["pd applied"]);
});

test("looks after events that another replica left, every minute", async () => {
  const { clock, ledger, lookUps, effects, event } = scene({ pager: () => keys("ours") });
  lookUps.wake();
  await clock.advance(0);
  ledger.add(event("1"));
  await clock.advance(minute);
  expect(effects).toEqual(["pd applied"]);
});

test("after a failure of the ledger, stops only when the other look-ups of the round have ended", async () => {
  const slow = Promise.withResolvers<void>();
  const { clock, ledger, lookUps, event } = scene({ pager: () => keys("ours") });
  ledger.add(event("slow"), event("1"));
  const applied = ledger.applyReceiverEvent.bind(ledger);
  ledger.applyReceiverEvent = async (callback, id, found) => {
    if (id === "1") throw new LedgerUnavailable("disk full");
    await slow.promise;
    return applied(callback, id, found);
  };
  lookUps.wake();
  await clock.advance(0);
  let isStopped = false;
  const stopping = lookUps.stop().then(() => (isStopped = true));
  await clock.advance(0);
  expect(isStopped).toBe(false);
  slow.resolve();
  await stopping;
});

test("stops, and asks nothing any more", async () => {
  const { clock, ledger, lookUps, asked, event } = scene({ pager: () => failed("server") });
  ledger.add(event("1"));
  lookUps.wake();
  await clock.advance(minute);
  const before = asked.length;
  await lookUps.stop();
  lookUps.wake();
  await clock.advance(hour);
  expect(asked).toHaveLength(before);
});
