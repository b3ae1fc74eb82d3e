import type { Alert } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { classified } from "../../test/classifications.ts";
import { disk, tellingOf } from "../../test/pagerduty.ts";
import { webhookTargetOf } from "../../test/webhook.ts";
import { fit, maxBodyBytes } from "./fit.ts";
import { formatEvent } from "./format.ts";

const fitted = (alert: Partial<Alert>, target: object = {}) =>
  fit(formatEvent(tellingOf({ alert: { ...disk, ...alert } }), webhookTargetOf(target)));
const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
const many = (count: number, text: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, text]));

describe("a body", () => {
  test("of exactly the size is unchanged, and one byte more is fitted", () => {
    const room = maxBodyBytes - bytes(fitted({ annotations: { a: "" } }));
    const whole = fitted({ annotations: { a: "x".repeat(room) } });
    expect([bytes(whole), whole.data.droppedToFit]).toEqual([maxBodyBytes, undefined]);
    const cut = fitted({ annotations: { a: "x".repeat(room + 1) } });
    expect([bytes(cut) < maxBodyBytes, cut.data.droppedToFit]).toEqual([true, ["alert.annotations.a"]]);
  });

  test("that is too large keeps the labels that locate the problem, and drops the largest annotation first", () => {
    const { data } = fitted({ annotations: { small: "kept", large: "é".repeat(40_000), huge: "x".repeat(90_000) } });
    expect(data.droppedToFit).toEqual(["alert.annotations.huge"]);
    expect(data.alert?.["annotations"]).toMatchObject({ small: "kept", large: "é".repeat(40_000) });
    expect(data.alert?.["labels"]).toEqual(disk.labels);
  });

  test("that is too large drops the texts of the classification before the target's own details", () => {
    const telling = tellingOf({ ...classified["classified-hostile"], alert: { ...disk, annotations: {} } });
    const eventWith = (m: string) =>
      formatEvent(telling, webhookTargetOf({ template: { custom_details: { own: "x" } }, metadata: { m } }));
    const { data } = fit(eventWith("m".repeat(maxBodyBytes - bytes(eventWith("")) + 1)));
    expect(data.droppedToFit).toContain("classification.reasoning");
    expect(data.classification).toMatchObject({ severity: "noise", provider: "anthropic", applied: true });
    expect(data.customDetails).toEqual({ own: "x" });
  });

  test.each<[string, Partial<Alert>, object]>([
    ["many labels", { labels: { ...disk.labels, ...many(5_000, "é".repeat(50)) } }, {}],
    ["labels with endless names", { labels: { ...disk.labels, ["n".repeat(400_000)]: "x" } }, {}],
    [
      "identifying labels without end",
      { labels: { alertname: "💥".repeat(90_000), instance: "i".repeat(90_000) } },
      {},
    ],
    ["metadata without end", {}, { metadata: { large: "m".repeat(200_000), nested: [{ a: "b".repeat(200_000) }] } }],
    ["a fingerprint without end", { fingerprint: "f".repeat(300_000) }, {}],
    ["readings without end", { valueString: "v".repeat(300_000), generatorURL: `https://a/${"u".repeat(90_000)}` }, {}],
    [
      "a template's field without end",
      {},
      { template: { source: "s".repeat(9_000).repeat(1), group: "{{ labels.long }}" } },
    ],
  ])("of %s fits", (_, alert, target) => {
    const event = fitted(
      { ...alert, ...(alert.labels ?? { labels: { ...disk.labels, long: "g".repeat(200_000) } }) },
      target,
    );
    expect(bytes(event)).toBeLessThanOrEqual(maxBodyBytes);
    expect(event.data.droppedToFit!.length).toBeLessThanOrEqual(21);
    expect(JSON.stringify(event).isWellFormed()).toBe(true);
  });
});
