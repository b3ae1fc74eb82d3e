import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

/*
 * For any edit while an incident is open, and any interruption of the process meanwhile, the resolve goes to the place where the
 * trigger went, under the same key, once.
 */

const otherKey = "0THERKEY0THERKEY0THERKEY0THERKEY";

let pagerduty: PagerDuty;
let tocsin: Service;
let before: object;

beforeAll(async () => {
  pagerduty = await PagerDuty.open();
  before = pagerduty.target({ name: "first" });
  tocsin = await Service.start({ config: { targets: [before] } });
});

afterAll(async () => {
  await tocsin[Symbol.asyncDispose]();
  await pagerduty[Symbol.asyncDispose]();
});

const edits: readonly (readonly [string, () => readonly object[]])[] = [
  ["a filter that no longer matches it", () => [{ ...before, filters: { severity: ["info"] } }]],
  ["a disabled target", () => [{ ...before, enabled: false }]],
  ["a target in shadow mode", () => [{ ...before, mode: "shadow" }]],
  ["a removed target", () => []],
  ["a renamed target", () => [{ ...before, name: "second" }]],
  ["an invalid target", () => [{ ...before, timeout: "soon" }]],
  ["a rotated key", () => [{ ...before, routing_key: otherKey }]],
  ["another host", () => [{ ...before, url: pagerduty.euUrl }]],
  ["another dedup key", () => [{ ...before, template: { dedup_key: "{{ alert.labels.alertname }}" } }]],
  ["another grouping", () => [{ ...before, group_by: ["alertname"] }]],
  ["another severity", () => [{ ...before, template: { severity: "info" } }]],
  ["two targets with its key", () => [before, { ...before, name: "twin" }]],
];

const hasNewName = (targets: readonly object[]) =>
  targets.some((target) => !("name" in target && target.name === "first"));

let nth = 0;

describe.each(["reload", "SIGKILL"] as const)("edited while an incident is open, by %s", (way) => {
  const apply = async (targets: readonly object[], status = 200) => {
    tocsin.configure({ targets });
    if (way === "SIGKILL") await tocsin.restart();
    else expect((await tocsin.ask("POST", "/-/reload")).status).toBe(status);
  };

  test.for(edits)("%s", async ([what, edit]) => {
    const name = `edited-${++nth}`;
    await apply([before]);
    await tocsin.webhook([webhookAlert(name, "firing")]);
    const opened = await waitUntil("it is delivered", () => pagerduty.incidents(name)[0]);
    await tocsin.quiet();
    const targets = edit();
    // It is not applied, everything else is.
    await apply(targets, what === "an invalid target" ? 500 : 200);
    await tocsin.webhook([webhookAlert(name, "resolved")]);
    await waitUntil("it is resolved where it was opened", () =>
      pagerduty.incidents(name).some(({ id, status }) => id === opened.id && status === "resolved"),
    );
    await tocsin.quiet();
    // An incident that another target opened meanwhile, because it also wants the alert, has ended too.
    expect(pagerduty.incidents(name).filter(({ status }) => status !== "resolved")).toEqual([]);
    const [{ events, key, region } = opened] = pagerduty.incidents(name);
    const told = events.map(({ action }) => action);
    // A target of another name is another target: it tells what fires, into the same incident where its key is the same.
    expect(told.filter((action, at) => action !== told[at - 1])).toEqual(["trigger", "resolve"]);
    expect(told.length).toBeLessThanOrEqual(hasNewName(targets) ? 3 : 2);
    expect([key, region]).toEqual([opened.key, opened.region]);
    expect(pagerduty.stand.refused()).toEqual([]);
  });
});
