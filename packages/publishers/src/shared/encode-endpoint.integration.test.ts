import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Endpoint, parseTarget, Secret } from "@tocsin/core";
import { Transport } from "@tocsin/http";
import { answer, ScriptedReceiver } from "@tocsin/test";
import { expect, test } from "vitest";
import { routingKey, targetOf, tellingOf } from "../../test/pagerduty.ts";
import { selfSigned } from "../../../http/test/self-signed.ts";
import { targetSamples } from "../../test/target-samples.ts";
import { createPublisher, credentialIdentity, openEncodedEndpoint, encodeEndpoint, targetTypes } from "../index.ts";

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
  await openEncodedEndpoint(encodeEndpoint(target), options).publish(tellingOf(), signal);
  const [now, later] = receiver.requests;
  expect(later).toEqual(now);
  expect(now!.body).toContain(routingKey);
  expect(now!.head).toContain("proxy-token");
});

test("an endpoint without a credential is stored as such", async () => {
  await using transport = new Transport();
  await using receiver = await ScriptedReceiver.open(answer(200));
  const target = targetOf({ url: `${receiver.url}/in`, routing_key: "", headers: { Authorization: "Bearer proxy" } });
  const publisher = openEncodedEndpoint(encodeEndpoint(target), { transport, version: "1" });
  expect(await publisher.publish(tellingOf(), new AbortController().signal)).toMatchObject({ kind: "accepted" });
  expect(receiver.requests[0]!.head).toMatch(/^POST \/in [^]*Authorization: Bearer proxy/);
});

const signedWith = (texts: string[]): Endpoint => ({
  ...targetOf({}),
  signingSecrets: texts.map((text) => new Secret(text)),
});

test("signing secrets are stored too", () => {
  expect(JSON.parse(encodeEndpoint(signedWith(["a", "b"])))).toMatchObject({ signingSecrets: ["a", "b"] });
  expect(JSON.parse(encodeEndpoint(targetOf({})))).not.toHaveProperty("signingSecrets");
});

test("options of the type are kept after the target is gone", () => {
  const target: Endpoint = { ...targetOf({}), typeOptions: { channel: "C1" } };
  expect(JSON.parse(encodeEndpoint(target))).toMatchObject({ own: { channel: "C1" } });
});

test("stored endpoints of earlier versions can be opened", async () => {
  await using transport = new Transport();
  const { own: _own, ...older } = JSON.parse(encodeEndpoint(targetOf({}))) as { own: unknown };
  const publisher = openEncodedEndpoint(JSON.stringify(older), { transport, version: "1" });
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

test.each([...targetSamples])("TLS settings of type %s are stored and used for each request", async (type, samples) => {
  const server = selfSigned({ names: ["receiver.internal"] });
  const sender = selfSigned({ names: ["tocsin.internal"] });
  const seen: unknown[] = [];
  const receiver = createServer({ ...server, ca: sender.cert, requestCert: true }, (request, response) => {
    seen.push((request.socket as TLSSocket).getPeerX509Certificate()?.subject);
    request.resume().on("end", () => response.writeHead(202).end("{}"));
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  await using transport = new Transport();
  const url = `https://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const tls = { ca: server.cert, cert: sender.cert, key: sender.key, server_name: "receiver.internal" };
  const parsed = parseTarget(
    { name: "t", type, ...samples.target(url), tls },
    { types: targetTypes, readSecret: String },
  );
  if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
  const options = { transport, version: "1" };
  const { signal } = new AbortController();
  await createPublisher(parsed.target, options).publish(tellingOf(), signal);
  await openEncodedEndpoint(encodeEndpoint(parsed.target), options).publish(tellingOf(), signal);
  expect(seen).toEqual(["CN=tocsin.internal", "CN=tocsin.internal"]);
  await new Promise((resolve) => {
    receiver.close(resolve);
    transport.closeIdle();
  });
});
