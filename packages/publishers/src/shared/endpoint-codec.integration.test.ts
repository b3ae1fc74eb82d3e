import { type Endpoint, Secret } from "@tocsin/core";
import { Transport } from "@tocsin/http";
import { answer, ScriptedReceiver } from "@tocsin/test";
import { expect, test } from "vitest";
import { routingKey, targetOf, tellingOf } from "../../test/pagerduty.ts";
import { createPublisher, credentialIdentity, publisherFromSealed, sealable } from "../index.ts";

test("a stored endpoint sends the same as before, with the same credentials", async () => {
  await using transport = new Transport();
  await using receiver = await ScriptedReceiver.open(answer(202), answer(202));
  const target = targetOf({
    url: receiver.url,
    headers: { "X-Proxy": "proxy-token" },
    metadata: { environment: "prod" },
    template: { component: "{{ metadata.environment }}", custom_details: { a: "{{ alert_name }}" } },
  });
  const options = { transport, version: "1" };
  const { signal } = new AbortController();
  await createPublisher(target, options).publish(tellingOf(), signal);
  await publisherFromSealed(sealable(target), options).publish(tellingOf(), signal);
  const [now, later] = receiver.requests;
  expect(later).toEqual(now);
  expect(now!.body).toContain(routingKey);
  expect(now!.head).toContain("proxy-token");
});

test("an endpoint without a credential is stored as such", async () => {
  await using transport = new Transport();
  await using receiver = await ScriptedReceiver.open(answer(200));
  const target = targetOf({ url: `${receiver.url}/in`, routing_key: "", headers: { Authorization: "Bearer proxy" } });
  const publisher = publisherFromSealed(sealable(target), { transport, version: "1" });
  expect(await publisher.publish(tellingOf(), new AbortController().signal)).toMatchObject({ kind: "accepted" });
  expect(receiver.requests[0]!.head).toMatch(/^POST \/in [^]*Authorization: Bearer proxy/);
});

const signedWith = (texts: string[]): Endpoint => ({
  ...targetOf({}),
  signingSecrets: texts.map((text) => new Secret(text)),
});

test("signing secrets are stored too", () => {
  expect(JSON.parse(sealable(signedWith(["a", "b"])))).toMatchObject({ signingSecrets: ["a", "b"] });
  expect(JSON.parse(sealable(targetOf({})))).not.toHaveProperty("signingSecrets");
});

test("options of the type are kept after the target is gone", () => {
  const target: Endpoint = { ...targetOf({}), typeOptions: { channel: "C1" } };
  expect(JSON.parse(sealable(target))).toMatchObject({ own: { channel: "C1" } });
});

test("stored endpoints of earlier versions can be opened", async () => {
  await using transport = new Transport();
  const { own: _own, ...older } = JSON.parse(sealable(targetOf({}))) as { own: unknown };
  const publisher = publisherFromSealed(JSON.stringify(older), { transport, version: "1" });
  expect(publisher.render(tellingOf())).toHaveProperty("event_action", "trigger");
});

const credentialOf = (input: object) => credentialIdentity(targetOf(input), { source: "config" });

test("a credential is the same whatever the URL; without one, the URL counts", () => {
  expect(credentialOf({ region: "eu" })).toBe(credentialOf({ region: "us" }));
  const keyless = ["a", "b"].map((host) => credentialOf({ routing_key: "", url: `https://${host}.example.com` }));
  expect(new Set(keyless).size).toBe(2);
});

test("a type without a publisher is refused", async () => {
  await using transport = new Transport();
  expect(() => createPublisher({ ...targetOf({}), type: "pigeon" }, { transport, version: "1" })).toThrow(/pigeon/);
});
