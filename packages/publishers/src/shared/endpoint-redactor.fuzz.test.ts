import { execFile, spawnSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Endpoint, minRedactedLength, Secret } from "@tocsin/core";
import { minSecretLength } from "@tocsin/http";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { webhookTargetOf } from "../../test/webhook.ts";
import { classifyByStatus } from "./classify-by-status.ts";
import { endpointRedactor } from "./endpoint-redactor.ts";
import type { Post, Sender } from "@tocsin/http";

const tools = ["curl", "openssl", "python3"];
const missing = tools.filter((tool) => spawnSync(tool, [tool === "openssl" ? "version" : "--version"]).status !== 0);
if (missing.length > 0 && process.env["CI"]) throw new Error(`${missing.join(", ")} must be installed where CI is set`);

/** Secrets as people and programs make them: tokens, passwords, phrases; and the characters that encodings change. */
const tokens = fc.string({
  unit: fc.constantFrom(...Array.from("abcdefgXYZ0123456789-_.")),
  minLength: 6,
  maxLength: 80,
});
const passwords = fc.string({
  unit: fc.constantFrom(...Array.from(`abcXYZ019 "\\/%+&<>'{}[]:=?#@!$~;,|é漢😀`)),
  minLength: 6,
  maxLength: 60,
});
const seed = 20_261_125;
const secrets = [
  ...fc.sample(tokens, { seed, numRuns: 15 }),
  ...fc.sample(passwords, { seed, numRuns: 45 }),
  'abc"def',
  "abc\\def",
  "a\\nb\\tcd",
  "ends in \\",
  '"quoted"',
  "100%25+more",
  "%41%42%43%44%45%46",
  "\\\\\\\\\\\\",
  "p@ss wörd+1",
  "x".repeat(300),
]
  .map((secret) => secret.trim())
  .filter((secret) => secret.length >= minSecretLength && !secret.startsWith("-"));

type Spellings = Record<string, string>;
const spellingsOf = new Map<string, Spellings>();

const run = promisify(execFile);

/** The bytes that curl sends to a server on loopback with a secret in the query and as a user's password. */
async function curlSpellings(
  secret: string,
  url: string,
  seen: () => { path: string; authorization: string },
): Promise<Spellings> {
  await run("curl", ["-s", "-o", "/dev/null", "-G", "--data-urlencode", `q=${secret}`, "-u", `user:${secret}`, url]);
  const { path, authorization } = seen();
  return { "curl's query": path.slice(path.indexOf("q=") + 2), "curl's basic": authorization };
}

function opensslSpellings(secret: string): Spellings {
  const encoded = (...flags: string[]) =>
    spawnSync("openssl", ["base64", ...flags], { input: secret }).stdout.toString();
  return { "openssl's base64": encoded("-A"), "openssl's base64, lines": encoded() };
}

