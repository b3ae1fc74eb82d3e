import { postgresPrograms, TestPostgres } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { connect } from "./connect.ts";

/** Open connections of this process. */
const sockets = (): number => process.getActiveResourcesInfo().filter((one) => one === "TCPSocketWrap").length;

describe.each(postgresPrograms())("a login at $name", (programs) => {
  test("fails at once and leaves no connection open if a password is needed and none is set", async () => {
    await using server = await TestPostgres.open({ programs, password: "s3cret-Passw0rd" });
    const before = sockets();
    await expect(connect(server.address)).rejects.toThrow(
      "PostgreSQL asks for a password and none is set; set `ledger.password`",
    );
    for (let turn = 0; turn < 1_000 && sockets() > before; turn++)
      await new Promise((resolve) => setImmediate(resolve));
    expect(sockets()).toBe(before);
    const session = await connect({ ...server.address, password: "s3cret-Passw0rd" });
    expect(sockets()).toBe(before + 1);
    await session.end();
  });

  test("says that the password is wrong", async () => {
    await using server = await TestPostgres.open({ programs, password: "s3cret-Passw0rd" });
    await expect(connect({ ...server.address, password: "another" })).rejects.toThrow(/password authentication failed/);
  });
});
