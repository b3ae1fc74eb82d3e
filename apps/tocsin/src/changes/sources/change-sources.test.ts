import { createHash, createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { openSources, receivedAtMs, secret } from "./change-source.fixture.ts";
import { LatestChanges } from "./latest-changes.ts";

const body = Buffer.from('{ "zen": "Hello" }\n');
const nowMs = receivedAtMs;
const seconds = receivedAtMs / 1_000;

const hmac = (key: string, hash = "sha256", of: string | Buffer = body, encoding: "hex" | "base64" = "hex") =>
  createHmac(hash, key).update(of).digest(encoding);
const mac = hmac(secret);

/** The reason of a refusal. */
function refusal(sources: ReturnType<typeof openSources>, name: string, headers: object, bytes: Uint8Array = body) {
  const verified = sources.verify(name, { headers: headers as never, body: bytes, nowMs });
  return "refused" in verified ? verified.refused : accepted;
}
const accepted = "accepted";

/** Those of two secrets whose signatures a source with these secrets accepts. */
const acceptedOf = (secrets: string[]) =>
  ["old-secret", "new-secret"].filter(
    (key) => refusal(openSources({ secrets }), "github", { "x-hub-signature-256": `sha256=${hmac(key)}` }) === accepted,
  );

describe("a signature of GitHub", () => {
  test("follows the example that GitHub publishes", () => {
    const signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    const example = Buffer.from("Hello, World!");
    expect(refusal(openSources({}), "github", { "x-hub-signature-256": signature }, example)).toBe(accepted);
    expect(refusal(openSources({}), "github", { "x-hub-signature-256": signature })).toContain("does not match");
  });

  test.each<[string, unknown, string | undefined]>([
    ["valid", `sha256=${mac}`, undefined],
    ["in upper-case hex", `sha256=${mac.toUpperCase()}`, undefined],
    ["missing", undefined, "is missing"],
    ["empty", "", "does not begin with"],
    ["without prefix", mac, "does not begin with"],
    ["with another prefix", `sha1=${mac}`, "does not begin with"],
    ["with the prefix in upper case", `SHA256=${mac}`, "does not begin with"],
    ["with an empty prefix only", "sha256=", "holds no signature"],
    ["in base64", `sha256=${hmac(secret, "sha256", body, "base64")}`, "holds no signature"],
    ["truncated", `sha256=${mac.slice(0, 62)}`, "does not match"],
    ["truncated to half a byte", `sha256=${mac.slice(0, 63)}`, "holds no signature"],
    ["with a byte more", `sha256=${mac}00`, "does not match"],
    ["with blanks", `sha256= ${mac}`, "holds no signature"],
    ["in unicode", "sha256=ｆ００d", "holds no signature"],
    ["repeated, as Node joins headers", `sha256=${mac}, sha256=${mac}`, "holds no signature"],
    ["repeated as a list", [`sha256=${mac}`, `sha256=${mac}`], "holds no signature"],
    ["of 15,000 characters", `sha256=${"ab".repeat(7_500)}`, "does not match"],
    ["of another secret", `sha256=${hmac("another")}`, "does not match"],
    ["made of the parsed body", `sha256=${hmac(secret, "sha256", '{"zen":"Hello"}')}`, "does not match"],
    ["by another hash", `sha256=${hmac(secret, "sha512")}`, "does not match"],
    ["without a key", `sha256=${createHash("sha256").update(body).digest("hex")}`, "does not match"],
  ])("that is %s", (_, signature, reason) => {
    const refused = refusal(openSources({}), "github", { "x-hub-signature-256": signature });
    expect(refused).toContain(reason ?? accepted);
  });

  test("may be of any configured secret, so that secrets can be rotated", () => {
    expect(acceptedOf(["old-secret"])).toEqual(["old-secret"]);
    expect(acceptedOf(["new-secret", "old-secret"])).toEqual(["old-secret", "new-secret"]);
    expect(acceptedOf(["new-secret"])).toEqual(["new-secret"]);
  });

  test("does not count for another source, and no name of an object's prototype is a source", () => {
    const sources = openSources({}, { name: "other", secrets: ["another"] });
    for (const name of ["other", "unknown", "__proto__", "constructor", "toString", ""])
      expect(refusal(sources, name, { "x-hub-signature-256": `sha256=${mac}` })).not.toBe(accepted);
  });
});

describe("a signature of Flux", () => {
  test.each(["sha224", "sha256", "sha384", "sha512"])("may use %s", (hash) => {
    const sources = openSources({ type: "flux" });
    expect(refusal(sources, "flux", { "x-signature": `${hash}=${hmac(secret, hash)}` })).toBe(accepted);
    expect(refusal(sources, "flux", { "x-signature": `${hash}=${hmac("another", hash)}` })).toContain("does not match");
  });

  test.each([
    [{ "x-signature": `md5=${hmac(secret, "md5")}` }, "does not begin with"],
    [{ "x-signature": `sha512=${hmac(secret, "sha256")}` }, "does not match"],
    [{}, "is missing"],
    [{ authorization: "Bearer another" }, "is not one of the secrets"],
    [{ authorization: "Bearer a-token", "x-signature": "sha256=00" }, "does not match"],
  ])("is refused: %#", (headers, reason) => {
    expect(refusal(openSources({ type: "flux", secrets: ["a-token"] }), "flux", headers)).toContain(reason);
  });

  test("can be replaced by the secret as a bearer token", () => {
    const sources = openSources({ type: "flux", secrets: ["a-token"] });
    expect(refusal(sources, "flux", { authorization: "Bearer a-token" })).toBe(accepted);
  });
});

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

describe("a bearer token of Argo CD", () => {
  test.each([
    ["Bearer a-token", undefined],
    ["bearer   a-token ", undefined],
    [basic("argocd:a-token"), undefined],
    [basic(":a-token"), undefined],
    [undefined, "is missing"],
    ["", "is missing"],
    ["a-token", "is missing"],
    ["Bearer", "is missing"],
    ["Bearer a-toke", "is not one of"],
    ["Bearer a-token2", "is not one of"],
    ["Bearer A-TOKEN", "is not one of"],
    [basic("a-token"), "is missing"],
    [basic("a-token:"), "is missing"],
    ["Basic ����", "is missing"],
    [`Bearer ${"x".repeat(15_000)}`, "is not one of"],
  ])("%s", (authorization, reason) => {
    const refused = refusal(openSources({ type: "argocd" }), "argocd", { authorization });
    expect(refused).toContain(reason ?? accepted);
  });
});

describe("a signing token of GitLab", () => {
  const token = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const other = `whsec_${Buffer.from("another key of 24 bytes!").toString("base64")}`;
  const sources = openSources({ type: "gitlab", secrets: [token] });
  /** Headers as the reference library makes them. */
  const signed = (more = {}, { key = token, id = "msg_1", at = nowMs, of = body.toString() } = {}) => ({
    "webhook-id": id,
    "webhook-timestamp": `${Math.floor(at / 1_000)}`,
    "webhook-signature": new Webhook(key).sign(id, new Date(at), of),
    ...more,
  });

  test("follows the example of the specification", () => {
    const example = {
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    };
    const request = { headers: example, body: Buffer.from('{"test": 2432232314}'), nowMs: 1_614_265_330_000 };
    expect(sources.verify("gitlab", request)).toMatchObject({ signedId: "msg_p5jXN8AQM9LWM0D4loKWxJek" });
  });

  test("gives the signed id", () => {
    expect(sources.verify("gitlab", { headers: signed(), body, nowMs })).toMatchObject({ signedId: "msg_1" });
  });

  test.each([
    ["is valid", signed(), undefined],
    [
      "is one of several",
      signed({ "webhook-signature": `v1,AAAA v1a,xyz ${signed()["webhook-signature"]}` }),
      undefined,
    ],
    ["is five minutes old", signed({}, { at: nowMs - 300_000 }), undefined],
    ["is five minutes ahead", signed({}, { at: nowMs + 300_000 }), undefined],
    ["is older, so that it may be replayed", signed({}, { at: nowMs - 301_000 }), "by more than 5 minutes"],
    ["is further ahead", signed({}, { at: nowMs + 301_000 }), "by more than 5 minutes"],
    ["has another id", signed({ "webhook-id": "msg_2" }), "does not match"],
    ["has another time", signed({ "webhook-timestamp": `${seconds + 1}` }), "does not match"],
    ["has another body", signed({}, { of: "{}" }), "does not match"],
    ["is of another key", signed({}, { key: other }), "does not match"],
    [
      "has another version",
      signed({ "webhook-signature": signed()["webhook-signature"].replace("v1,", "v2,") }),
      "does not match",
    ],
    ["has no version", signed({ "webhook-signature": signed()["webhook-signature"].slice(3) }), "does not match"],
    ["is empty", signed({ "webhook-signature": "" }), "does not match"],
    ["has no id", signed({ "webhook-id": undefined }), "is missing"],
    ["has an empty id", signed({ "webhook-id": "" }), "is missing"],
    ["has no time", signed({ "webhook-timestamp": undefined }), "is missing"],
    ["has a time in words", signed({ "webhook-timestamp": "now" }), "not in Unix seconds"],
    ["has a time with a fraction", signed({ "webhook-timestamp": "1e9" }), "not in Unix seconds"],
    ["is replaced by the token as plain text", { "x-gitlab-token": token }, "is not one of"],
    [
      "comes after many wrong ones",
      signed({ "webhook-signature": `${"v1,AAAA ".repeat(500)}${signed()["webhook-signature"]}` }),
      "does not match",
    ],
  ])("that %s", (_, headers, reason) => {
    const refused = refusal(sources, "gitlab", headers);
    expect(refused).toContain(reason ?? accepted);
  });

  test("can be rotated, and stand beside the older secret token", () => {
    const both = openSources({ type: "gitlab", secrets: [other, token, "plain"] });
    expect(refusal(both, "gitlab", signed())).toBe(accepted);
    expect(refusal(both, "gitlab", signed({}, { key: other }))).toBe(accepted);
    expect(refusal(both, "gitlab", { "x-gitlab-token": "plain" })).toBe(accepted);
    expect(refusal(both, "gitlab", { "x-gitlab-token": "Plain" })).toContain("is not one of");
    expect(refusal(both, "gitlab", {})).toContain("X-Gitlab-Token is missing");
  });

  test("identifies nothing if only the secret token was checked, because that does not cover the id", () => {
    const plain = openSources({ type: "gitlab", secrets: ["plain"] });
    const request = { headers: { "x-gitlab-token": "plain", "webhook-id": "msg_1" }, body, nowMs };
    expect(plain.verify("gitlab", request)).toMatchObject({ signedId: undefined });
  });
});

describe("the signature of a generic source", () => {
  const template = { summary: "x" };

  test.each([
    [{}, { "x-signature": mac }],
    [
      { header: "X-Spinnaker-Signature", prefix: "v0=", encoding: "base64" as const },
      { "x-spinnaker-signature": `v0=${hmac(secret, "sha256", body, "base64")}` },
    ],
  ])("has the format of the configuration: %j", (format, headers) => {
    const sources = openSources({ type: "generic", auth: "hmac", template, ...format });
    expect(refusal(sources, "generic", headers)).toBe(accepted);
    expect(refusal(sources, "generic", headers, Buffer.from("{}"))).toContain("does not match");
    expect(refusal(sources, "generic", { authorization: `Bearer ${secret}` })).toContain("is missing");
  });

  test("is a bearer token by default", () => {
    const sources = openSources({ type: "generic", template });
    expect(refusal(sources, "generic", { authorization: "Bearer a-token" })).toBe(accepted);
    expect(refusal(sources, "generic", { "x-signature": hmac("a-token") })).toContain("is missing");
  });
});

test("events that arrive in another order keep their identity", async () => {
  const values = new Map<string, string>();
  const latest = new LatestChanges({
    getValue: async (name) => values.get(name),
    putValue: async (name, text) => void values.set(name, text),
  });
  const ids: string[] = [];
  const send = (state: string, timestampMs: number) =>
    latest.record(
      {
        id: `${state}@${timestampMs}`,
        origin: "flux",
        summary: state,
        source: "x",
        timestampMs,
        labels: {},
        links: [],
      },
      { object: "uid", state },
      async ({ id }) => void ids.push(id),
    );
  await send("A", 1);
  await send("B", 2);
  // A late redelivery of the first event, and then the state that holds.
  await send("A", 1);
  await send("B", 3);
  expect(ids).toEqual(["A@1", "B@2", "A@1", "B@2"]);
});
