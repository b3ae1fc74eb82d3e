import { parseTarget } from "@tocsin/core";
import { Transport } from "@tocsin/http";
import { answer, ScriptedReceiver } from "@tocsin/test";
import { expect, test } from "vitest";
import { tellingOf } from "../test/pagerduty.ts";
import { createPublisher, targetTypes } from "./registry.ts";

const path = "hooks/a-long-path-that-is-secret";
const query = "a-secret-signature";

test.each([
  ["webhook", {}],
  ["alertmanager", {}],
  // A proxy adds the key.
  ["pagerduty", { routing_key: "" }],
])("an answer that repeats the path of a %s target does not show it", async (type, more) => {
  const search = type !== "webhook" ? "" : `?sig=${query}`;
  await using receiver = await ScriptedReceiver.open(answer(422, `Cannot POST /${path}${search} at ${query}`));
  await using transport = new Transport();
  const url = `${receiver.url}/${path}${search}`;
  const parsed = parseTarget({ name: "t", type, url, ...more }, { types: targetTypes, readSecret: String });
  if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
  await using publisher = createPublisher(parsed.target, { transport, version: "1" });
  const outcome = await publisher.publish(tellingOf(), new AbortController().signal);
  expect(outcome).toMatchObject({ detail: expect.stringContaining("Cannot POST [secret]") });
  expect(JSON.stringify(outcome)).not.toContain("a-long-path-that-is-secret");
});
