import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { lintSource } from "@secretlint/core";
import { creator } from "@secretlint/secretlint-rule-preset-recommend";
import type { Alert } from "@tocsin/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { redactAlert } from "./redact-alert.ts";

const encodings = ["hex", "base64", "base64url"] as const;
const settings = { denyLabels: [], keep: [] };

/** What secretlint finds in a text. It is the judge, because its rules are not ours. */
async function found(content: string): Promise<string[]> {
  const { messages } = await lintSource({
    source: { content, filePath: "alert.txt", ext: ".txt", contentType: "text" },
    options: {
      config: { rules: [{ id: "@secretlint/secretlint-rule-preset-recommend", rule: creator, rules: [] }] },
      noPhysicFilePath: true,
    },
  });
  return messages.map(({ ruleId }) => ruleId);
}

const foreign: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["github", /^gh[pousr]_[A-Za-z0-9]{36}$/],
  ["github fine-grained", /^github_pat_[A-Za-z0-9]{82}$/],
  ["gitlab", /^glpat-[A-Za-z0-9]{20}$/],
  ["npm", /^npm_[A-Za-z0-9]{36}$/],
  ["slack", /^xoxb-[0-9]{12}-[0-9]{12}-[a-zA-Z0-9]{24}$/],
  ["stripe", /^sk_live_[a-zA-Z0-9]{24}$/],
  ["shopify", /^shpat_[a-zA-Z0-9]{32}$/],
  ["sendgrid", /^SG\.[A-Za-z0-9]{22}\.[A-Za-z0-9]{43}$/],
  ["notion", /^ntn_[0-9]{11}[A-Za-z0-9]{35}$/],
  ["grafana", /^glsa_[A-Za-z0-9]{32}_[A-F0-9]{8}$/],
  ["docker", /^dckr_pat_[a-zA-Z0-9]{27}$/],
  ["basic auth", /^https:\/\/[a-z]{5}:[a-zA-Z0-9]{12}@host\.internal\.net$/],
  ["postgres", /^postgres:\/\/[a-z]{4}:[a-zA-Z0-9]{12}@db\.internal\.net:5432\/shop$/],
  ["mongodb", /^mongodb:\/\/[a-z]{4}:[a-zA-Z0-9]{12}@db\.internal\.net:27017\/shop$/],
  ["aws", /^aws_secret_access_key = [A-Za-z0-9]{20}\/[A-Za-z0-9+]{19}$/],
];

/** Every place of a text in which a secret may stand. */
const places: readonly ((secret: string) => Pick<Alert, "labels" | "annotations">)[] = [
  (secret) => ({ labels: { note: secret }, annotations: {} }),
  (secret) => ({ labels: {}, annotations: { description: `it failed with ${secret} at noon` } }),
  (secret) => ({ labels: {}, annotations: { description: `{"value":"${secret}"}` } }),
  (secret) => ({ labels: {}, annotations: { log: `x=${secret}, y` } }),
];

const hiddenPart = (secret: string): string => /:([a-zA-Z0-9]{12})@/.exec(secret)?.[1] ?? secret.split(" ").at(-1)!;

describe("redaction, judged by secretlint", () => {
  test.each(foreign)("leaves nothing of the shape %s", async (_, pattern) => {
    for (const secret of fc.sample(fc.stringMatching(pattern), { numRuns: 25, seed: 7 })) {
      if (new Set(hiddenPart(secret)).size < 8) continue;
      for (const place of places) {
        const before = place(secret);
        const after = JSON.stringify(redactAlert(before, settings));
        expect(after).not.toContain(hiddenPart(secret));
        expect(await found(after)).toEqual([]);
      }
    }
    const samples = fc.sample(fc.stringMatching(pattern), { numRuns: 25, seed: 7 });
    const seen = await Promise.all(samples.map((secret) => found(`it failed with ${secret} at noon`)));
    // The judge does know this shape.
    expect(seen.filter((rules) => rules.length > 0).length).toBeGreaterThan(12);
  });

  test("leaves nothing of keys that OpenSSL makes", async () => {
    for (const type of ["pkcs8", "sec1"] as const) {
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const pem = privateKey.export({ type, format: "pem" });
      const [, line = ""] = pem.split("\n");
      for (const place of places) {
        const after = JSON.stringify(redactAlert(place(pem), settings));
        expect(after).not.toContain(line);
        expect(await found(after)).toEqual([]);
      }
    }
  });

  test("finds random texts by their entropy alone: at most 2 of 1,000 pass, and only those that look like a name", () => {
    const passed: string[] = [];
    for (let n = 0; n < 1_000; n++) {
      const secret = randomBytes(24).toString(encodings[n % 3]);
      if (JSON.stringify(redactAlert(places[n % places.length]!(secret), settings)).includes(secret))
        passed.push(secret);
    }
    expect(passed.filter((one) => /\d/.test(one) && passed.length > 2)).toEqual([]);
    expect(passed.length).toBeLessThanOrEqual(2);
  });
});

interface Line {
  readonly alert: Pick<Alert, "labels" | "annotations">;
  readonly injection?: boolean;
}

const corpus = readFileSync(new URL("../../../../../test/corpus/alerts.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Line);

test("keeps 95 % of the words of clean alerts, and each name of a pod, host, image and service", () => {
  const named =
    /^(?:pod|instance|node|host|hostname|image|service|container|deployment|statefulset|job|namespace|app|cluster)$/;
  const words = { all: 0, kept: 0 };
  const lost: string[] = [];
  let names = 0;
  for (const { alert, injection } of corpus) {
    if (injection) continue;
    const after = redactAlert(alert, settings);
    for (const part of ["labels", "annotations"] as const)
      for (const [name, value] of Object.entries(alert[part])) {
        const left = new Set((after[part][name] ?? "").split(/\s+/));
        for (const word of value.split(/\s+/).filter((one) => one !== "")) {
          words.all++;
          if (left.has(word)) words.kept++;
        }
        if (!named.test(name)) continue;
        names++;
        if (after[part][name] !== value) lost.push(`${name}: ${value}`);
      }
  }
  expect([words.all > 5_000, names > 200]).toEqual([true, true]);
  expect(words.kept / words.all).toBeGreaterThan(0.95);
  expect(lost).toEqual([]);
});

test.each([
  "a",
  "a.",
  "a:",
  "a@",
  "1.",
  "-",
  "=",
  "a=",
  "-----BEGIN X-----",
  "https://",
  "ab/",
  "A1b2-",
  "\u0000",
  ":1",
  "%2F",
  "a:a",
  "token\\",
  "--token ",
  "R0",
])("reads 100,000 characters of %j in a short time", (unit) => {
  const value = unit.repeat(Math.ceil(100_000 / unit.length));
  const startedAtMs = performance.now();
  redactAlert({ labels: { note: value }, annotations: { note: value } }, settings);
  // Linear work takes some milliseconds; a pattern that backtracks over 20,000 characters takes minutes.
  expect(performance.now() - startedAtMs).toBeLessThan(2_000);
});
