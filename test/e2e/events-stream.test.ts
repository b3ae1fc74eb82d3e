import { describe, expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { Fleet } from "../support/fleet.ts";
import { Listener } from "../support/listener.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { Receiver } from "../support/receiver.ts";
import { queryPostgres } from "../support/query-postgres.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

const startsAt = "2026-01-01T00:00:00Z";
const firing = (name: string) => webhookAlert(name, "firing", { startsAt });
const resolved = (name: string) => webhookAlert(name, "resolved", { startsAt });

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

/** The newest that a listener heard of an alert. */
const heard = (listener: Listener, name: string, state: string) =>
  waitUntil(`${name} is heard to be ${state}`, () => {
    const last = listener.of(name).at(-1);
    return last?.state === state && last;
  });
const begun = (listener: Listener) => waitUntil("it begins with a reset", () => listener.resets > 0);

describe.concurrent("a listener of the event stream", () => {
  test("receives an alert's start, delivery and end, each as the list shows it then", async () => {
    await using pagerduty = await PagerDuty.open();
    await using tocsin = await Service.start({ config: { targets: [pagerduty.target()] } });
    await using listener = await Listener.open(tocsin);
    await begun(listener);
    expect(listener.events).toEqual([{ id: expect.any(String), event: "reset", data: {} }]);
    const listed = async () => (await tocsin.get("/api/v1/incidents?fingerprint=disk-1")).body.incidents;

    pagerduty.stand.setFaults("answer 500");
    await tocsin.webhook([firing("disk-1")]);
    expect(await heard(listener, "disk-1", "due")).toMatchObject({ wanted: { status: "firing" } });
    pagerduty.stand.setFaults([]);
    expect(await heard(listener, "disk-1", "told")).toMatchObject({
      wanted: { status: "firing" },
      told: { event: "trigger", certain: true },
    });
    await tocsin.quiet();
    expect([listener.of("disk-1").at(-1)]).toEqual(await listed());
    await tocsin.webhook([resolved("disk-1")]);
    expect(await heard(listener, "disk-1", "closed")).toMatchObject({ wanted: { status: "resolved" } });
    expect([listener.of("disk-1").at(-1)]).toEqual(await listed());
    expect(new Set(listener.events.map(({ id }) => id)).size).toBe(listener.events.length);
  });

  test("continues after a cut, or gets a reset", async () => {
    await using pagerduty = await PagerDuty.open();
    await using tocsin = await Service.start({ config: { targets: [pagerduty.target()] } });
    await using first = await Listener.open(tocsin);
    await begun(first);
    await tocsin.webhook([firing("before")]);
    await heard(first, "before", "told");
    await tocsin.quiet();
    await first.leave();
    await tocsin.webhook([firing("meanwhile")]);
    await tocsin.quiet();
    const headers = { "last-event-id": first.lastId };
    await using again = await Listener.open(tocsin, { headers });
    await heard(again, "meanwhile", "told");
    expect([again.resets, again.of("before")]).toEqual([0, []]);

    await using unknown = await Listener.open(tocsin, { headers: { "last-event-id": "another-1" } });
    await begun(unknown);
    await tocsin.restart();
    await using later = await Listener.open(tocsin, { headers: { "last-event-id": again.lastId } });
    await begun(later);
    await tocsin.webhook([resolved("before")]);
    await heard(later, "before", "closed");
  });

  test("is disconnected at once when the service stops, whatever else the stop waits for", async () => {
    // Never answers: the attempt stays in flight.
    await using silent = await Receiver.open(() => {});
    const target = { name: "silent", type: "webhook", url: silent.url, timeout: "60s" };
    await using tocsin = await Service.start({ config: { targets: [target] } });
    await using listener = await Listener.open(tocsin);
    await tocsin.webhook([firing("disk-1")]);
    await waitUntil("the attempt is in flight", () => silent.count > 0);
    const stopped = tocsin.stop();
    await listener.ended;
    // It waits for the attempt, and answers meanwhile.
    expect((await tocsin.get("/healthz")).status).toBe(200);
    expect(await stopped).toEqual({ code: 0, signal: null });
  });

  test("needs a role that may read", async () => {
    const tokens = ["ingest", "read"].map((role) => ({ name: role, token: `${role}-token`, roles: [role] }));
    await using tocsin = await Service.start({ config: { server: { auth: { tokens } }, targets: [] } });
    await expect(Listener.open(tocsin)).rejects.toThrow("answered 401");
    await expect(Listener.open(tocsin, bearer("ingest-token"))).rejects.toThrow("answered 403");
    await using listener = await Listener.open(tocsin, bearer("read-token"));
    await begun(listener);
  });
});

test("a listener at one replica receives the changes of all, and gets a reset after lost notifications of PostgreSQL", async () => {
  await using pagerduty = await PagerDuty.open();
  await using fleet = await Fleet.start({ replicas: 2, config: { targets: [pagerduty.target()] } });
  const [one, two] = fleet.replicas;
  if (!one || !two) throw new Error("a fleet of two has two");
  await using atOne = await Listener.open(one);
  await using atTwo = await Listener.open(two);
  await begun(atOne);
  await begun(atTwo);
  const tellBoth = async (name: string) => {
    await one.webhook([firing(name)]);
    for (const listener of [atOne, atTwo]) await heard(listener, name, "told");
    await two.webhook([resolved(name)]);
    for (const listener of [atOne, atTwo]) await heard(listener, name, "closed");
  };
  await tellBoth("disk-1");
  await fleet.quiet();
  expect([atOne, atTwo].map((listener) => listener.of("disk-1").at(-1))).toEqual(
    Array.from({ length: 2 }, () => atOne.of("disk-1").at(-1)),
  );
  // Another replica did not say that.
  await using moved = await Listener.open(two, { headers: { "last-event-id": atOne.lastId } });
  await begun(moved);

  const cut = await queryPostgres(
    fleet.postgres.url,
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN tocsin_changed'",
  );
  expect(cut).toHaveLength(2);
  for (const listener of [atOne, atTwo]) await waitUntil("it begins anew", () => listener.resets === 2);
  await tellBoth("disk-2");
  expect([atOne, atTwo].map(({ resets }) => resets)).toEqual([2, 2]);
});
