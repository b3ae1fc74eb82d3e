import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Payload, TriggerEvent } from "./event.ts";
import { maxBodyBytes } from "./fit-body.ts";
import { fitEvent } from "./fit-event.ts";
import { cutText } from "./fit-summary.ts";

const routing_key = "0123456789abcdef0123456789ABCDEF";

describe("every event", () => {
  const size = fc.oneof(
    { weight: 2, arbitrary: fc.integer({ max: 2000, min: 0 }) },
    fc.integer({ min: 50_000, max: 250_000 }),
  );
  const filler = fc.tuple(fc.constantFrom("x", "é", "€", "😀", "\u0001", '"', "\ud800"), size);
  const text = filler.map(([character, length]) => character.repeat(length));
  const texts = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), text, { maxKeys: 3 });

  test("fits, keeps the required parts, and loses no part without need", () => {
    fc.assert(
      fc.property(text, text, texts, texts, texts, (summary, source, labels, annotations, rest) => {
        const given = { ...rest, labels: { alertname: "a", ...labels }, annotations };
        const { body, dropped } = fitEvent({
          routing_key,
          event_action: "trigger",
          dedup_key: "d",
          payload: { summary, source, severity: "critical", custom_details: given },
        });
        const bytes = Buffer.byteLength(body);
        expect(bytes).toBeLessThanOrEqual(maxBodyBytes);
        const sent = JSON.parse(body) as TriggerEvent;
        expect(sent).toMatchObject({ routing_key, dedup_key: "d", payload: { severity: "critical" } });
        expect([source.toWellFormed(), cutText(source, 1024)]).toContain(sent.payload.source);
        expect(sent.payload.source === source.toWellFormed() || dropped.includes("source")).toBe(true);
        expect("dropped_to_fit" in sent.payload.custom_details!).toBe(dropped.length > 0);
        for (const path of dropped.filter((one) => one !== "source")) {
          const value = path
            .split(".")
            .slice(1)
            .reduce<unknown>((of, name) => (of as Payload["custom_details"])![name], given);
          // It would not have fitted beside the list of names.
          expect(bytes + Buffer.byteLength(JSON.stringify(value).replaceAll("\\ud800", "\ufffd"))).toBeGreaterThan(
            maxBodyBytes - 9000,
          );
        }
      }),
      { numRuns: 100 },
    );
  });
});
