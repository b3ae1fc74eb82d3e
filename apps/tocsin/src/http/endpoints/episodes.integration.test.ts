import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startService, type TestService } from "../../service.fixture.ts";

const config = {
  server: { listen: "127.0.0.1:0", trustedProxies: ["127.0.0.1/32"] },
  delivery: { doubtfulEnd: "1s", reorderWindow: "200ms" },
};

let service: TestService;
beforeAll(async () => {
  service = await startService(() => config);
});
afterAll(() => service[Symbol.asyncDispose]());

const webhook = "/api/v1/webhook/alertmanager";
const direct = "/api/v2/alerts";

/** Returns the time this many seconds from now. */
const at = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toISOString();

const said = (name: string, status: "firing" | "resolved", startsAt?: string, endsAt?: string) => ({
  alerts: [
    { status, fingerprint: name, labels: { alertname: name, severity: "critical" }, annotations: {}, startsAt, endsAt },
  ],
});

const posted = (name: string, endsAt: string, more: object = {}) => [
  { labels: { alertname: name, severity: "critical" }, startsAt: at(-600), endsAt, ...more },
];

/** Returns the events that the simulator received for an alert, once the alert has this status. */
const eventsOf = (name: string, status: string) =>
  service.until(`${name} is ${status}`, () => {
    const incidents = service.simulator.incidents().filter(({ summary }) => summary?.includes(name));
    return incidents.at(-1)?.status === status
      ? incidents.flatMap(({ events }) => events.map(({ action }) => action))
      : undefined;
  });

const explained = async (name: string) => {
  const incident = service.simulator.incidents().find(({ summary }) => summary?.includes(name));
  const { body } = await service.ask("GET", `/api/v1/explain?fingerprint=${incident?.dedup_key}`);
  return body as { status: string; claims: { sender?: string; origin?: string; status: string; ended?: string }[] };
};

const from = (address: string) => ({ "x-forwarded-for": address });

describe("the webhook", () => {
  test("resolves an alert although its resolve names an earlier start", async () => {
    await service.ask("POST", webhook, said("earlier", "firing", at(-60)));
    await eventsOf("earlier", "triggered");
    const { body } = await service.ask("POST", webhook, said("earlier", "resolved", at(-61), at(0)));
    expect(body).toMatchObject({ accepted: 1, duplicates: 0 });
    expect(await eventsOf("earlier", "resolved")).toEqual(["trigger", "resolve"]);
  });

  test("ends an alert after doubtfulEnd if its resolve may be about an earlier episode", async () => {
    await service.ask("POST", webhook, said("doubtful", "firing", at(0)));
    await eventsOf("doubtful", "triggered");
    const { body } = await service.ask("POST", webhook, said("doubtful", "resolved", at(-120), at(-60)));
    expect(body).toMatchObject({ accepted: 1 });
    expect((await explained("doubtful")).claims).toMatchObject([
      { status: "firing", doubtfulEndAt: expect.any(String) as string },
    ]);
    expect(await eventsOf("doubtful", "resolved")).toEqual(["trigger", "resolve"]);
    expect((await explained("doubtful")).claims).toMatchObject([{ status: "resolved", ended: "doubtful" }]);
  });

  test("treats repeats without a start as repeats, not as new episodes", async () => {
    await service.ask("POST", webhook, said("startless", "firing"));
    const { body } = await service.ask("POST", webhook, said("startless", "firing"));
    expect(body).toMatchObject({ accepted: 0, duplicates: 1 });
  });
});

describe("direct input", () => {
  test("distinguishes senders behind a trusted proxy: a resolve of one does not resolve the other's alert", async () => {
    const name = "proxied";
    await service.ask("POST", direct, posted(name, at(240)), from("192.0.2.1"));
    await service.ask("POST", direct, posted(name, at(240)), from("198.51.100.9, 192.0.2.2"));
    await eventsOf(name, "triggered");
    await service.ask("POST", direct, posted(name, at(-1)), from("192.0.2.1"));
    expect(await explained(name)).toMatchObject({
      status: "firing",
      claims: [
        { sender: "192.0.2.1", status: "resolved", ended: "explicit" },
        { sender: "192.0.2.2", status: "firing" },
      ],
    });
    await service.ask("POST", direct, posted(name, at(-1)), from("192.0.2.2"));
    expect(await eventsOf(name, "resolved")).toEqual(["trigger", "resolve"]);
  });

  test("distinguishes senders at one address by the origin of generatorURL", async () => {
    const name = "origins";
    const by = (host: string, endsAt: string) => posted(name, endsAt, { generatorURL: `http://${host}:9090/graph` });
    await service.ask("POST", direct, by("one", at(240)));
    await service.ask("POST", direct, by("two", at(240)));
    await eventsOf(name, "triggered");
    await service.ask("POST", direct, by("one", at(-1)));
    expect(await explained(name)).toMatchObject({
      status: "firing",
      claims: [{ origin: "http://one:9090", status: "resolved" }, { origin: "http://two:9090" }],
    });
    await service.ask("POST", direct, by("two", at(-1)));
    expect(await eventsOf(name, "resolved")).toEqual(["trigger", "resolve"]);
  });

  test("pages again if one of two senders that look the same keeps firing", async () => {
    const name = "shared";
    await service.ask("POST", direct, posted(name, at(240)));
    await eventsOf(name, "triggered");
    const end = at(-1);
    await service.ask("POST", direct, posted(name, end));
    await eventsOf(name, "resolved");
    await service.ask("POST", direct, posted(name, at(240)));
    await service.ask("POST", direct, posted(name, end));
    expect(await eventsOf(name, "triggered")).toEqual(["trigger", "resolve", "trigger"]);
  });

  test("reads trusted proxies again at a reload", async () => {
    service.next = {
      ...(service.next as object),
      server: { listen: "127.0.0.1:0", trustedProxies: [] },
    };
    await service.tocsin.reload();
    await service.ask("POST", direct, posted("untrusted", at(240)), from("192.0.2.1"));
    await eventsOf("untrusted", "triggered");
    expect((await explained("untrusted")).claims).toMatchObject([{ sender: "127.0.0.1" }]);
  });
});
