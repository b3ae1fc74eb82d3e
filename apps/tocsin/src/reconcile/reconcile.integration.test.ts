import { describe, expect, test } from "vitest";
import { formatAddress } from "../config/address.ts";
import { routingKey, startService, type TestService } from "../service.fixture.ts";
import { compare, idOf, lagMs, names, open, quiet, say, startWithToken, token } from "./reconcile.fixture.ts";
import { runIn } from "../cli/terminal.fixture.ts";

const resolvedAtMs = ({ simulator }: TestService, key: string) =>
  Math.max(...simulator.incidents().flatMap((one) => (one.dedup_key === key ? Date.parse(one.resolved_at ?? "") : [])));

describe("reconciliation", () => {
  test("finds and repairs orphans, lost and closed incidents, and touches nothing else", async () => {
    const { service, clock } = await startWithToken();
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
    const { service, clock } = await startWithToken();
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
    expect(stderr).toContain("pager could not be compared completely: HTTP 401");
    expect(service.logs.join("")).not.toContain(token);
    expect(open(service)).toEqual([]);
  });

  test("prints a table", async () => {
    const { service, clock } = await startWithToken();
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

  test("after an outage compares and repairs by itself, and then no more", async () => {
    const { service, clock } = await startWithToken();
    await using _ = service;
    await say(service, clock, "firing", ["a", "b"]);
    await quiet(service);
    await service.until("the service is noted as alive", () => clock.minutely.size > 0 || undefined);
    clock.shiftMs += lagMs;
    service.simulator.loseIncident(idOf(service, "a"));
    clock.runMinutely();
    expect((await service.ask("GET", "/api/v1/reconcile")).body.targets).toEqual([]);
    await service.until("the incident is open again", () => {
      // Notes are stored in the background: one that began before may still count for the time after.
      clock.shiftMs += 10 * 60_000;
      clock.runMinutely();
      return open(service).includes("a") || undefined;
    });
    expect(open(service).toSorted()).toEqual(["a", "b"]);
    const runs = () => service.logs.filter((line) => line.includes('"reconciled"')).length;
    await service.until("no further note begins a comparison", async () => {
      const before = runs();
      clock.runMinutely();
      for (let i = 0; i < 5; i++) await service.ask("GET", "/api/v1/reconcile");
      return (before > 0 && runs() === before) || undefined;
    });
  });

  test.each(["reopen", "stay"] as const)(
    "follows the callback of the target after a person's resolve: %s",
    async (onResolve) => {
      const secrets = ["signing-secret-0123456789"];
      const { service, clock } = await startWithToken({
        delivery: { remind: "0s", manualResolveFor: "0s" },
        callbacks: [{ name: "pd", type: "pagerduty", secrets, targets: ["pager"], onResolve }],
      });
      await using _ = service;
      await say(service, clock, "firing", ["a"]);
      await quiet(service);
      service.simulator.resolve(idOf(service, "a"));
      clock.shiftMs += lagMs;
      expect((await compare(service, "reconcile/apply")).differences).toMatchObject([{ repair: "held" }]);
      await service.until("the hold is over", () => Date.now() > resolvedAtMs(service, "a") || undefined);
      await say(service, clock, "firing", ["a", "b"]);
      await quiet(service);
      expect(open(service).toSorted()).toEqual(onResolve === "stay" ? ["b"] : ["a", "b"]);
    },
  );

  test("watches for outages from the reload on that brings the first token", async () => {
    const { service, clock } = await startWithToken();
    await using _ = service;
    const written = service.next as { readonly targets: readonly object[] };
    const reload = async (restToken?: string) => {
      service.next = { ...written, targets: written.targets.map((target) => ({ ...target, rest_token: restToken })) };
      expect((await service.ask("POST", "/-/reload")).status).toBe(200);
    };
    await say(service, clock, "firing", ["a"]);
    await quiet(service);
    await service.until("the service is noted as alive", () => clock.minutely.size > 0 || undefined);
    await reload();
    clock.runMinutely();
    service.simulator.loseIncident(idOf(service, "a"));
    clock.shiftMs += 10 * 60_000;
    await reload(token);
    await service.until("the incident is open again", () => open(service).includes("a") || undefined);
  });
});
