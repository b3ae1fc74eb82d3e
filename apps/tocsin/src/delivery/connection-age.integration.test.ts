import { answer, ScriptedReceiver } from "@tocsin/test";
import { expect, test } from "vitest";
import { startService } from "../service.fixture.ts";

test.each([
  ["0s", 2],
  ["5m", 1],
])("with delivery.maxConnectionAge %s two events take %i connections", async (maxConnectionAge, connectionCount) => {
  await using receiver = await ScriptedReceiver.open(answer(202), answer(202));
  await using service = await startService(() => ({
    targets: [{ name: "hook", type: "webhook", url: receiver.url }],
    delivery: { maxConnectionAge },
  }));
  for (const count of [1, 2]) {
    const alert = { status: "firing", fingerprint: `f${count}`, labels: { alertname: "A" }, startsAt: new Date() };
    await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [alert] });
    await service.until(`event ${count}`, () => (receiver.requests.length === count ? true : undefined));
  }
  expect(receiver.connectionCount).toBe(connectionCount);
});
