import { describe, expect, test } from "vitest";
import { formatAddress } from "../config/address.ts";
import { routingKey, startService, type TestService } from "../service.fixture.ts";
import { runIn } from "../cli/terminal.fixture.ts";

/** The clock of the service runs ahead, so that no test waits until the receiver has surely applied the last event. */
class ShiftedClock {
  shiftMs = 0;
  now = () => Date.now() + this.shiftMs;
  monotonic = () => performance.now() + this.shiftMs;
  /** Timers of a minute, which the test runs. */
  readonly minutely = new Set<() => void>();

  after(ms: number, run: () => void): () => void {
    if (ms === 60_000) {
      this.minutely.add(run);
      return () => this.minutely.delete(run);
    }
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  }
}

const token = "rest-token-0123456789";
const lagMs = 130_000;

async function start(more: object = {}, clock = new ShiftedClock()) {
  const service = await startService(
    (url) => ({
      targets: [
        { name: "pager", type: "pagerduty", url, routing_key: routingKey, rest_token: token, rate_limit: { limit: 0 } },
      ],
      delivery: { remind: "0s" },
      ...more,
    }),
    { clock },
  );
  service.simulator.setLimit({ limit: 0 });
  service.simulator.setLimit({ receiver: "pagerduty_rest", limit: 0 });
  return { service, clock };
}

const at = (seconds: number, { now }: ShiftedClock) => new Date(now() + seconds * 1_000).toISOString();

const say = (service: TestService, clock: ShiftedClock, status: "firing" | "resolved", names: readonly string[]) =>
  service.ask("POST", "/api/v1/webhook/alertmanager?source=am", {
    alerts: names.map((name) => ({
      status,
      fingerprint: name,
      labels: { alertname: name, severity: "critical" },
      startsAt: at(-60, { now: () => Date.now() } as ShiftedClock),
      ...(status === "resolved" && { endsAt: at(0, clock) }),
    })),
  });

const open = (service: TestService) =>
  service.simulator.incidents().flatMap(({ status, dedup_key }) => (status === "resolved" ? [] : [dedup_key]));

const quiet = (service: TestService) =>
  service.until("all is delivered", async () => {
    const { body } = await service.ask("GET", "/api/v1/stats");
    const busy = body.incidents.filter((row: { state: string; count: number }) =>
      ["due", "in_flight"].includes(row.state) ? row.count > 0 : false,
    );
    return busy.length === 0 || undefined;
  });

interface Found {
  readonly dedupKey: string;
  readonly difference: string;
  readonly by?: string;
  readonly repair: string;
}

