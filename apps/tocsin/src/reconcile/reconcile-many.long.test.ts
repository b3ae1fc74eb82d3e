import { expect, test } from "vitest";
import { routingKey, type TestService } from "../service.fixture.ts";
import {
  compare,
  type Found,
  idOf,
  lagMs,
  names,
  open,
  quiet,
  say,
  ShiftedClock,
  startWithToken,
} from "./reconcile.fixture.ts";

/** Waits of more than a second end when the test lets the time pass: those for the limit of calls. */
class SteppedClock extends ShiftedClock {
  readonly #waiting = new Set<{ readonly atMs: number; readonly run: () => void }>();

  override after(ms: number, run: () => void): () => void {
    if (ms <= 1_000) return super.after(ms, run);
    const waiting = { atMs: this.now() + ms, run };
    this.#waiting.add(waiting);
    return () => this.#waiting.delete(waiting);
  }

  step(ms: number): void {
    this.shiftMs += ms;
    for (const waiting of Array.from(this.#waiting).filter(({ atMs }) => atMs <= this.now())) {
      this.#waiting.delete(waiting);
      waiting.run();
    }
  }
}

/** The receiver's API answered so many calls by then, at the time of the service. */
interface Sample {
  readonly atMs: number;
  readonly calls: number;
}

const each = 50;

/** As PagerDuty's API accepts from us. */
const perMinute = 240;

test("hundreds of incidents that were lost, gained and changed by people: no orphan, no false resolve, within the limit of calls", async () => {
  const { service, clock } = await startWithToken({}, new SteppedClock());
  await using _ = service;
  const { simulator } = service;
  const groups = ["fine", "ended", "deaf", "lost", "closed", "acknowledged"] as const;
  const [fine, ended, deaf, lost, closed, acknowledged] = groups.map((prefix) => names(prefix, each)) as string[][] &
    Record<0 | 1 | 2 | 3 | 4 | 5, string[]>;
  const foreign = names("foreign", each);
  await say(service, clock, "firing", [...fine, ...ended, ...deaf, ...lost, ...closed, ...acknowledged]);
  await quiet(service);
  await say(service, clock, "resolved", ended);
  await quiet(service);
  // The receiver accepts these ends, and they have no effect there.
  simulator.setFaults("disabled");
  await say(service, clock, "resolved", deaf);
  await quiet(service);
  simulator.setFaults("");
  for (const key of [...ended, ...foreign]) simulator.openIncident({ key: routingKey, dedup_key: key });
  for (const key of lost) simulator.loseIncident(idOf(service, key));
  for (const key of closed) simulator.resolve(idOf(service, key));
  for (const key of acknowledged) simulator.acknowledge(idOf(service, key));
  const before = simulator.incidents();
  expect(open(service)).toHaveLength(each * 5);
  clock.step(lagMs);

  const firing = new Set([...fine, ...lost, ...closed, ...acknowledged]);
  const samples: Sample[] = [];
  const listed = await compareInSteps(service, clock, "reconcile", samples);
  expect(counts(listed.differences)).toEqual({
    "ended: orphan - none": each,
    "deaf: orphan - none": each,
    "lost: closed_there - none": each,
    "closed: closed_there A person none": each,
  });
  expect(simulator.incidents()).toEqual(before);

  const repaired = await compareInSteps(service, clock, "reconcile/apply", samples);
  expect(counts(repaired.differences)).toEqual({
    "ended: orphan - sent": each,
    "deaf: orphan - sent": each,
    "lost: closed_there - sent": each,
    "closed: closed_there A person held": each,
  });
  await quiet(service);
  expect(open(service).toSorted()).toEqual([...fine, ...lost, ...acknowledged, ...foreign].toSorted());
  // By us: nobody's incident but ours, and none whose alert fires, was resolved.
  const resolvedByUs = simulator
    .incidents()
    .filter(({ events }) => events.some(({ action, by }) => action === "resolve" && by !== "person"))
    .map(({ dedup_key: key }) => key);
  expect(resolvedByUs.filter((key) => firing.has(key) || foreign.includes(key))).toEqual([]);
  expect(new Set(resolvedByUs)).toEqual(new Set([...ended, ...deaf]));
  const isUntouched = (key: string) => [fine, acknowledged, foreign].some((group) => group.includes(key));
  const untouched = (all: typeof before) => all.filter(({ dedup_key: key }) => isUntouched(key));
  expect(untouched(simulator.incidents())).toEqual(untouched(before));

  clock.step(lagMs);
  expect((await compareInSteps(service, clock, "reconcile/apply", samples)).differences).toEqual([]);
  expect(mostCallsInAMinute(samples)).toBeLessThanOrEqual(perMinute);
  // Otherwise the limit was not tested.
  expect(samples.at(-1)!.calls).toBeGreaterThan(perMinute * 5);
}, 120_000);

const kindOf = ({ dedupKey, difference, by = "-", repair }: Found): string =>
  `${dedupKey.replace(/\d+$/, "")}: ${difference} ${by} ${repair}`;

/** How many differences there are of each kind. */
const counts = (differences: readonly Found[]) =>
  Object.fromEntries(Object.entries(Object.groupBy(differences, kindOf)).map(([kind, all]) => [kind, all!.length]));

/** Compares, and lets the time pass whenever nothing is due or on its way. */
async function compareInSteps(service: TestService, clock: SteppedClock, path: string, samples: Sample[]) {
  const ending = compare(service, path, { withinMs: 60_000 });
  const ended = new Set<unknown>();
  ending.then(
    () => ended.add(ending),
    () => ended.add(ending),
  );
  while (ended.size === 0) {
    await quiet(service);
    const calls = service.simulator.requests(Infinity).filter(({ receiver }) => receiver === "pagerduty_rest").length;
    samples.push({ atMs: clock.now(), calls });
    clock.step(5_000);
  }
  return ending;
}

function mostCallsInAMinute(samples: readonly Sample[]): number {
  let most = 0;
  let from = 0;
  for (const { atMs, calls } of samples) {
    while (atMs - samples[from]!.atMs >= 60_000) from++;
    most = Math.max(most, calls - samples[from]!.calls);
  }
  return most;
}
