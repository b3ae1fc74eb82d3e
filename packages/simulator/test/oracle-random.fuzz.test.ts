import { describe, expect, test } from "vitest";
import { Simulator } from "../src/index.ts";
import type { Report, TruthEvent } from "../src/index.ts";
import { seededRandom } from "../src/faults/random.ts";
import { routingKey, resolve, TestClock, trigger } from "./requests.ts";

/*
 * The oracle beside senders that are right, and senders that are wrong in one way, over random sources and faults. The
 * correct sender makes the delivered state equal the desired state and does nothing else, so the oracle must find nothing, on any seed.
 */

type Told = "nothing" | "maybe" | "trigger";
type Flaw = "none" | "counts any answer as accepted" | "forgets what it sent" | "never resolves" | "resolves too early";

const names = ["a", "b", "c", "d"];
const seconds = 240;
const faultScript =
  "share 15% reset after maybe applied; share 10% answer 503; share 10% hang maybe applied; share 5% half";

function play(seed: number, flaw: Flaw): Report {
  const random = seededRandom(seed);
  const clock = new TestClock();
  const simulator = new Simulator({ clock, seed, limit: { limit: 0 } });
  simulator.setFaults(faultScript);
  const events: TruthEvent[] = [];
  const firing = new Set<string>();
  const told = new Map<string, Told>();
  for (let second = 0; second < seconds; second += 1) {
    clock.advance(1000);
    // Faults end near the end of the run, so that due events can be sent.
    const isQuiet = second > seconds - 60;
    if (isQuiet) simulator.setFaults([]);
    for (const name of names) {
      if (!isQuiet && random() < 0.05) {
        const status = firing.has(name) ? "resolved" : "firing";
        if (status === "firing") firing.add(name);
        else firing.delete(name);
        events.push({ at: clock.nowMs, status, dedup_key: name, severity: "critical" });
      }
      if (random() < 0.5)
        told.set(name, tell(simulator, name, firing.has(name), told.get(name) ?? "nothing", flaw, random));
    }
  }
  simulator.setTruth({ events, targets: [{ receiver: "pagerduty", key: routingKey }] });
  return simulator.report();
}

/** One step of a sender that makes the delivered state equal the desired state, with or without a flaw. */
function tell(
  simulator: Simulator,
  name: string,
  isFiring: boolean,
  told: Told,
  flaw: Flaw,
  random: () => number,
): Told {
  const succeeds = (request: ReturnType<typeof trigger>): boolean | undefined => {
    const { status, mishap } = simulator.handle(request);
    if (flaw === "counts any answer as accepted") return true;
    if (mishap !== undefined || status === 0) return undefined;
    return status === 202;
  };
  const isForgotten = flaw === "forgets what it sent" && random() < 0.1;
  if (flaw === "resolves too early" && isFiring && told === "trigger" && random() < 0.02) {
    succeeds(resolve(name));
    return told;
  }
  if (isFiring && (told !== "trigger" || isForgotten)) {
    const said = succeeds(trigger(name));
    return said === undefined ? "maybe" : said ? "trigger" : told;
  }
  if (!isFiring && told !== "nothing" && flaw !== "never resolves") {
    const said = succeeds(resolve(name));
    // After a resolve with an unknown outcome nothing is certain: a new firing must be sent again.
    return said === undefined ? "maybe" : said ? "nothing" : told;
  }
  return told;
}

const seeds = Array.from({ length: 60 }, (_, index) => index + 1);

describe("over random sources and faults", () => {
  test("the oracle has nothing to say of a right sender", () => {
    const guilty = seeds
      .map((seed) => ({ seed, findings: play(seed, "none").findings }))
      .filter(({ findings }) => findings.length > 0);
    expect(guilty).toEqual([]);
  });

  test("and meets faults that leave doubt, so that this says something", () => {
    expect(seeds.map((seed) => play(seed, "none").ambiguous).reduce((sum, one) => sum + one, 0)).toBeGreaterThan(100);
  });

  test.each<[Flaw, string]>([
    ["counts any answer as accepted", "lost"],
    ["forgets what it sent", "repeated"],
    ["never resolves", "orphaned"],
    ["resolves too early", "out_of_order"],
  ])("the sender that %s is found out", (flaw, kind) => {
    const found = seeds.map((seed) => play(seed, flaw).counts);
    expect(found.filter((counts) => counts[kind as "lost"] > 0).length).toBeGreaterThan(seeds.length / 4);
  });
});
