import { LedgerUnavailable } from "@tocsin/core/decisions";
import { describe, expect, test } from "vitest";
import { BatchFault, BatchQueue, type BatchQueueOptions, maxBatchSize } from "./batch-queue.ts";

type Run = BatchQueueOptions<string>["run"];

/** Answers each call with its name in capitals, and notes the batches. */
function recorder(ready?: () => Promise<void>) {
  const batches: (readonly string[])[] = [];
  const upper: Run = async (calls) => {
    batches.push(calls);
    return calls.map((call) => call.toUpperCase());
  };
  return { batches, upper, queue: new BatchQueue<string>({ run: upper, ...(ready && { ready }) }) };
}

/** Undone as a whole if a call is named "bug"; alone, that call gets the error. */
const withBug = (run: Run): Run => {
  const error = new TypeError("bug");
  return async (calls) => {
    if (!calls.includes("bug")) return run(calls);
    return calls.length === 1 ? [error] : new BatchFault(calls, error);
  };
};

const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `c${n}`);

describe("a batch", () => {
  test("takes all calls of one tick and answers each, in order", async () => {
    const { queue, batches } = recorder();
    expect(await Promise.all([queue.ask("a"), queue.ask("b"), queue.ask("c")])).toEqual(["A", "B", "C"]);
    expect(batches).toEqual([["a", "b", "c"]]);
  });

  test("takes the calls that arrived while the one before it ran", async () => {
    const { upper, batches } = recorder();
    const gate = Promise.withResolvers<void>();
    const queue = new BatchQueue<string>({
      async run(calls) {
        const result = await upper(calls);
        if (calls.includes("a")) await gate.promise;
        return result;
      },
    });
    const first = queue.ask("a");
    await Promise.resolve();
    const later = [queue.ask("b"), queue.ask("c")];
    gate.resolve();
    expect(await Promise.all([first, ...later])).toEqual(["A", "B", "C"]);
    expect(batches).toEqual([["a"], ["b", "c"]]);
  });

  test("has at most 512 calls", async () => {
    const { queue, batches } = recorder();
    const calls = names(2 * maxBatchSize + 1);
    expect(await Promise.all(calls.map((call) => queue.ask(call)))).toEqual(calls.map((call) => call.toUpperCase()));
    expect(batches.map(({ length }) => length)).toEqual([512, 512, 1]);
  });

  test("takes the calls that arrive until the ledger is ready", async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let turn = 0;
    const { queue, batches } = recorder(async () => gates[turn++]?.promise);
    const early = queue.ask("a");
    await Promise.resolve();
    const late = queue.ask("b");
    gates[0]?.resolve();
    expect(await Promise.all([early, late])).toEqual(["A", "B"]);
    expect(batches).toEqual([["a", "b"]]);
  });
});

describe("a call fails", () => {
  test("alone if only its own result is an error", async () => {
    const refused = new LedgerUnavailable("too late");
    const queue = new BatchQueue<string>({ run: async () => ["A", refused, "C"] });
    expect(await Promise.allSettled([queue.ask("a"), queue.ask("b"), queue.ask("c")])).toMatchObject([
      { value: "A" },
      { reason: refused },
      { value: "C" },
    ]);
  });

  test("alone if it threw and the batch was undone: every call then runs in a batch of its own", async () => {
    const { upper, batches } = recorder();
    const queue = new BatchQueue<string>({ run: withBug(upper) });
    const answers = await Promise.allSettled(["a", "bug", "b"].map((call) => queue.ask(call)));
    expect(answers).toMatchObject([{ value: "A" }, { reason: { name: "TypeError" } }, { value: "B" }]);
    expect(batches).toEqual([["a"], ["b"]]);
  });

  test("with its batch if the ledger was unavailable, and the queue goes on", async () => {
    const { upper } = recorder();
    let isUp = false;
    const queue = new BatchQueue<string>({
      run: async (calls) => {
        if (!isUp) throw new LedgerUnavailable("down");
        return upper(calls);
      },
    });
    const failed = ["a", "b"].map((call) => expect(queue.ask(call)).rejects.toThrow("down"));
    await Promise.all(failed);
    isUp = true;
    expect(await queue.ask("c")).toBe("C");
  });

  test("alone if the ledger was unavailable for it after its batch was undone", async () => {
    const { upper } = recorder();
    const queue = new BatchQueue<string>({
      run: withBug(async (calls) => {
        if (calls.includes("b")) throw new LedgerUnavailable("down");
        return upper(calls);
      }),
    });
    const answers = await Promise.allSettled(["a", "bug", "b", "c"].map((call) => queue.ask(call)));
    expect(answers).toMatchObject([
      { value: "A" },
      { reason: { name: "TypeError" } },
      { reason: { message: "down" } },
      { value: "C" },
    ]);
  });

  test("if the ledger does not get ready, with all that arrived until then", async () => {
    let fails = true;
    const { queue, batches } = recorder(async () => {
      if (fails) throw new LedgerUnavailable("no lock");
    });
    await Promise.all(["a", "b"].map((call) => expect(queue.ask(call)).rejects.toThrow("no lock")));
    fails = false;
    expect(await queue.ask("c")).toBe("C");
    expect(batches).toEqual([["c"]]);
  });

  test("after the time that it was given, although it may still run", async () => {
    const { upper, batches } = recorder();
    const gate = Promise.withResolvers<void>();
    const queue = new BatchQueue<string>({
      async run(calls) {
        await gate.promise;
        return upper(calls);
      },
    });
    const patient = queue.ask("a");
    const late = queue.ask("b", 1);
    await expect(late).rejects.toThrow("the ledger does not answer");
    await expect(late).rejects.toBeInstanceOf(LedgerUnavailable);
    gate.resolve();
    expect(await patient).toBe("A");
    expect(batches).toEqual([["a", "b"]]);
  });
});

test("a closed queue finishes earlier calls, then resolves, and refuses later ones", async () => {
  const gate = Promise.withResolvers<void>();
  const events: string[] = [];
  const queue = new BatchQueue<string>({
    async run(calls) {
      await gate.promise;
      return calls;
    },
  });
  const calls = names(maxBatchSize + 1);
  const earlier = calls.map(async (call) => events.push(String(await queue.ask(call))));
  const closed = queue.close().then(() => events.push("closed"));
  await expect(queue.ask("late")).rejects.toThrow("the ledger is closed");
  gate.resolve();
  await Promise.all([closed, ...earlier]);
  expect(events).toEqual([...calls, "closed"]);
});
