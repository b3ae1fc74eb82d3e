import type { Endpoint } from "@tocsin/core";
import { parseTemplate } from "@tocsin/core";
import { receiverTraits } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { targetSamples } from "../test/target-samples.ts";
import { createPublisher, targetTypes } from "./registry.ts";
import { Transport } from "@tocsin/http";

const endpointOf = (type: string): Endpoint => ({
  name: "t",
  type,
  url: "http://127.0.0.1:9",
  credential: null,
  degraded: false,
  headers: {},
  typeOptions: {},
  timeoutMs: 1_000,
  metadata: {},
  template: parseTemplate({}),
});

test.each(Object.entries(receiverTraits))("%s has the traits that the simulation uses", async (type, simulated) => {
  await using transport = new Transport();
  await using publisher = createPublisher(endpointOf(type), { transport, version: "1" });
  const { forgetsAfterMs: _none, ...traits } = publisher.traits;
  expect(traits).toEqual(simulated);
});

describe("a request that arrives late", () => {
  test.each(targetTypes)("is repaired only if it can change an incident back: $type", async ({ type }) => {
    await using transport = new Transport();
    await using publisher = createPublisher(endpointOf(type), { transport, version: "1" });
    expect(publisher.traits.stateless !== true).toBe(targetSamples.get(type)?.keepsIncidents);
  });
});
