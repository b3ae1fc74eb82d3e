import { type IncidentView, type Ledger, LedgerUnavailable } from "@tocsin/core";
import { memoryLedger } from "@tocsin/engine";
import { firing, resolved, targetTerms, VirtualClock, wanted } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { IncidentStream } from "./incident-stream.ts";

const all = (): boolean => true;

/** A stream over a ledger in memory, and the failures to inject there. */
async function stage() {
  const clock = new VirtualClock();
  const ledger = memoryLedger({ clock });
  await ledger.useTargets([targetTerms("one"), targetTerms("two")]);
  const failures: Error[] = [];
  const errors: unknown[] = [];
  let [watches, looks] = [0, 0];
  const watched: Pick<Ledger, "watch" | "incidentsOf"> = {
    watch(changed) {
      watches++;
      const end = ledger.watch(changed);
      return () => {
        watches--;
        end();
      };
    },
    async incidentsOf(ids) {
      looks++;
      const [failure] = failures.splice(0, 1);
      if (failure) throw failure;
      return ledger.incidentsOf(ids);
    },
  };
  const stream = new IncidentStream({
    ledger: watched,
    clock,
    log: { error: (fields: unknown) => void errors.push(fields) },
    body: ({ incident, state }) => ({ key: incident.dedupKey, state }),
  });
  const say = (claim: Parameters<typeof wanted>[0], target = "one") => ledger.record([wanted(claim, { at: [target] })]);
  /** Returns a listener that has received the beginning of the stream. */
  const listener = async (concerns: (view: IncidentView) => boolean = all, lastEventId?: string) => {
    const heard: string[] = [];
    const ended: true[] = [];
    const leave = stream.join(
      { concerns, send: (text) => void heard.push(...text.split(/(?<=\n\n)/)), end: () => void ended.push(true) },
      lastEventId,
    );
    await clock.advance(0);
    return { heard, ended, leave, events: () => heard.map(eventIn).filter((event) => event !== undefined) };
  };
  return {
    clock,
    ledger,
    stream,
    failures,
    errors,
    watches: () => watches,
    looks: () => looks,
    fires: (name: string, target?: string) => say(firing(name), target),
    ends: (name: string, target?: string) => say(resolved(name), target),
    listener,
  };
}

/** Formats an event as `reset`, or `name state`; undefined: no event. */
function eventIn(text: string): string | undefined {
  const [, event, data] = /^id: \w+-\d+\nevent: (\w+)\ndata: (.*)\n\n$/.exec(text) ?? [];
  if (event !== "incident") return event;
  const { key, state } = JSON.parse(data ?? "") as { key: string; state: string };
  return `${key} ${state}`;
}

const idOf = (text = ""): string => /^id: (\S+)$/m.exec(text)?.[1] ?? "";

