import { VirtualClock } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { LoginLimit } from "./login-limit.ts";
import { Problem } from "./problem.ts";

/** Returns how long the address must wait, seconds. Undefined: it may log in. */
function waitSeconds(limit: LoginLimit, address: string): number | undefined {
  try {
    limit.refuse(address);
    return undefined;
  } catch (error) {
    if (error instanceof Problem && error.status === 429) return Number(error.headers["retry-after"]);
    throw error;
  }
}

describe("failed logins", () => {
  test("are limited to ten within any minute, for each address alone", async () => {
    const clock = new VirtualClock();
    const limit = new LoginLimit(clock);
    for (let failure = 0; failure < 10; failure++) {
      expect(waitSeconds(limit, "10.0.0.1")).toBeUndefined();
      limit.failed("10.0.0.1");
      await clock.advance(3_000);
    }
    expect(waitSeconds(limit, "10.0.0.1")).toBe(30);
    expect(waitSeconds(limit, "10.0.0.2")).toBeUndefined();
    await clock.advance(29_999);
    expect(waitSeconds(limit, "10.0.0.1")).toBe(1);
    await clock.advance(1);
    expect(waitSeconds(limit, "10.0.0.1")).toBeUndefined();
    limit.failed("10.0.0.1");
    expect(waitSeconds(limit, "10.0.0.1")).toBe(3);
  });

  test("are remembered for the ten thousand latest addresses", () => {
    const limit = new LoginLimit(new VirtualClock());
    for (let failure = 0; failure < 10; failure++) limit.failed("first");
    for (let other = 1; other < 10_000; other++) limit.failed(`address ${other}`);
    expect(waitSeconds(limit, "first")).toBe(60);
    limit.failed("one more");
    expect(waitSeconds(limit, "first")).toBeUndefined();
  });
});
