import { type EpisodeVerdict, parseTarget, type Target, type Verdict } from "@tocsin/core";
import { defaultSettings, memoryLedger } from "@tocsin/engine";
import { createPublisher, targetTypes } from "@tocsin/publishers";
import { alertOf, firing, routeTo, targetTerms, VirtualClock } from "@tocsin/test";
import { Transport } from "@tocsin/http";
import { expect, test } from "vitest";
import { incidentEndpoints } from "../http/endpoints/incidents.ts";
import { undocumentedIn } from "../http/openapi/documented-answers.fixture.ts";
import { notifications } from "./notification.ts";

const verdict = (reasoning: string): EpisodeVerdict => ({
  severity: "error",
  confidence: 0.87,
  reasoning,
  recommendations: ["Delete logs."],
  category: "capacity",
  model: "small-1",
  provider: "openai",
});

const target = (): Target => {
  const written = { name: "pager", type: "pagerduty", routing_key: "x".repeat(32) };
  const parsed = parseTarget(written, { types: targetTypes, readSecret: String });
  if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.target;
};

/** A ledger that sends changed texts again, and a page whose severity comes from a verdict. */
async function open() {
  const clock = new VirtualClock();
  const ledger = memoryLedger({ clock, settings: { ...defaultSettings, retrigger: "content" } });
  await ledger.useTargets([targetTerms("pager")]);
  const publisher = createPublisher(target(), { transport: new Transport(), version: "0" });
  const lease = async () => {
    const ahead = { targets: [], factor: 1 };
    const { leases } = await ledger.leaseDue({ owner: "w", max: 9, concurrency: 9, leaseMarginMs: 0, ahead });
    return leases;
  };
  return {
    clock,
    ledger,
    fires: async (reasoning: string) => {
      const routes = [{ ...routeTo("pager", alertOf("disk")), byVerdict: "filled" } as const];
      await ledger.record([{ claim: firing("disk"), routes, classification: { verdict: verdict(reasoning) } }]);
    },
    /** Sends what is due and returns the events. */
    sent: async () => {
      const leases = await lease();
      const notify = notifications(() => undefined);
      const events = leases.map((one) => publisher.render(notify(one)));
      await ledger.settle(leases.map((one) => ({ lease: one, outcome: { kind: "accepted", receipt: "r" } })));
      return events;
    },
  };
}

test("a page whose severity comes from a verdict says so, from the ledger to PagerDuty", async () => {
  const { fires, sent } = await open();
  await fires("It is almost full.");
  expect(await sent()).toMatchObject([
    {
      payload: {
        summary: "disk is wrong · AI: error (87 %)",
        severity: "error",
        custom_details: { ai_classification: { severity: "error", reasoning: "It is almost full.", model: "small-1" } },
      },
    },
  ]);
});

test("another text of the verdict does not repeat a page, even where changed texts are sent again", async () => {
  const { fires, sent, clock } = await open();
  await fires("It is almost full.");
  await sent();
  await clock.advance(10 * 60_000);
  await fires("Other words.");
  expect(await sent()).toEqual([]);
});

test("an incident shows its verdict in the API, as documented", async () => {
  const { fires, ledger, clock } = await open();
  await fires("It is <b>almost</b> full.");
  const [view] = (await ledger.incidents({ limit: 1 })).incidents;
  const id = String(view!.incident.id);
  const related = { before: () => Promise.resolve([]) };
  const shows = incidentEndpoints({ ledger, related, clock, wake: () => {} }).find(
    ({ method, path }) => method === "GET" && path === "/api/v1/incidents/:id",
  );
  const body = (await shows?.answer({ params: { id } } as never, {} as never)) as { classification?: Verdict };
  const text = JSON.stringify(body);
  expect(body.classification).toMatchObject({ reasoning: "It is <b>almost</b> full.", changed: "filled" });
  const answer = { method: "GET", path: `/api/v1/incidents/${id}`, status: 200, contentType: "application/json", text };
  expect(undocumentedIn(answer)).toEqual([]);
});
