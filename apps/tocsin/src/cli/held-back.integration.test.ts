import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { formatAddress } from "../config/address.ts";
import { startService, type TestService } from "../service.fixture.ts";
import { heldBackText, nextWaits } from "./held-back.ts";
import { runIn } from "./terminal.fixture.ts";

const fires = (service: TestService, name: string) =>
  service.ask("POST", "/api/v1/webhook/alertmanager", {
    alerts: [{ status: "firing", fingerprint: name, labels: { alertname: name } }],
  });

const stateOf = async (service: TestService, name: string): Promise<string | undefined> =>
  (await service.ask("GET", `/api/v1/explain?fingerprint=${name}`)).body.targets?.[0]?.state;

test("commands say that the target of a delivered alert refuses now", async () => {
  await using service = await startService();
  const tocsin = (...args: string[]) =>
    runIn(service.dir, [...args, "--url", `http://${formatAddress(service.tocsin.address)}`]);
  await fires(service, "f1");
  await service.until("it is delivered", async () => ((await stateOf(service, "f1")) === "told" ? true : undefined));
  const before = await tocsin("explain", "f1");
  expect(before.stdout).not.toContain("refuses");

  service.simulator.setKeys(["B".repeat(32)]);
  await fires(service, "f2");
  const explained = await service.until("the target refuses", async () => {
    const { stdout } = await tocsin("explain", "f1");
    return stdout.includes("waiting_auth") ? stdout : undefined;
  });
  expect(explained).toMatch(
    /\npager: told, delivered, incident \d+\n {2}The target refuses the credential or the address now \(.+\): the next event waits \(waiting_auth\)\n {2}Incident \d+ stays with the key and URL that opened it, also if you give the target a new key/,
  );
  const listed = await tocsin("incidents", "list", "--state", "told");
  expect(listed.stdout).toMatch(/ told +delivered, next event: waiting_auth +/);
  expect(listed.stderr).toMatch(/^pager: The target refuses the credential or the address now \(.+\n$/);
  const alerts = await tocsin("alerts", "list", "--matcher", "alertname=f1");
  expect(alerts.stdout).toContain("pager: told, delivered, next event: waiting_auth\n");
  writeFileSync(join(service.dir, "new.json"), '{"labels": {"alertname": "New"}}');
  const imagined = await tocsin("explain", "--alert", "new.json");
  expect(imagined.stdout).toMatch(/\npager: due, would_tell\n {2}The target refuses .*waiting_auth/);
});

test("explain says that an open incident keeps the key that opened it after the key was rotated", async () => {
  await using service = await startService();
  await fires(service, "f1");
  await service.until("it is delivered", async () => ((await stateOf(service, "f1")) === "told" ? true : undefined));
  const explain = () =>
    runIn(service.dir, ["explain", "f1", "--url", `http://${formatAddress(service.tocsin.address)}`]);
  expect((await explain()).stdout).not.toContain("key");
  const { targets } = service.next as { targets: readonly object[] };
  service.next = { ...(service.next as object), targets: [{ ...targets[0], routing_key: "C".repeat(32) }] };
  await service.tocsin.reload();
  expect((await explain()).stdout).toMatch(
    /\npager: told, delivered, incident \d+\n {2}Incident \d+ was opened with an earlier key or URL of the target, .*\. Keep or enable that key at the receiver .* until/,
  );
});

test.each([
  [
    { reason: "orphaned_key", detail: "HTTP 401" },
    /earlier key or URL that opened it \(HTTP 401\): the next event waits \(orphaned_key\)$/,
  ],
  [
    { reason: "waiting_breaker", until: "2026-11-30T10:00:00Z" },
    /^The target failed .*\(waiting_breaker, next try at 2026-11-30T10:00:00Z\)$/,
  ],
  [{ reason: "waiting_pause" }, /^The target is paused after HTTP 429: the next event waits \(waiting_pause\)$/],
] as const)("%j is shown in words", (heldBack, text) => {
  expect(heldBackText(heldBack)).toMatch(text);
  expect(nextWaits({ heldBack })).toBe(`, next event: ${heldBack.reason}`);
});
