import { VirtualClock } from "@tocsin/test";
import { expect, test } from "vitest";
import type { Callback } from "./callback.ts";
import { CallbackReceiver } from "./callback-receiver.ts";
import { WaitingEvents } from "./waiting-events.fixture.ts";

/** A receiver of callbacks. Its targets are in the namespace `shop`, and PagerDuty refuses the token of `failing`. */
async function scene(callbacks: readonly Partial<Callback>[], failing: readonly string[] = []) {
  const clock = new VirtualClock();
  const ledger = new WaitingEvents(clock);
  const tokens = new Set(["shop/pager", "shop/backup"]);
  const client = (name: string) => ({
    incidentAlertKeys: async () =>
      failing.includes(name)
        ? { ok: false, failure: { reason: "auth", detail: `${name} refuses the token` } }
        : { ok: true, value: [] },
  });
  const receiver = new CallbackReceiver({
    ledger: ledger as never,
    clock,
    log: { warn: () => {}, error: () => {} } as never,
    metrics: { callbackReceived: () => {} },
    readiness: { stopping: false },
    targets: {
      find: (name) => ({ name: name.includes("/") ? name : `shop/${name}`, target: { type: "pagerduty" } }) as never,
      restClientOf: (name) => (tokens.has(name) ? (client(name) as never) : undefined),
    },
    wake: () => {},
  });
  const used = callbacks.map((one) => ({ name: "pd", type: "pagerduty", secrets: [], onResolve: "reopen", ...one }));
  await receiver.use(used as never);
  return { clock, ledger, receiver, tokens };
}

const waiting = (id: string, targets: string[]) =>
  ({
    id,
    callback: "pd",
    targets,
    kind: "resolved",
    dedupKeys: [],
    receiverIncident: "P1",
    own: false,
    atMs: 0,
  }) as const;

test("shows that look-ups fail at a target that is written without its namespace", async () => {
  const { clock, ledger, receiver, tokens } = await scene([{ targets: ["pager"] }], ["shop/pager"]);
  ledger.add({ ...waiting("1", ["shop/pager"]), atMs: clock.now(), onResolve: "reopen", lookUp: true });
  await receiver.start();
  await clock.advance(0);
  expect(receiver.failing).toEqual([
    { callback: "pd", sinceMs: expect.any(Number), error: expect.stringContaining("shop/pager refuses the token") },
  ]);
  tokens.delete("shop/pager");
  expect(receiver.failing).toEqual([]);
});

test("shows each callback once, with the target that has failed longest", async () => {
  const targets = ["shop/pager", "shop/backup"];
  const { clock, ledger, receiver } = await scene([{ targets }], targets);
  ledger.add({ ...waiting("1", targets), atMs: clock.now(), onResolve: "reopen", lookUp: true });
  await receiver.start();
  await clock.advance(0);
  expect(receiver.failing.map(({ error }) => error)).toEqual([expect.stringContaining("shop/pager refuses")]);
});

test("messages have buttons if a callback of Slack names their target, with or without its namespace", async () => {
  const { receiver } = await scene([{ type: "slack", targets: ["chat"] }, { targets: ["pager"] }]);
  expect(["shop/chat", "shop/pager", "ops/chat"].map((name) => receiver.hasButtonsAt(name))).toEqual([
    true,
    false,
    false,
  ]);
});