describe("a stream", () => {
  test("starts with the reconnection time and a reset, and sends each change with the newest state", async () => {
    const { clock, fires, ends, listener } = await stage();
    const { heard, events } = await listener();
    expect(heard[0]).toBe("retry: 2000\n\n");
    expect(events()).toEqual(["reset"]);
    await clock.advance(1_000);
    await fires("a");
    await clock.advance(0);
    expect(events()).toEqual(["reset", "a due"]);
    await ends("a");
    await clock.advance(1_000);
    expect(events()).toEqual(["reset", "a due", "a not_told"]);
    expect(heard.filter((text) => text.startsWith("retry"))).toHaveLength(1);
  });

  test("reads changes at most once per 250 ms: several changes of one incident in between are one event", async () => {
    const { clock, looks, fires, ends, listener, ledger } = await stage();
    const { events } = await listener();
    await clock.advance(1_000);
    await fires("a");
    await clock.advance(0);
    await fires("b");
    await ledger.acknowledge(1, "ann");
    await ends("a");
    await clock.advance(249);
    expect([events(), looks()]).toEqual([["reset", "a due"], 1]);
    await clock.advance(1);
    expect([events().slice(2).toSorted(), looks()]).toEqual([["a not_told", "b due"], 2]);
  });

  test("sends a reset if more than 200 incidents changed at once, and reads again 2 s later", async () => {
    const { clock, looks, ledger, fires, listener } = await stage();
    const { events } = await listener();
    await clock.advance(1_000);
    const storm = (from: number, count: number) =>
      ledger.record(Array.from({ length: count }, (_, n) => wanted(firing(`s${from + n}`), { at: ["one"] })));
    await storm(0, 200);
    await clock.advance(250);
    expect(events()).toHaveLength(201);
    await storm(200, 201);
    await clock.advance(0);
    expect([events().slice(201), looks()]).toEqual([["reset"], 1]);
    await fires("a");
    await clock.advance(1_999);
    expect(events()).toHaveLength(202);
    await clock.advance(1);
    expect(events().slice(202)).toEqual(["a due"]);
  });

  test("sends only the incidents that the listener selected", async () => {
    const { clock, fires, listener } = await stage();
    const { events } = await listener(({ incident }) => incident.target === "two");
    await clock.advance(1_000);
    await fires("a", "one");
    await fires("b", "two");
    await clock.advance(250);
    expect(events()).toEqual(["reset", "b due"]);
  });

  test("sends a comment every 15 s as a keep-alive", async () => {
    const { clock, listener } = await stage();
    const { heard } = await listener();
    await clock.advance(45_000);
    expect(heard.slice(2)).toEqual([":\n\n", ":\n\n", ":\n\n"]);
  });

  test("continues after the last event of a reconnecting client, and resets if that event is unknown", async () => {
    const { clock, fires, listener } = await stage();
    const first = await listener();
    await clock.advance(1_000);
    await fires("a");
    await clock.advance(1_000);
    const id = idOf(first.heard.at(-1));
    first.leave();
    await fires("b", "one");
    await clock.advance(250);
    await fires("c", "two");
    await clock.advance(250);
    expect((await listener(all, id)).events()).toEqual(["b due", "c due"]);
    expect((await listener(({ incident }) => incident.target === "two", id)).events()).toEqual(["c due"]);
    for (const unknown of ["", "x", `${"0".repeat(12)}-2`, `${id}9`, id.replace(/-.*/, "-"), id.replace(/-.*/, "-x")])
      expect([unknown, (await listener(all, unknown)).events()]).toEqual([unknown, ["reset"]]);
    const fresh = await listener();
    expect((await listener(all, idOf(fresh.heard.at(-1)))).events()).toEqual([]);
  });

  test("resets a client that reconnects after more events than are kept", async () => {
    const { clock, fires, listener } = await stage();
    const { heard } = await listener();
    await clock.advance(1_000);
    const id = idOf(heard.at(-1));
    for (let n = 0; n < 1_001; n++) {
      await fires(`a${n}`);
      await clock.advance(250);
    }
    expect((await listener(all, id)).events()).toEqual(["reset"]);
    const second = idOf(heard.findLast((text) => text.includes('"a0"')));
    expect((await listener(all, second)).events()).toHaveLength(1_000);
  });

  test("watches the ledger while there are listeners, and 30 s longer", async () => {
    const { clock, watches, fires, listener } = await stage();
    expect(watches()).toBe(0);
    const first = await listener();
    const second = await listener();
    await clock.advance(1_000);
    const id = idOf(second.heard.at(-1));
    first.leave();
    await clock.advance(60_000);
    second.leave();
    second.leave();
    await clock.advance(29_999);
    expect(watches()).toBe(1);
    const third = await listener(all, id);
    expect(third.events()).toEqual([]);
    third.leave();
    await clock.advance(30_000);
    expect([watches(), clock.nextAtMs()]).toEqual([0, null]);
    await fires("a");
    expect((await listener(all, id)).events()).toEqual(["reset"]);
  });

  test("tries again while the ledger is unavailable, and loses no event", async () => {
    const { clock, failures, errors, fires, listener } = await stage();
    const { events } = await listener();
    await clock.advance(1_000);
    failures.push(new LedgerUnavailable("away"));
    await fires("a");
    await clock.advance(1_000);
    await fires("b");
    expect(events()).toEqual(["reset"]);
    await clock.advance(1_000);
    expect([events().toSorted(), errors]).toEqual([["a due", "b due", "reset"], []]);
  });

  test("resets after a bug, and logs it", async () => {
    const { clock, failures, errors, fires, listener } = await stage();
    const { events } = await listener();
    await clock.advance(1_000);
    failures.push(new TypeError("a bug"));
    await fires("a");
    await clock.advance(2_000);
    expect([events(), errors]).toEqual([
      ["reset", "reset"],
      [{ event: "stream_bug", err: expect.any(TypeError), reason: "bug" }],
    ]);
  });

  test("accepts 100 listeners, and another one when one has left", async () => {
    const { stream, listener } = await stage();
    const listeners = [];
    for (let n = 0; n < 100; n++) {
      expect(stream.refusal).toBeUndefined();
      listeners.push(await listener());
    }
    expect(stream.refusal).toBe("100 streams are open, which is the limit");
    listeners[50]?.leave();
    expect(stream.refusal).toBeUndefined();
  });

  test("ends on request, and a client that reconnects misses no event", async () => {
    const { clock, stream, fires, listener } = await stage();
    const { heard, ended, leave } = await listener();
    await clock.advance(1_000);
    const id = idOf(heard.at(-1));
    stream.end();
    leave();
    await fires("a");
    await clock.advance(1_000);
    expect([ended, heard.length]).toEqual([[true], 2]);
    expect((await listener(all, id)).events()).toEqual(["a due"]);
  });

  test("ends when the service stops, and leaves nothing behind", async () => {
    const { clock, stream, watches, fires, listener } = await stage();
    const { ended, heard, leave } = await listener();
    await fires("a");
    stream.stop();
    leave();
    const said = heard.length;
    await fires("b");
    await clock.advance(60_000);
    expect([ended, heard.length - said, watches(), clock.nextAtMs()]).toEqual([[true], 0, 0, null]);
    expect(stream.refusal).toBe("the service is stopping");
  });
});
