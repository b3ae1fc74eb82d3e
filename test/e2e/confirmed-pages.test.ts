import { describe, expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { PagerDuty, routingKey } from "../support/pagerduty.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

const secret = "secret-of-the-webhook-subscription";
const canaryKey = "e2eCANARYKEYe2eCANARYKEY01234567";
const everyMs = 5_000;

const subscribe = async (receivers: PagerDuty, service: Service) => {
  const { ok } = await fetch(`${receivers.url}/_sim/webhooks`, {
    method: "POST",
    body: JSON.stringify({ url: `${service.url}/api/v1/callbacks/pd`, secrets: [secret] }),
  });
  expect(ok).toBe(true);
};

const incidentsOf = async (service: Service) => (await service.get("/api/v1/incidents?limit=100")).body.incidents;

/** Tocsin with a target that people answer and one for the canary, behind a network of its own. */
async function playCanary({ hasWebhooks = true } = {}) {
  const receivers = await PagerDuty.open();
  const network = await TcpProxy.open(Number(new URL(receivers.url).port));
  const service = await Service.start({
    config: {
      targets: [
        receivers.target({ fallback: "slack" }),
        { name: "slack", type: "slack", webhook_url: `${receivers.url}/services/T0001/B0001/abcdefghijklmnop` },
        receivers.target({ name: "canary", url: `http://${network.address}`, routing_key: canaryKey }),
      ],
      callbacks: [{ name: "pd", type: "pagerduty", secrets: [secret], targets: ["pagerduty", "canary"] }],
      canary: { every: `${everyMs}ms`, target: "canary" },
      delivery: { retry: { initial: "200ms", max: "1s" } },
    },
  });
  if (hasWebhooks) await subscribe(receivers, service);
  const { stand } = receivers;
  return {
    receivers,
    network,
    service,
    stand,
    /** Whether the last round succeeded, by the metric. */
    shows: (value: number) => async () =>
      (await service.get("/metrics")).text.includes(`tocsin_canary_success{target="canary"} ${value}`),
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await network[Symbol.asyncDispose]();
      await receivers[Symbol.asyncDispose]();
    },
  };
}

type Scene = Awaited<ReturnType<typeof playCanary>>;

test("a critical that PagerDuty accepts and suppresses reaches the fallback in time, and both are resolved", async () => {
  await using receivers = await PagerDuty.open();
  await using service = await Service.start({
    config: {
      targets: [
        receivers.target({ fallback: "slack", confirm_within: "2s" }),
        {
          name: "slack",
          type: "slack",
          webhook_url: `${receivers.url}/services/T0001/B0001/abcdefghijklmnop`,
          filters: { alert_name_pattern: "^NoAlertHasThisName$" },
        },
      ],
      callbacks: [{ name: "pd", type: "pagerduty", secrets: [secret], targets: ["pagerduty"] }],
    },
  });
  await subscribe(receivers, service);
  const { stand } = receivers;
  // One that PagerDuty shows is confirmed, and stays where it is.
  await service.webhook([webhookAlert("shown", "firing")]);
  await waitUntil("it is confirmed", async () => (await incidentsOf(service))[0]?.confirmedAt !== null);
  stand.setFaults([{ kind: "suppress", receiver: "pagerduty" }]);
  const sentMs = Date.now();
  await service.webhook([webhookAlert("suppressed", "firing")]);
  await waitUntil("Slack has it", () => stand.messages().length === 1, { withinMs: 10_000 });
  expect(Date.now() - sentMs).toBeGreaterThan(1_900);
  const of = async (target: string, dedupKey: string) =>
    (await incidentsOf(service)).find((one: any) => one.target === target && one.dedupKey === dedupKey);
  expect(await of("pagerduty", "suppressed")).toMatchObject({ state: "told", reason: "unconfirmed" });
  expect(await of("pagerduty", "shown")).toMatchObject({ state: "told", reason: "delivered" });
  expect((await service.get("/api/v1/health")).body.problems).toContainEqual(
    expect.objectContaining({ condition: "critical_unconfirmed", object: "pagerduty" }),
  );
  await service.webhook([webhookAlert("suppressed", "resolved"), webhookAlert("shown", "resolved")]);
  await waitUntil("all are resolved", async () =>
    (await incidentsOf(service)).every(({ state }: { state: string }) => state === "closed"),
  );
  expect((await incidentsOf(service)).map(({ target }: { target: string }) => target).toSorted()).toEqual([
    "pagerduty",
    "pagerduty",
    "slack",
  ]);
  expect((await service.get("/api/v1/health")).body.problems).toEqual([]);
});

describe("the canary finds within two intervals, and pages nobody about it,", () => {
  test.each([
    [
      "a cut network",
      /not delivered \(network\)/,
      ({ network }: Scene) => {
        network.refuses = true;
        network.cut();
      },
    ],
    ["a revoked key", /not delivered \(unauthorized\)/, ({ stand }: Scene) => stand.setKeys([routingKey])],
    [
      "a disabled service",
      /delivered but not confirmed/,
      ({ stand }: Scene) => stand.setFaults([{ kind: "disabled", receiver: "pagerduty" }]),
    ],
  ] as const)("%s", async (_, named, fail) => {
    await using scene = await playCanary();
    const { service, stand, shows } = scene;
    await waitUntil("a round succeeds", shows(1), { withinMs: 20_000 });
    expect((await service.get("/api/v1/health")).body.problems).toEqual([]);
    fail(scene);
    await waitUntil("it is found", shows(0), { withinMs: 2 * everyMs });
    expect((await service.get("/api/v1/health")).body.problems).toContainEqual(
      expect.objectContaining({ condition: "canary_failed", summary: expect.stringMatching(named) }),
    );
    const events = service.output.split("\n").filter((line) => line.includes('"canary_failed"'));
    expect(events.join("\n")).toMatch(named);
    const targets = (await incidentsOf(service)).map(({ target }: { target: string }) => target);
    expect(new Set(targets)).toEqual(new Set(["canary"]));
    expect(stand.messages()).toEqual([]);
    expect(new Set(stand.incidents().map(({ key }) => key)).size).toBe(1);
  });

  test("and a round that a SIGKILL interrupts is resolved after the restart", async () => {
    // Without webhooks a round waits to be confirmed.
    await using scene = await playCanary({ hasWebhooks: false });
    const { service, stand } = scene;
    await waitUntil("a round is open", () => stand.incidents().some(({ status }) => status === "triggered"));
    await service.kill();
    const [interrupted] = stand.incidents().filter(({ status }) => status === "triggered");
    expect(interrupted).toBeDefined();
    await service.start();
    await waitUntil(
      "it is resolved",
      () => stand.incidents().find(({ id }) => id === interrupted?.id)?.status === "resolved",
      { withinMs: 20_000 },
    );
    await waitUntil("the next round follows", () => stand.incidents().length > 1, { withinMs: 20_000 });
  });
});
