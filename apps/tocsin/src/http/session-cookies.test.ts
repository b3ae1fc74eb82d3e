import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { SessionCookies, sessionSeconds, type SessionToken } from "./session-cookies.ts";

const key = (byte: number): Buffer => Buffer.alloc(32, byte);
const tokenOf = (name: string, value: string): SessionToken => ({
  name,
  digest: createHash("sha256").update(value).digest(),
});

const people = tokenOf("people", "people-token");
const tokens = [tokenOf("grafana", "read-token"), people];
const nowMs = Date.UTC(2026, 0, 1);
const cookies = new SessionCookies([key(1)]);
const value = cookies.seal(people, nowMs);
const afterSeconds = (seconds: number) => cookies.tokenOf(value, tokens, nowMs + seconds * 1_000);

describe("a session cookie", () => {
  test("names the token of the login, and has only characters that a cookie may have", () => {
    expect(cookies.tokenOf(value, tokens, nowMs)).toBe(people);
    expect(value).toMatch(/^[\w.-]+$/);
    const unusual = tokenOf('Ä "b"; c=d,', "x");
    const sealed = cookies.seal(unusual, nowMs);
    expect(sealed).toMatch(/^[\w.-]+$/);
    expect(cookies.tokenOf(sealed, [unusual], nowMs)).toBe(unusual);
  });

  test("reveals neither the token nor a hash that could be compared with others", () => {
    const content = Buffer.from(value.split(".")[1] ?? "", "base64url").toString();
    expect(content).toMatch(/^\["people","[\w-]{43}",\d+\]$/);
    for (const encoding of ["hex", "base64", "base64url"] as const)
      expect(content).not.toContain(people.digest.toString(encoding));
  });

  test("lasts twelve hours, and tolerates a replica whose clock is a minute ahead", () => {
    expect(sessionSeconds).toBe(12 * 3_600);
    expect(afterSeconds(sessionSeconds - 1)).toBe(people);
    expect(afterSeconds(sessionSeconds)).toBeUndefined();
    expect(afterSeconds(-60)).toBe(people);
    expect(afterSeconds(-61)).toBeUndefined();
  });

  test("is refused if any one of its characters differs", () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    for (let at = 0; at < value.length; at++) {
      const others = at === value.length - 1 ? alphabet.split("") : ["A", "b", "-", "."];
      for (const other of others) {
        if (other === value[at]) continue;
        const tampered = value.slice(0, at) + other + value.slice(at + 1);
        expect([at, other, cookies.tokenOf(tampered, tokens, nowMs)]).toEqual([at, other, undefined]);
      }
    }
    expect(cookies.tokenOf(value.slice(0, -1), tokens, nowMs)).toBeUndefined();
    expect(cookies.tokenOf(`${value}A`, tokens, nowMs)).toBeUndefined();
  });

  test.each(["", ".", "..", "v1", "v1..", "v1.W10", "v1.W10.", "x".repeat(100_000)])("%# is refused", (text) => {
    expect(cookies.tokenOf(text, tokens, nowMs)).toBeUndefined();
  });

  test("ends when its token is removed, has another value, or only another token has its value", () => {
    expect(cookies.tokenOf(value, tokens.slice(0, 1), nowMs)).toBeUndefined();
    expect(cookies.tokenOf(value, [tokenOf("people", "new-token")], nowMs)).toBeUndefined();
    expect(cookies.tokenOf(value, [tokenOf("others", "people-token")], nowMs)).toBeUndefined();
    const old = tokenOf("people", "people-token");
    expect(cookies.tokenOf(value, [tokenOf("people", "new-token"), old], nowMs)).toBe(old);
  });

  test("is accepted by each replica with its key, and while a list of keys replaces it", () => {
    expect(new SessionCookies([key(1)]).tokenOf(value, tokens, nowMs)).toBe(people);
    expect(new SessionCookies([key(2), key(1)]).tokenOf(value, tokens, nowMs)).toBe(people);
    expect(new SessionCookies([key(2)]).tokenOf(value, tokens, nowMs)).toBeUndefined();
    const signedWithFirst = new SessionCookies([key(2), key(1)]).seal(people, nowMs);
    expect(new SessionCookies([key(2)]).tokenOf(signedWithFirst, tokens, nowMs)).toBe(people);
    expect(cookies.tokenOf(signedWithFirst, tokens, nowMs)).toBeUndefined();
  });
});
