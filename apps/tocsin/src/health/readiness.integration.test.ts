import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startService } from "../service.fixture.ts";

test("the readiness probe and the log name the file of a ledger that does not commit", async () => {
  await using service = await startService();
  const file = join(service.dir, "tocsin.db");
  rmSync(file);
  const reasons = await service.until("it is not ready", async () => {
    const { status, body } = await service.ask("GET", "/readyz");
    return status === 503 ? body.reasons : undefined;
  });
  expect(reasons).toEqual([expect.stringContaining(`the ledger ${file} does not commit: `)]);
  const line = service.logs.map((one) => JSON.parse(one)).find(({ event }) => event === "ledger_unavailable");
  expect(line).toMatchObject({ ledger: file });
});
