import { expect, test } from "vitest";
import { holdsText } from "./holds-text.ts";

const secret = "5ecre75ecre7";
const deep = (levels: number): object => (levels === 0 ? { secret } : { inner: deep(levels - 1) });
const cycle: { self?: unknown; secret?: string } = {};
cycle.self = cycle;

test.each<[string, unknown]>([
  ["a text", `a ${secret} b`],
  ["a list", [1, [secret]]],
  ["a field", { body: secret }],
  ["a name", { [secret]: 1 }],
  ["a symbol", { [Symbol(secret)]: 1 }],
  ["a field that is not listed", Object.defineProperty({}, "hidden", { value: secret, enumerable: false })],
  ["an error's message", new Error(secret)],
  ["an error's cause", new Error("x", { cause: new TypeError(secret) })],
  ["one of several errors", new AggregateError([new Error(secret)])],
  ["an error's request", Object.assign(new Error("x"), { request: { init: { body: `{"routing_key":"${secret}"}` } } })],
  ["a map's value", new Map([[1, { secret }]])],
  ["a map's key", new Map([[secret, 1]])],
  ["a set", new Set([secret])],
  ["headers", new Headers({ authorization: secret })],
  ["a URL", new URL(`https://example.com/?key=${secret}`)],
  ["bytes", new TextEncoder().encode(`x${secret}`)],
  ["eight levels", deep(7)],
  ["a cycle", { cycle, secret }],
])("a text is found in %s", (_, value) => {
  expect(holdsText(value, (text) => text.includes(secret))).toBe(true);
});

test.each<[string, unknown]>([
  ["another text", "secret"],
  ["nothing", null],
  ["a number", 1],
  ["a function", () => secret],
  ["a cycle", cycle],
  ["a getter that throws", Object.defineProperty({}, "x", { get: () => expect.unreachable() })],
  ["an error", new Error("x", { cause: new Error("y") })],
])("a text is not found in %s", (_, value) => {
  expect(holdsText(value, (text) => text.includes(secret))).toBe(false);
});
