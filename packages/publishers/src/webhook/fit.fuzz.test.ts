import { anyCharacter } from "@tocsin/test/any-character";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hostileClassifications } from "../../test/classifications.ts";
import { disk, tellingOf } from "../../test/pagerduty.ts";
import { webhookTargetOf } from "../../test/webhook.ts";
import { fit, maxBodyBytes } from "./fit.ts";
import { formatEvent } from "./format.ts";

test("for any alert, the body is well-formed JSON and fits", () => {
  const text = fc.oneof(
    { weight: 5, arbitrary: fc.string({ unit: anyCharacter, maxLength: 20 }) },
    fc.constantFrom("", "\ud800", "\u0000", "__proto__", "toJSON", "💥".repeat(40_000), '\\"'.repeat(30_000)),
  );
  const texts = fc.dictionary(text, text, { maxKeys: 8, noNullPrototype: true });
  const alerts = fc.record({
    fingerprint: text,
    labels: texts,
    annotations: texts,
    startsAtMs: fc.oneof(fc.double(), fc.integer()),
    generatorURL: text,
    valueString: text,
  });
  fc.assert(
    fc.property(alerts, texts, hostileClassifications, (alert, metadata, classification) => {
      const target = webhookTargetOf({
        metadata: Object.fromEntries(
          Object.entries(metadata).filter(([key]) => key !== "__proto__" && key !== "severity_threshold"),
        ),
      });
      const event = fit(formatEvent(tellingOf({ alert: { ...disk, ...alert }, classification }), target));
      const body = JSON.stringify(event);
      expect([body.isWellFormed(), /\\ud[89a-f]/i.test(body)]).toEqual([true, false]);
      expect(Buffer.byteLength(body)).toBeLessThanOrEqual(maxBodyBytes);
      expect(JSON.parse(body)).toHaveProperty("data.dedupKey", "9266ef3da838ad95");
    }),
    { numRuns: 300 },
  );
});
