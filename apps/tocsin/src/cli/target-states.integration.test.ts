import { expect, test } from "vitest";
import { formatAddress } from "../config/address.ts";
import { startService, type TestService } from "../service.fixture.ts";
import { runIn } from "./terminal.fixture.ts";

const tocsin = (service: TestService, ...args: string[]) =>
  runIn(service.dir, [...args, "--url", `http://${formatAddress(service.tocsin.address)}`]);

const fires = (service: TestService, ...names: string[]) =>
  service.ask("POST", "/api/v1/webhook/alertmanager", {
    alerts: names.map((name) => ({ status: "firing", fingerprint: name, labels: { alertname: name } })),
  });

const shown = async (service: TestService, state: string) => {
  const body = await service.until(`the target is ${state}`, async () => {
    const answer = (await service.ask("GET", "/api/v1/targets/pager")).body;
    return answer.state === state ? answer : undefined;
  });
  const { stdout } = await tocsin(service, "targets", "list");
  return { body, stdout };
};

test("list and show a target that fails as failing, with the last failure and the next try", async () => {
  await using service = await startService();
  service.simulator.setFaults([{ kind: "answer", status: 500 }]);
  await fires(service, "a", "b", "c", "d", "e");
  const { body, stdout } = await shown(service, "failing");
  expect(body).toMatchObject({
    heldBack: { reason: "waiting_breaker", detail: expect.stringContaining("HTTP 500"), until: expect.any(String) },
    breaker: { state: "open", lastFailure: expect.stringContaining("HTTP 500") },
    deadLetters: 0,
  });
  expect(stdout).toMatch(
    /^pager +pagerduty +failing \(breaker open, next try at \S+Z\) +targets\[0\] +\S+ +0 +last failure: HTTP 500/m,
  );
});

test("list and show a target that is paused as paused", async () => {
  await using service = await startService();
  service.simulator.setFaults([{ kind: "answer", status: 429 }]);
  await fires(service, "a");
  const { body, stdout } = await shown(service, "paused");
  expect(body).toMatchObject({ heldBack: { reason: "waiting_pause", until: expect.any(String) } });
  expect(stdout).toMatch(/^pager +pagerduty +paused after HTTP 429, next try at \S+Z +targets\[0\] +\S+ +0$/m);
});

test("list and show the number of dead letters of a target", async () => {
  await using service = await startService();
  service.simulator.setFaults([{ kind: "answer", status: 400, action: "trigger" }]);
  await fires(service, "a");
  await service.until("it is a dead letter", async () =>
    (await service.ask("GET", "/api/v1/deadletters")).body.deadletters.length > 0 ? true : undefined,
  );
  const { body, stdout } = await shown(service, "ready");
  expect(body.deadLetters).toBe(1);
  expect(stdout).toMatch(/^NAME .* DEAD LETTERS +ERRORS\npager +pagerduty +ready .* 1\n/);
});

test("a test of a paused target says at once that nothing was sent, and until when it is paused", async () => {
  await using service = await startService();
  service.simulator.setFaults([{ kind: "answer", status: 429 }]);
  await fires(service, "a");
  await shown(service, "paused");
  expect(await tocsin(service, "targets", "test", "pager")).toEqual({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(
      /^The test event was not sent to pager, and it will not be sent\. The target is paused after HTTP 429: .*\(waiting_pause, next try at \S+Z\)\. Repeat the test later\n$/,
    ),
  });
  expect((await service.ask("GET", "/api/v1/incidents")).body.incidents).toHaveLength(1);
});
