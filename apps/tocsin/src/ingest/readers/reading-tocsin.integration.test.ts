import { VirtualClock } from "@tocsin/test";
import { expect, test } from "vitest";
import { formatAddress } from "../../config/address.ts";
import { startService, type TestService } from "../../service.fixture.ts";

const minute = 60_000;
const startsAt = "2026-11-23T10:00:00Z";

const send = async (to: TestService, status: "firing" | "resolved") => {
  const alert = {
    status,
    labels: { alertname: "Shared" },
    startsAt,
    ...(status === "resolved" && { endsAt: startsAt }),
  };
  await to.ask("POST", "/api/v1/webhook/alertmanager?source=am", { alerts: [alert] });
};

test("another Tocsin that reads this API ends its alert 20 minutes after it ended here", async () => {
  await using read = await startService();
  const otherClock = new VirtualClock(Date.now());
  const urls = [`http://${formatAddress(read.tocsin.address)}`];
  await using other = await startService(() => ({ sources: [{ name: "am", alertmanager: { urls, every: "1m" } }] }), {
    clock: otherClock,
  });
  const polls = async (count: number) => {
    for (let n = 0; n < count; n++) {
      const reads = () => other.logs.filter((line) => line.includes('"event":"alertmanager_read"')).length;
      const before = reads();
      await otherClock.advance(minute);
      await other.until("the API is read", () => (reads() > before ? true : undefined));
    }
  };
  const status = async () => (await other.ask("GET", "/api/v1/alerts")).body.alerts[0].status;
  await send(read, "firing");
  await send(other, "firing");
  await polls(30);
  expect(await status()).toBe("firing");
  await send(read, "resolved");
  expect((await read.ask("GET", "/api/v2/alerts")).body).toEqual([]);
  await polls(20);
  expect(await status()).toBe("firing");
  await polls(2);
  expect(await status()).toBe("resolved");
});

test("a Tocsin refuses to read itself, and says so", async () => {
  const free = await startService();
  const listen = formatAddress(free.tocsin.address);
  await free[Symbol.asyncDispose]();
  await using service = await startService(() => ({
    server: { listen },
    sources: [{ name: "am", alertmanager: { urls: [`http://${listen}`], every: "1m" } }],
  }));
  const failure = await service.until("the reading fails", () =>
    service.logs.find((line) => line.includes('"event":"alertmanager_not_counted"')),
  );
  expect(JSON.parse(failure)).toMatchObject({ problem: expect.stringContaining("this service itself") });
});