async function compare(service: TestService, path = "reconcile") {
  const begun = await service.ask("POST", `/api/v1/${path}`);
  expect(begun.status).toBe(202);
  const body = await service.until("the comparison ends", async () => {
    const { body: last } = await service.ask("GET", "/api/v1/reconcile");
    return last.running ? undefined : last;
  });
  const [target] = body.targets as [
    { differences: readonly Found[]; incomplete?: string; openThere: number; open: number },
  ];
  return target;
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}${n}`);
const idOf = (service: TestService, key: string) =>
  service.simulator.incidents().findLast(({ dedup_key }) => dedup_key === key)!.id;

describe("reconciliation", () => {
  test("finds and repairs orphans, lost and closed incidents, and touches nothing else", async () => {
    const { service, clock } = await start();
    await using _ = service;
    const [ended, lost, closed, fine] = ["ended", "lost", "closed", "fine"].map((prefix) => names(prefix, 12));
    await say(service, clock, "firing", [...ended!, ...lost!, ...closed!, ...fine!]);
    await quiet(service);
    await say(service, clock, "resolved", ended!);
    await quiet(service);
    expect(open(service)).toHaveLength(36);
    // The receiver changes while nobody listens.
    for (const key of ended!) service.simulator.openIncident({ key: routingKey, dedup_key: key });
    for (const key of lost!) service.simulator.loseIncident(idOf(service, key));
    for (const key of closed!) service.simulator.resolve(idOf(service, key));
    for (const key of names("foreign", 5)) service.simulator.openIncident({ key: routingKey, dedup_key: key });
    clock.shiftMs += lagMs;
    const before = await compare(service);
    const kinds = Object.groupBy(before.differences, ({ difference, by }) => `${difference} ${by ?? ""}`);
    expect(Object.fromEntries(Object.entries(kinds).map(([kind, found]) => [kind, found!.length]))).toEqual({
      "orphan ": 12,
      "closed_there ": 12,
      "closed_there A person": 12,
    });
    expect(before).toMatchObject({ openThere: 29, open: 36 });
    expect(open(service).toSorted()).toEqual([...ended!, ...fine!, ...names("foreign", 5)].toSorted());

    const repaired = await compare(service, "reconcile/apply");
    expect(new Set(repaired.differences.map(({ by, repair }) => `${by ?? ""} ${repair}`))).toEqual(
      new Set([" sent", "A person held"]),
    );
    await quiet(service);
    expect(open(service).toSorted()).toEqual([...lost!, ...fine!, ...names("foreign", 5)].toSorted());
    const triggers = service.simulator.incidents().filter(({ dedup_key }) => fine!.includes(dedup_key));
    expect(triggers.every(({ events }) => events.length === 1)).toBe(true);
    clock.shiftMs += lagMs;
    expect((await compare(service)).differences).toEqual([]);
  }, 60_000);

  test("needs a token, a known target, and an operator to repair", async () => {
    await using service = await startService();
    expect((await service.ask("GET", "/api/v1/reconcile")).body).toEqual({ running: false, targets: [] });
    expect((await service.ask("POST", "/api/v1/reconcile")).body.error.message).toContain("none has a rest_token");
    expect((await service.ask("POST", "/api/v1/reconcile?target=x")).status).toBe(404);
    expect((await service.ask("POST", "/api/v1/reconcile/apply?target=pager")).status).toBe(409);
  });

  test("says why a receiver cannot be compared, and changes nothing", async () => {
    const { service, clock } = await start();
    await using _ = service;
    await say(service, clock, "firing", ["a"]);
    await quiet(service);
    service.simulator.loseIncident(idOf(service, "a"));
    service.simulator.setKeys(["another"], "pagerduty_rest");
    clock.shiftMs += lagMs;
    expect(await compare(service, "reconcile/apply")).toMatchObject({ incomplete: "HTTP 401", differences: [] });
    const { code, stderr } = await runIn(service.dir, [
      "reconcile",
      "--url",
      `http://${formatAddress(service.tocsin.address)}`,
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain("pager could not be compared: HTTP 401");
    expect(service.logs.join("")).not.toContain(token);
    expect(open(service)).toEqual([]);
  });

  test("prints a table", async () => {
    const { service, clock } = await start();
    await using _ = service;
    await say(service, clock, "firing", ["a"]);
    await quiet(service);
    service.simulator.loseIncident(idOf(service, "a"));
    clock.shiftMs += lagMs;
    const url = `http://${formatAddress(service.tocsin.address)}`;
    const listed = await runIn(service.dir, ["reconcile", "--url", url]);
    expect(listed.stdout).toMatch(/pager +\d+ +a +fires, closed there/);
    expect(listed.stdout).toContain("Repair with --apply.");
    const repaired = await runIn(service.dir, ["reconcile", "--apply", "--target", "pager", "--url", url]);
    expect(repaired.stdout).toContain("queued");
    await quiet(service);
    expect(open(service)).toEqual(["a"]);
    expect((await runIn(service.dir, ["reconcile", "--url", url])).stdout).toBe("No difference was found.\n");
  });

  test("after an outage compares and repairs by itself, once", async () => {
    const { service, clock } = await start();
    await using _ = service;
    await say(service, clock, "firing", ["a", "b"]);
    await quiet(service);
    const minute = () => {
      const due = [...clock.minutely];
      clock.minutely.clear();
      for (const run of due) run();
    };
    await service.until("the service is noted as alive", () => clock.minutely.size > 0 || undefined);
    clock.shiftMs += lagMs;
    service.simulator.loseIncident(idOf(service, "a"));
    minute();
    expect((await service.ask("GET", "/api/v1/reconcile")).body.targets).toEqual([]);
    clock.shiftMs += 10 * 60_000;
    await service.until("the incident is open again", () => {
      minute();
      return open(service).includes("a") || undefined;
    });
    expect(open(service).toSorted()).toEqual(["a", "b"]);
    const runs = () => service.logs.filter((line) => line.includes('"reconciled"')).length;
    await service.until("the comparison is logged", () => runs() === 1 || undefined);
    minute();
    await service.ask("GET", "/api/v1/reconcile");
    expect(runs()).toBe(1);
  });
});
