import { describe, expect, test } from "vitest";
import { ReplayBuffer } from "./replay-buffer.ts";

function bufferOf(events: readonly [seq: number, text: string][], bounds = { maxEvents: 3, maxLength: 100 }) {
  const buffer = new ReplayBuffer(bounds);
  for (const [seq, text] of events) buffer.add({ seq, text });
  return (seq: number) => buffer.after(seq)?.map((event) => event.seq);
}

describe("a buffer", () => {
  test("returns the events after a given one, and nothing for an unknown one", () => {
    const after = bufferOf([
      [1, "a"],
      [2, "b"],
    ]);
    expect([0, 1, 2, 3, -1, Number.NaN].map(after)).toEqual([[1, 2], [2], [], undefined, undefined, undefined]);
  });

  test("keeps a limited number of events", () => {
    const after = bufferOf([1, 2, 3, 4, 5].map((seq) => [seq, "text"]));
    expect([1, 2, 3].map(after)).toEqual([undefined, [3, 4, 5], [4, 5]]);
  });

  test("keeps a limited amount of text, and no event that is too long by itself", () => {
    const bounds = { maxEvents: 100, maxLength: 10 };
    const long = bufferOf(
      [1, 2, 3].map((seq) => [seq, "12345"]),
      bounds,
    );
    expect([0, 1, 2].map(long)).toEqual([undefined, [2, 3], [3]]);
    const longer = bufferOf(
      [
        [1, "a"],
        [2, "12345678901"],
      ],
      bounds,
    );
    expect([0, 1, 2].map(longer)).toEqual([undefined, undefined, []]);
  });

  test("deletes old events and continues", () => {
    const buffer = new ReplayBuffer({ maxEvents: 9, maxLength: 100 });
    buffer.add({ seq: 1, text: "a" });
    buffer.forget(2);
    buffer.add({ seq: 3, text: "c" });
    expect([1, 2, 3].map((seq) => buffer.after(seq)?.length)).toEqual([undefined, 1, 0]);
  });
});
