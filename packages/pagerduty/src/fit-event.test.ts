import { expect, test } from "vitest";
import type { TriggerEvent } from "./event.ts";
import { fitEvent } from "./fit-event.ts";

const routing_key = "0123456789abcdef0123456789abcdef";
const payload = { summary: "s", source: "h", severity: "info" } as const;
const read = (event: Parameters<typeof fitEvent>[0]) => JSON.parse(fitEvent(event).body) as unknown;

test("an event that fits is sent as it is", () => {
  const event: TriggerEvent = {
    routing_key,
    event_action: "trigger",
    dedup_key: "srv01/mysql",
    payload: {
      ...payload,
      timestamp: "2015-07-17T08:42:58Z",
      component: "mysql",
      group: "prod",
      class: "disk",
      custom_details: { free: 1, deep: { list: [1, "2", null] }, text: "\\ud800 is not a surrogate" },
    },
    links: [{ href: "https://example.com", text: "x" }],
    images: [{ src: "https://example.com/x.png" }],
    client: "Tocsin",
    client_url: "https://example.com",
  };
  expect(fitEvent(event)).toEqual({ body: JSON.stringify(event), dropped: [] });
});

test("an acknowledge and a resolve have three fields", () => {
  for (const event_action of ["acknowledge", "resolve"] as const) {
    const event = { routing_key, event_action, dedup_key: "x".repeat(300) };
    expect(read(event)).toEqual({ ...event, dedup_key: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
  }
});

test("every field is fitted, and the event is not changed", () => {
  const event = {
    routing_key,
    event_action: "trigger" as const,
    dedup_key: "x".repeat(256),
    payload: { ...payload, summary: "x".repeat(1025), timestamp: "2015-07-17T08:42:58+0200" },
    links: [{ href: "" }],
    images: [{ src: "http://example.com/x.png", alt: "x" }],
    client_url: "nowhere",
  };
  const before = structuredClone(event);
  expect(read(event)).toEqual({
    routing_key,
    event_action: "trigger",
    dedup_key: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    payload: { ...payload, summary: `${"x".repeat(1023)}…`, timestamp: "2015-07-17T06:42:58.000Z" },
    links: [{ href: "http://example.com/x.png", text: "x" }],
    images: [],
  });
  expect(event).toEqual(before);
});

test("a trigger without a key stays without one", () => {
  expect(read({ routing_key, event_action: "trigger", payload })).toEqual({
    routing_key,
    event_action: "trigger",
    payload,
  });
});

test("a change event is fitted too", () => {
  const links = [{ href: "https://example.com" }, { href: "x" }];
  expect(read({ routing_key, payload: { summary: "é".repeat(2000), timestamp: "soon" }, links })).toEqual({
    routing_key,
    payload: { summary: `${"é".repeat(1023)}…` },
    links: [{ href: "https://example.com" }],
  });
});

test("lone surrogates are replaced wherever they are, and only they", () => {
  const custom_details = { "a\udc00": ["\ud800", "\\ud800", "\\\ud800", "😀"], "\ud801": 1, "\ud802": 2 };
  const event = {
    routing_key,
    event_action: "trigger" as const,
    payload: { ...payload, source: "\udfff", custom_details },
  };
  const { body } = fitEvent(event);
  expect(body).not.toMatch(/(?<!\\)(?:\\\\)*\\ud[89a-f]/);
  expect(JSON.parse(body)).toMatchObject({
    payload: { source: "\ufffd", custom_details: { "a\ufffd": ["\ufffd", "\\ud800", "\\\ufffd", "😀"], "\ufffd": 2 } },
  });
});

test("throws for details that JSON cannot express", () => {
  const custom_details: Record<string, unknown> = {};
  custom_details["self"] = custom_details;
  const event = { routing_key, event_action: "trigger" as const, payload: { ...payload, custom_details } };
  expect(() => fitEvent(event)).toThrow(TypeError);
});
