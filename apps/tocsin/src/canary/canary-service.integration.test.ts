import { expect, test } from "vitest";
import { startService } from "../service.fixture.ts";

const keys = { pager: "R0UT1NGKEY0123456789abcdefABCDEF", canary: "C0UT1NGKEY0123456789abcdefABCDEF" };

test("a service finds a revoked key with its canary, pages nobody, and resolves what it opened", async () => {
  await using service = await startService((url) => ({
    targets: [
      { name: "pager", type: "pagerduty", url, routing_key: keys.pager },
      { name: "canary", type: "pagerduty", url, routing_key: keys.canary },
    ],
    canary: { every: "5s", target: "canary" },
    delivery: { retry: { initial: "500ms", max: "1s" } },
  }));
  const metric = (value: number) => async () =>
    (await service.ask("GET", "/metrics")).text.includes(`tocsin_canary_success{target="canary"} ${value}`) ||
    undefined;
  await service.until("a round succeeds", metric(1));
  const valid = (list: readonly string[] | null) =>
    fetch(`${service.simulatorUrl}/_sim/keys`, { method: "POST", body: JSON.stringify({ keys: list }) });
  await valid([keys.pager]);
  await service.until("a round fails", metric(0));
  const { body } = await service.ask("GET", "/api/v1/health");
  expect(body.problems).toContainEqual(
    expect.objectContaining({
      condition: "canary_failed",
      object: "canary",
      summary: expect.stringMatching(/^The canary at canary was not delivered \(unauthorized\)/),
    }),
  );
  expect(body.problems.map(({ condition }: { condition: string }) => condition)).not.toContain("critical_overdue");
  const { incidents } = (await service.ask("GET", "/api/v1/incidents")).body;
  expect(new Set(incidents.map(({ target }: { target: string }) => target))).toEqual(new Set(["canary"]));
  await service.until("all rounds are over", async () => {
    const page = (await service.ask("GET", "/api/v1/incidents")).body.incidents;
    return page.every(({ state }: { state: string }) => state === "closed" || state === "not_told") || undefined;
  });
}, 30_000);
