import { parseTarget, type ParseTargetOptions, targetJsonSchema } from "@tocsin/core";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { signingSecret } from "../../test/webhook.ts";
import { credentialIdentity, endpointIdentity } from "../shared/identity.ts";
import { webhookTargetType } from "./target-type.ts";

const other = "whsec_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";
const url = "https://hooks.example.com/tocsin/s3cr3t?key=abc";
const parse = (input: object, more: Partial<ParseTargetOptions> = {}) =>
  parseTarget(
    { name: "hook", type: "webhook", url, ...input },
    { types: [webhookTargetType], readSecret: () => other, ...more },
  );
const targetOf = (input: object, more: Partial<ParseTargetOptions> = {}) => {
  const parsed = parse(input, more);
  if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.target;
};
const secretsOf = (input: object, more: Partial<ParseTargetOptions> = {}) =>
  targetOf(input, more).signingSecrets?.map((secret) => secret.reveal());

const headersBesideToken = (input: object) => targetOf(input, { siblingEntries: { token: "t0ken" } }).headers;

describe("a webhook target", () => {
  test("needs only a URL, whose path and query stay unchanged, and has no limit, no credential and no adopted resolves", () => {
    expect(targetOf({})).toMatchObject({
      url,
      credential: null,
      degraded: false,
      takesChanges: false,
      adoptUnknownResolves: false,
      rateLimit: { limit: 0 },
      typeOptions: {},
    });
    expect(targetOf({}).signingSecrets).toBeUndefined();
    expect(targetOf({ changes: true }).takesChanges).toBe(true);
  });

  test.each<[string, object, Partial<ParseTargetOptions>, string[]]>([
    ["one secret", { signing_secret: signingSecret }, {}, [signingSecret]],
    ["a reference", { signing_secret: { env: "S" } }, {}, [other]],
    ["several, while one is rotated", { signing_secret: [signingSecret, { file: "f" }] }, {}, [signingSecret, other]],
    ["the entry beside it", {}, { siblingEntries: { signing_secret: `${signingSecret}\n` } }, [signingSecret]],
    [
      "several in the entry beside it",
      {},
      { siblingEntries: { signing_secret: `${signingSecret}\n${other}\n` } },
      [signingSecret, other],
    ],
    [
      "its own before the entry",
      { signing_secret: other },
      { siblingEntries: { signing_secret: signingSecret } },
      [other],
    ],
  ])("signs with %s", (_, input, more, secrets) => {
    expect(secretsOf(input, more)).toEqual(secrets);
  });

  test("warns that nothing is signed if the secret is blank", () => {
    const parsed = parse({ signing_secret: { env: "S" } }, { readSecret: () => " \n" });
    expect(parsed).toMatchObject({ warnings: [{ path: "signing_secret", message: "is blank: nothing is signed" }] });
  });

  test("sends a bearer token that is stored beside it, unless its headers say who it is", () => {
    expect(headersBesideToken({})["Authorization"]!.reveal()).toBe("Bearer t0ken");
    const { Authorization, authorization: own } = headersBesideToken({ headers: { authorization: "Basic eA==" } });
    expect([Authorization, own!.reveal()]).toEqual([undefined, "Basic eA=="]);
  });

  test("stays the same endpoint when its secrets are rotated, but not at another URL", () => {
    const identity = endpointIdentity(targetOf({ signing_secret: signingSecret, headers: { Authorization: "a" } }));
    expect(endpointIdentity(targetOf({ signing_secret: [other], headers: { Authorization: "b" } }))).toBe(identity);
    expect(endpointIdentity(targetOf({ url: `${url}d` }))).not.toBe(identity);
    // Two receivers may share a secret, but not a limit.
    const limiter = (target: object) =>
      credentialIdentity(targetOf({ signing_secret: signingSecret, ...target }), { source: "config" });
    expect(limiter({})).not.toBe(limiter({ url: "https://other.example.com" }));
  });

  test.each<[string, object, Partial<ParseTargetOptions>, string]>([
    ["no URL", { url: undefined }, {}, "url"],
    ["plain http", { url: "http://hooks.example.com" }, {}, "url"],
    ["a metadata service", { url: "https://169.254.169.254/latest" }, {}, "url"],
    ["a metadata service in other digits", { url: "https://2852039166/" }, {}, "url"],
    [
      "a metadata service is refused even if plain http is allowed",
      { url: "http://169.254.169.254/", allow_insecure: true },
      {},
      "url",
    ],
    ["a link-local address", { url: "https://[fe80::1]/" }, {}, "url"],
    ["AWS's metadata service in IPv6", { url: "https://[fd00:ec2::254]/" }, {}, "url"],
    ["a secret without its prefix", { signing_secret: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }, {}, "signing_secret"],
    ["a wrong one of several", { signing_secret: [signingSecret, "whsec_short"] }, {}, "signing_secret[1]"],
    ["too many secrets", { signing_secret: Array.from({ length: 6 }, () => signingSecret) }, {}, "signing_secret"],
    ["no secret in the list", { signing_secret: [] }, {}, "signing_secret"],
    ["a wrong secret beside it", {}, { siblingEntries: { signing_secret: "wrong-secret" } }, "signing_secret"],
    ["a header of ours", { headers: { "Webhook-Signature": "v1,x" } }, {}, "headers.Webhook-Signature"],
    ["adopted resolves", { adopt_unknown_resolves: true }, {}, "adopt_unknown_resolves"],
    ["PagerDuty's key", { routing_key: "0123456789abcdef0123456789abcdef" }, {}, "routing_key"],
  ])("with %s is invalid", (_, input, more, path) => {
    const parsed = parse(input, more);
    expect("issues" in parsed && parsed.issues.map((issue) => issue.path)).toEqual([path]);
    expect(JSON.stringify(parsed)).not.toMatch(/MfKQ9r8G|whsec_short|wrong-secret/);
  });

  test("may be link-local with allow_link_local", () => {
    const target = targetOf({ url: "http://169.254.20.10:8080/", allow_insecure: true, allow_link_local: true });
    expect(target.typeOptions).toEqual({ anyAddress: true });
  });

  test("as documented is accepted by the JSON Schema, too", () => {
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(
      targetJsonSchema([webhookTargetType]),
    );
    for (const signing_secret of [signingSecret, { env: "S" }, [signingSecret, { file: "f" }]]) {
      expect(validate({ name: "hook", type: "webhook", url, signing_secret })).toBe(true);
    }
    expect(validate({ name: "hook", type: "webhook", url, signing_secret: [] })).toBe(false);
    expect(validate({ name: "hook", type: "webhook", url, region: "eu" })).toBe(false);
  });
});
