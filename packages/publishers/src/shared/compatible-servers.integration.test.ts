import { gzipSync } from "node:zlib";
import { parseTarget, type Target } from "@tocsin/core";
import { type Act, answer, ScriptedReceiver } from "@tocsin/test";
import { afterAll, describe, expect, test } from "vitest";
import { tellingOf } from "../../test/pagerduty.ts";
import { targetSamples } from "../../test/target-samples.ts";
import { createPublisher, targetTypes } from "../registry.ts";
import { Transport } from "@tocsin/http";

const transport = new Transport();
afterAll(() => transport.close());

const gzipped: Act = (socket) => {
  const body = gzipSync("ok");
  socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`);
  socket.write(body);
};

/** Answers by which servers that speak a receiver's protocol, and proxies in front of them, accept an event. */
const successes: readonly (readonly [string, Act])[] = [
  ["200 with other JSON", answer(200, '{"success":true}')],
  ["200 with a result in words", answer(200, '{"result":"success"}')],
  ["200 with a text", answer(200, "accepted")],
  ["200 without a body", answer(200)],
  ["200 with a gzipped body", gzipped],
  ["201", answer(201, '{"id":1}')],
  ["202", answer(202, '{"status":"queued"}')],
  ["204", (socket) => void socket.write("HTTP/1.1 204 No Content\r\n\r\n")],
];

const targetAt = (type: string, at: object): Target => {
  const parsed = parseTarget({ name: "t", type, ...at }, { types: targetTypes, readSecret: String });
  if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.target;
};

const kindOf = async (at: (url: string) => Target, act: Act): Promise<string> => {
  await using receiver = await ScriptedReceiver.open(act);
  await using publisher = createPublisher(at(receiver.url), { transport, version: "1" });
  return (await publisher.publish(tellingOf(), new AbortController().signal)).kind;
};

describe.each([...targetSamples])("a %s target at a compatible server", (type, { compatible }) => {
  for (const [way, at] of Object.entries(compatible))
    test.each(successes)(`${way}, counts as delivered after %s`, async (_, act) => {
      expect(await kindOf((url) => targetAt(type, at(url)), act)).toBe("accepted");
    });
});

const keyedAt = (url: string): Target =>
  targetAt("pagerduty", { url, routing_key: "0123456789abcdef0123456789ABCDEF" });

// The contract of a routing key holds at any host: a proxy's login page must not count as a page.
test.each(successes)("a pagerduty target with a key accepts nothing but a 202: %s", async (name, act) => {
  expect(await kindOf(keyedAt, act)).toBe(name === "202" ? "accepted" : "retry");
});
