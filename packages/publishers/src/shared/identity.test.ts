import { parseTarget, Secret, type Target } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { accessIdentity, credentialIdentity, endpointIdentity } from "./identity.ts";
import { targetTypes } from "../registry.ts";
import { targetSamples } from "../../test/target-samples.ts";

const targetOf = (written: object, beside: Readonly<Record<string, string>> = {}): Target => {
  const parsed = parseTarget(
    { name: "t", ...written },
    { types: targetTypes, readSecret: String, siblingEntries: beside },
  );
  if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.target;
};

const config = { source: "config" };
const identitiesOf = (target: Target) => ({
  endpoint: endpointIdentity(target),
  access: accessIdentity(target),
  credential: credentialIdentity(target, config),
});

const key = "0123456789abcdef0123456789ABCDEF";
const signed = (letter: string) => `whsec_${letter.repeat(32)}`;
const authorization = (value: string) => ({ headers: { Authorization: value } });

/** A target of each type and way, and which identities differ from its own after each change. */
const table = [...targetSamples].flatMap(([type, { identities }]) =>
  identities.map(([fields, changes]) => [{ type, ...fields }, changes] as const),
);

test.each([...targetSamples])("identities of type %s are tested", (_, { identities }) => {
  expect(identities).not.toEqual([]);
});

describe.each(table)("the target %j", (base, changes) => {
  test.each(changes)("a change to %j changes these identities: %j", (change, differ) => {
    const [before, after] = [identitiesOf(targetOf(base)), identitiesOf(targetOf({ ...base, ...change }))];
    const kinds = ["endpoint", "access", "credential"] as const;
    expect(kinds.filter((kind) => before[kind] !== after[kind]).join(" ")).toBe(differ);
  });
});

test("headers are the same in any order and case, and for any place of a token", () => {
  const alertmanager = { type: "alertmanager", url: "https://alertmanager.example.com" };
  const one = targetOf({ ...alertmanager, headers: { "X-A": "1", Authorization: "Bearer t" } });
  const two = targetOf({ ...alertmanager, headers: { authorization: "Bearer t", "x-a": "1" } });
  const three = targetOf({ ...alertmanager, headers: { "X-A": "1" } }, { token: "t" });
  expect(identitiesOf(two)).toEqual(identitiesOf(one));
  expect(identitiesOf(three)).toEqual(identitiesOf(one));
});

test("values of neighbouring parts cannot be confused", () => {
  const hooks = [
    { a: "1", b: "2" },
    { a: "2", b: "1" },
  ].map((headers) => targetOf({ type: "webhook", url: "https://a.example.com", headers }));
  expect(new Set(hooks.map((target) => credentialIdentity(target, config))).size).toBe(2);
});

describe("targets without any credential", () => {
  const scopes = [
    { source: "config" },
    { source: "files" },
    { source: "kubernetes", namespace: "a" },
    { source: "kubernetes", namespace: "b" },
  ];
  const limiters = (target: Target) => scopes.map((scope) => credentialIdentity(target, scope));
  const bare = [
    { type: "webhook", url: "https://hooks.example.com/in" },
    { type: "webhook", url: "https://hooks.example.com/in", signing_secret: signed("A") },
    { type: "alertmanager", url: "https://alertmanager.example.com" },
    { type: "pagerduty", url: "https://proxy.example.com/pd" },
  ];

  test.each(bare)("share a limit only within their source and namespace: %j", (written) => {
    expect(new Set(limiters(targetOf(written))).size).toBe(scopes.length);
    expect(limiters(targetOf({ ...written, name: "other" }))).toEqual(limiters(targetOf(written)));
  });

  test.each([
    ...bare.map((written) => ({ ...written, ...authorization("t") })),
    { type: "webhook", url: "https://hooks.example.com/in?token=t" },
    { type: "pagerduty", routing_key: key },
    { type: "rootly", api_key: "rootly_1" },
    { type: "slack", webhook_url: "https://hooks.slack.com/services/T/B/x" },
  ])("share it everywhere once they have one: %j", (written) => {
    expect(new Set(limiters(targetOf(written))).size).toBe(1);
  });
});

test("identities of targets with a key of their own are those of earlier versions, so that their slots still count", () => {
  const target = targetOf({ type: "pagerduty", routing_key: key });
  expect(credentialIdentity(target, config)).toBe(JSON.stringify(["pagerduty", key]));
  expect(endpointIdentity(target)).toBe(JSON.stringify(["pagerduty", "https://events.pagerduty.com", key]));
  const hook = targetOf({ type: "webhook", url: "https://a.example.com", headers: { Authorization: "a" } });
  expect(endpointIdentity(hook)).toBe(JSON.stringify(["webhook", "https://a.example.com/", null]));
});

test("options of the type are part of the endpoint", () => {
  const target = { ...targetOf({ type: "pagerduty", routing_key: key }), credential: new Secret(key) };
  const channels = [{}, { channel: "C1" }, { channel: "C2" }];
  expect(new Set(channels.map((own) => endpointIdentity({ ...target, typeOptions: own }))).size).toBe(3);
});

test("a certificate of the sender is part of the access only: it is replaced while incidents are open", () => {
  const https = { type: "webhook", url: "https://hooks.example.com/in" };
  const identities = ["A", "B"].map((cert) => identitiesOf(targetOf({ ...https, tls: { ca: cert, cert, key: cert } })));
  const [a, b] = identities;
  expect([a!.endpoint, a!.credential]).toEqual([b!.endpoint, b!.credential]);
  expect(a!.access).not.toBe(b!.access);
  const [one, other] = ["A", "B"].map((ca) => identitiesOf(targetOf({ ...https, tls: { ca } })));
  expect(one).toEqual(other);
  expect(one).toEqual(identitiesOf(targetOf(https)));
});
