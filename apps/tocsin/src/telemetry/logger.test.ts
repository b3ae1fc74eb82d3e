import { inspect } from "node:util";
import type { Logger as PinoLogger } from "pino";
import { expect, test } from "vitest";
import { createLogger, type Logger } from "./logger.ts";
import { Scrubber } from "./scrubber.ts";

const key = "R0UT1NGKEY0123456789abcdefABCDEF";
const token = 'quote"back\\slash/and+plus';
const longer = `${key}-and-more`;

/** Without the list of events: these lines may hold anything. */
function logTo(lines: string[], format: "json" | "pretty" = "json"): PinoLogger {
  const scrubber = new Scrubber();
  scrubber.learn([key, token, longer]);
  return createLogger({ level: "debug", format }, scrubber, (line) => lines.push(line)) as Logger & PinoLogger;
}

test.each(["json", "pretty"] as const)("no planted secret leaves the logger, wherever it was put (%s)", (format) => {
  const lines: string[] = [];
  const log = logTo(lines, format);
  const failure = Object.assign(new Error(`refused ${key}`, { cause: new Error(token) }), {
    request: { headers: { Authorization: `Bearer ${token}` } },
  });
  log.info(`posting with ${key}`);
  log.info({ deep: { deeper: [{ Routing_Key: key }] } }, "nested");
  log.warn({ url: `https://hooks.example.com/?key=${encodeURIComponent(token)}` }, "a URL");
  log.error({ err: failure }, `failed: ${failure.message}`);
  log.error(failure);
  log.debug({ longer, [key]: "as a name" });
  log.info("inspected %s", inspect(failure));
  const text = lines.join("");
  expect(lines).toHaveLength(7);
  for (const secret of [key, token, JSON.stringify(token).slice(1, -1), encodeURIComponent(token), "and-more"])
    expect(text).not.toContain(secret);
  expect(text).toContain("[secret]");
});

test("a line stays valid JSON, whatever encoding of a secret it held", () => {
  const lines: string[] = [];
  const log = logTo(lines);
  const body = JSON.stringify({ deep: `\n${token}\\` });
  log.warn({ body, twice: JSON.stringify(body), basic: Buffer.from(`user:${token}`).toString("base64") }, "answered");
  const text = JSON.stringify(JSON.parse(lines[0]!));
  expect(text.match(/\[secret\]/g)).toHaveLength(3);
  expect(text).not.toMatch(/quote|back|slash/);
});

test("removes secrets from the time they are learned, and still removes earlier ones", () => {
  const scrubber = new Scrubber();
  expect(scrubber.scrub("nothing known yet")).toBe("nothing known yet");
  scrubber.learn(["first-secret"]);
  scrubber.learn(["second-secret"]);
  expect(scrubber.scrub("first-secret second-secret first-secret")).toBe("[secret] [secret] [secret]");
});

test("keeps the latest secrets of many rotations, up to its limit", () => {
  const scrubber = new Scrubber(100);
  scrubber.learn(Array.from({ length: 250 }, (_, index) => `rotated-${index}-end`));
  expect(scrubber.scrub("rotated-149-end")).toBe("rotated-149-end");
  expect(scrubber.scrub("rotated-150-end rotated-249-end")).toBe("[secret] [secret]");
});

test("keeps ordinary words: very short secrets are ignored, and special characters are literal", () => {
  const scrubber = new Scrubber();
  scrubber.learn(["a", "", "a.c*d(e"]);
  expect(scrubber.scrub("a abc abcccd")).toBe("a abc abcccd");
  expect(scrubber.scrub("x a.c*d(e y")).toBe("x [secret] y");
});

test("a line is JSON with time, level and message; pretty is readable text", () => {
  const lines: string[] = [];
  logTo(lines).info({ port: 9877 }, "listening");
  expect(JSON.parse(lines[0]!)).toEqual({ level: "info", time: expect.any(String), port: 9877, msg: "listening" });
  logTo(lines, "pretty").info({ port: 9877 }, "listening");
  expect(lines[1]).toMatch(/^\d\d:\d\d:\d\d info {2}listening port=9877\n$/);
});
