import { parseTarget, type Target } from "@tocsin/core";
import { answer, ScriptedReceiver } from "@tocsin/test";
import type { LookupFunction } from "node:net";
import { expect, test } from "vitest";
import { tellingOf } from "../test/pagerduty.ts";
import { operatorRules } from "@tocsin/http";
import { targetSamples } from "../test/target-samples.ts";
import { createPublisher, targetTypes } from "./registry.ts";
import { openEncodedEndpoint, encodeEndpoint } from "./shared/encode-endpoint.ts";
import { Transport } from "@tocsin/http";

const here: LookupFunction = (_, options, callback) =>
  options.all ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4);

test.each(targetTypes.map(({ type }) => type))(
  "a target of type %s from a Secret does not reach this machine through a name, also after a restart",
  async (type) => {
    await using receiver = await ScriptedReceiver.open(answer(202), answer(202));
    await using transport = new Transport({
      lookup: here,
      rulesOf: ({ fromSecret }) => (fromSecret ? { ...operatorRules, loopback: false } : operatorRules),
    });
    const url = `http://receiver.test:${new URL(receiver.url).port}`;
    const parsed = parseTarget(
      { name: "t", type, ...targetSamples.get(type)?.target(url), allow_insecure: true },
      { types: targetTypes, readSecret: String },
    );
    if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
    const fromSecret: Target = { ...parsed.target, fromSecret: true };
    const options = { transport, version: "1" };
    const event = tellingOf();
    for (const publisher of [
      createPublisher(fromSecret, options),
      openEncodedEndpoint(encodeEndpoint(fromSecret), options),
    ]) {
      const outcome = await publisher.publish(event, AbortSignal.timeout(5_000));
      expect(outcome).toMatchObject({ kind: "retry", detail: expect.stringContaining("FORBIDDEN_ADDRESS") });
    }
    expect(receiver.requests).toHaveLength(0);
    await createPublisher(parsed.target, options).publish(event, AbortSignal.timeout(5_000));
    expect(receiver.requests.length).toBeGreaterThan(0);
  },
);
