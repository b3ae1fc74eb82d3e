import { describe, expect, test } from "vitest";
import { absenceTimeBetween, type InstanceStatus, whyNotCounted } from "./absence-time.ts";

const minute = 60_000;

describe("a poll counts", () => {
  const instance = (name: string | null, peers: readonly string[], more: Partial<InstanceStatus> = {}) => ({
    name,
    peers,
    upForMs: 6 * minute,
    resolveTimeoutMs: 5 * minute,
    ...more,
  });
  const one = instance("x", ["x", "y"]);
  const other = instance("y", ["y", "x"]);
  const alone = instance(null, []);

  test.each([
    ["one instance without a cluster", [alone], null],
    ["two instances without a cluster", [alone, alone], null],
    ["a cluster of one", [instance("x", ["x"])], null],
    ["both members of a cluster of two", [one, other], null],
    ["one of two did not answer", [one, undefined], "urls[1] did not answer"],
    [
      "one of two was just started",
      [one, { ...other, upForMs: 5 * minute }],
      "urls[1] has not been up for longer than its resolve_timeout",
    ],
    ["a peer is not listed", [one], "the peers that urls[0] sees are not the listed instances"],
    [
      "a load balancer shows the same instance twice",
      [one, one],
      "the peers that urls[0] sees are not the listed instances",
    ],
    [
      "the cluster is split",
      [instance("x", ["x"]), instance("y", ["y"])],
      "the peers that urls[0] sees are not the listed instances",
    ],
    ["two clusters", [one, instance("z", ["z"])], "the peers that urls[0] sees are not the listed instances"],
    ["one is in a cluster, one is not", [instance("x", ["x"]), alone], expect.stringContaining("are not the listed")],
  ])("%s: %j", (_says, statuses, why) => {
    expect(whyNotCounted(statuses)).toEqual(why);
  });

  test.each([
    ["the time since the previous poll", true, true, minute, minute],
    ["nothing for the first poll", undefined, true, minute, 0],
    ["nothing if the previous poll did not count", false, true, minute, 0],
    ["nothing if this poll does not count", true, false, minute, 0],
    ["at most two poll intervals, because the process may have been paused", true, true, 60 * minute, 2 * minute],
  ])("%s", (_says, before, now, passedMs, countedMs) => {
    const earlier = before === undefined ? undefined : { counts: before, atMs: 0 };
    expect(absenceTimeBetween(earlier, { counts: now, atMs: passedMs }, minute)).toBe(countedMs);
  });
});