beforeAll(async () => {
  if (missing.length > 0) return;
  let seen = { path: "", authorization: "" };
  const server = createServer(({ url = "", headers }, response) => {
    seen = { path: url, authorization: headers.authorization ?? "" };
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const script = fileURLToPath(new URL("../../test/spellings.py", import.meta.url));
  const { stdout } = spawnSync("python3", [script], { input: JSON.stringify(secrets) });
  const python = JSON.parse(stdout.toString()) as Record<string, Spellings>;
  for (const secret of secrets) {
    // A colon ends the user's name, and curl reads a file for a value that begins with @.
    const curl = secret.includes("\0") ? {} : await curlSpellings(secret, url, () => seen);
    spellingsOf.set(secret, { ...python[secret], ...opensslSpellings(secret), ...curl });
  }
  server.close();
}, 120_000);

/** An endpoint with this credential, as a token, as basic authentication, or percent-encoded. */
function endpointWith(secret: string, how: "token" | "bearer" | "basic"): Endpoint {
  const value = {
    token: secret,
    bearer: `Bearer ${secret}`,
    basic: `Basic ${Buffer.from(`user:${secret}`).toString("base64")}`,
  }[how];
  return { ...webhookTargetOf(), headers: { Authorization: new Secret(value) } };
}

/** The detail that is stored for an answer with this body. */
async function stored(endpoint: Endpoint, body: string, status: number): Promise<string> {
  const answers: Sender = {
    post: () => Promise.resolve({ kind: "answered", status, retryAfter: undefined, body }),
    get: () => Promise.resolve({ kind: "answered", status, retryAfter: undefined, body }),
  };
  const redactor = endpointRedactor(endpoint);
  const reply = await redactor.sender(answers).post({} as Post);
  return JSON.stringify(redactor.outcome(classifyByStatus(reply, 0)));
}

const window = 8;

/** Parts of a spelling that are still there. A match of eight characters is no accident. */
function leaks(spelling: string, shown: string): string[] {
  const asShown = JSON.stringify(spelling.trim()).slice(1, -1);
  const parts = [spelling.trim(), asShown].flatMap((text) =>
    text.length <= window
      ? [text]
      : Array.from({ length: text.length - window + 1 }, (_, at) => text.slice(at, at + window)),
  );
  // Backslashes before an escaped character may stay.
  return parts.filter((part) => part.replaceAll("\\", "").length > 3 && shown.includes(part));
}

/** These backslashes may stay: they may belong to the text around the secret. */
const backslashAtEnd = /^\\|\\$/;

const fillers = fc.string({ unit: fc.constantFrom(...Array.from("ghijk lmno.,(){}\n")), maxLength: 1_100 });
const near = fc.integer({ min: -90, max: 20 });

describe.skipIf(missing.length > 0)("an answer that repeats a credential", () => {
  test("shows none of it, in any spelling and at any place", { timeout: 120_000 }, async () => {
    const how = fc.constantFrom("token" as const, "bearer" as const, "basic" as const);
    const place = fc.oneof(
      fillers,
      near.map((at) => "m".repeat(500 + at)),
      near.map((at) => "m".repeat(1_000 + at)),
    );
    for (const [secret, spellings] of [...spellingsOf].filter(([one]) => !backslashAtEnd.test(one))) {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...Object.entries(spellings)),
          how,
          place,
          fillers,
          fc.constantFrom(200, 400, 401, 500),
          async ([name, spelling], kind, before, after, status) => {
            const shown = await stored(endpointWith(secret, kind), `${before} <${spelling}> ${after}`, status);
            expect({ secret, name, kind, leaks: leaks(spelling, shown) }).toEqual({ secret, name, kind, leaks: [] });
          },
        ),
        { numRuns: 40, seed },
      );
    }
    expect(spellingsOf.size).toBeGreaterThan(60);
  });

  test("shows none of a secret that ends with a backslash, except perhaps the backslash", async () => {
    const ended = [...spellingsOf].filter(([one]) => backslashAtEnd.test(one));
    expect(ended.length).toBeGreaterThan(2);
    for (const [secret, spellings] of ended) {
      for (const spelling of Object.values(spellings)) {
        const shown = await stored(endpointWith(secret, "token"), spelling, 500);
        expect(shown).not.toContain(JSON.stringify(secret).slice(1, -1));
      }
    }
  });

  test("shows at most five characters of it at the end of a cut answer", async () => {
    for (const [secret, spellings] of [...spellingsOf].filter(([one]) => /^[\w.-]{12,}$/.test(one))) {
      for (const name of ["as it is", "base64", "base64, URL alphabet", "curl's query"]) {
        const spelling = spellings[name]!;
        for (let length = 1; length < spelling.length; length++) {
          const shown = await stored(endpointWith(secret, "bearer"), `refused: ${spelling.slice(0, length)}`, 500);
          expect({ secret, name, length, shown: shown.includes(spelling.slice(0, 6)) }).toEqual({
            secret,
            name,
            length,
            shown: false,
          });
        }
      }
    }
  });

  test("stays JSON if it was", () => {
    for (const secret of secrets) {
      const redactor = endpointRedactor(endpointWith(secret, "token"));
      const body = JSON.stringify({
        [`\n${secret}`]: [`"${secret}\\`, JSON.stringify({ deep: `\\${secret}"` })],
        other: 1,
      });
      const outcome = redactor.outcome({ kind: "retry", reason: "server", detail: body });
      const { other, ...rest } = JSON.parse("detail" in outcome ? outcome.detail : "") as Record<string, unknown>;
      expect(other).toBe(1);
      expect(JSON.stringify(rest)).not.toContain(secret);
    }
  });
});

test("texts that contain no secret stay as they are", () => {
  const redactor = endpointRedactor(endpointWith("s3cret-t0ken", "bearer"));
  const detail = 'HTTP 400: {"error":"50% of a+b \\"quoted\\" &amp; C:\\\\dir"}';
  expect(redactor.outcome({ kind: "retry", reason: "server", detail })).toMatchObject({ detail });
});

test("core warns about secrets that are too short to be found", () => {
  expect(minRedactedLength).toBe(minSecretLength);
});
