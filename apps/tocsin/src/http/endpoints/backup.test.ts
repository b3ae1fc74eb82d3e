import { LedgerUnavailable } from "@tocsin/core";
import { expect, test } from "vitest";
import { backupEndpoints, type Backups } from "./backup.ts";

test.each([
  [
    new Error("the copy was not written: database or disk is full"),
    "disk is full. The copy is written beside the ledger",
  ],
  [new LedgerUnavailable("its file is gone"), "its file is gone"],
])("a copy that fails with %s is not reported as a bug", async (failure, message) => {
  const ledger = { backup: () => Promise.reject(failure) } as unknown as Backups["ledger"];
  const [endpoint] = backupEndpoints({ ledger, file: "/nowhere/tocsin.db" });
  await expect(endpoint?.answer({} as never, {} as never)).rejects.toThrow(message);
  await expect(endpoint?.answer({} as never, {} as never)).rejects.not.toHaveProperty("name", "Error");
});
