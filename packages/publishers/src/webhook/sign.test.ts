import { randomBytes } from "node:crypto";
import { Secret } from "@tocsin/core";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { signingSecret } from "../../test/webhook.ts";
import { keyIn, signatureHeaders } from "./sign.ts";

const key = keyIn(new Secret(signingSecret))!;
const headersOf = (flat: readonly string[]) =>
  Object.fromEntries(flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1]!]] : [])));

describe("a signature", () => {
  test("matches the check values of the specification's libraries", () => {
    const headers = signatureHeaders({
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
      atMs: 1_614_265_330_999,
      body: '{"test": 2432232314}',
      keys: [key],
    });
    expect(headersOf(headers)).toEqual({
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });

  test("is verified by the reference library with any of the secrets, and by no other", () => {
    const [one, other, third] = [24, 40, 64].map((size) => `whsec_${randomBytes(size).toString("base64")}`);
    const body = JSON.stringify({ text: "ü 😀 \u0000" });
    const keys = [one!, other!].map((secret) => keyIn(new Secret(secret))!);
    const headers = headersOf(signatureHeaders({ id: "evt_1", atMs: Date.now(), body, keys }));
    for (const secret of [one!, other!]) expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => new Webhook(third!).verify(body, headers)).toThrow("No matching signature");
    expect(() => new Webhook(one!).verify(`${body} `, headers)).toThrow("No matching signature");
  });

  test("is absent without a key", () => {
    const headers = signatureHeaders({ id: "evt_1", atMs: 5_000, body: "{}", keys: [] });
    expect(headers).toEqual(["webhook-id", "evt_1", "webhook-timestamp", "5"]);
  });
});

describe("a secret", () => {
  test.each([24, 25, 63, 64])("with %i bytes is a valid key", (size) => {
    const bytes = randomBytes(size);
    expect(keyIn(new Secret(`whsec_${bytes.toString("base64")}`))).toEqual(bytes);
  });

  test.each([
    ["too short a key", `whsec_${randomBytes(23).toString("base64")}`],
    ["too long a key", `whsec_${randomBytes(65).toString("base64")}`],
    ["no prefix", signingSecret.slice("whsec_".length)],
    ["a private key of the other kind", signingSecret.replace("whsec_", "whsk_")],
    ["hex and a dash", "whsec_0123456789abcdef-0123456789abcdef"],
    ["nothing", "whsec_"],
  ])("with %s is invalid", (_, secret) => {
    expect(keyIn(new Secret(secret))).toBeUndefined();
  });
});
