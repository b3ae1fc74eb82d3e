import { describe, expect, test } from "vitest";
import type { Route } from "@tocsin/core";
import { alertOf, epochMs as t0, firing, longAgoMs, routeTo, wanted } from "../../kit/claims.ts";
import { targetTerms } from "../../kit/target-terms.ts";
import { type LedgerSubject, second, LedgerHarness } from "./ledger-harness.ts";

const pager = targetTerms("pagerduty");
const chat = targetTerms("chat");
const reorderWindow = 10 * second;

const changeTo = (target: string): Route => ({ ...routeTo(target, alertOf("a")), kind: "change" });

/** The alert `a` ended, and a firing that the resolve may have overtaken is held. */
async function withHeldFiring(subject: LedgerSubject): Promise<LedgerHarness> {
  const harness = await LedgerHarness.open(subject, { targets: [pager] });
  await harness.fires("a");
  await harness.tell();
  await harness.ends("a");
  await harness.tell();
  await harness.fires("a");
  return harness;
}

/** Incidents that the alert `a` opened after the hold, as `target key`. */
async function openIncidents(harness: LedgerHarness): Promise<string[]> {
  await harness.after(reorderWindow);
  const open = (await harness.views()).filter(({ state }) => state === "told");
  return open.map(({ incident }) => `${incident.target} ${incident.dedupKey}`).toSorted();
}

/** Targets change while the ledger holds a firing: the routes that count are those of the end of the hold. */
export function heldFirings(subject: LedgerSubject): void {
  describe("when targets change while a firing is held", () => {
    test.each([
      ["sends it to a target that was added", [pager, chat], ["pagerduty", "chat"], {}, ["chat a", "pagerduty a"]],
      ["does not send it to a target that was removed", [chat], ["chat"], {}, ["chat a"]],
      ["does not send it to a target that filters it since", [pager, chat], ["chat"], {}, ["chat a"]],
      ["sends it with a changed dedup key", [pager], ["pagerduty"], { dedupKey: "team" }, ["pagerduty team"]],
      ["sends it nowhere if no target wants it any more", [pager], [], {}, []],
    ])("%s", async (_what, targets, at, how, incidents) => {
      await using harness = await withHeldFiring(subject);
      await harness.ledger.useTargets(targets);
      const routes = at.map((target) => routeTo(target, alertOf("a"), how));
      await harness.ledger.reroute([{ fingerprint: "a", routes }]);
      expect(await openIncidents(harness)).toEqual(incidents);
    });

    test("keeps the new routes while another claim fires and ends", async () => {
      await using harness = await withHeldFiring(subject);
      await harness.fires("a", { source: "other", startsAtMs: t0 });
      await harness.tell();
      await harness.ledger.useTargets([pager, chat]);
      const routes = ["pagerduty", "chat"].map((target) => routeTo(target, alertOf("a")));
      await harness.ledger.reroute([{ fingerprint: "a", routes }]);
      await harness.tell();
      await harness.ends("a", { source: "other", startsAtMs: t0, endsAtMs: t0 + second });
      expect((await harness.tell()).length).toBe(2);
      expect(await openIncidents(harness)).toEqual(["chat a", "pagerduty a"]);
    });

    test("does not send a change event to a target that was added", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [pager, targetTerms("removed")] });
      const change = (at: readonly string[]) => ({ ...wanted(firing("a")), routes: at.map(changeTo) });
      await harness.fires("a", { at: [] });
      await harness.ends("a", { at: [] });
      await harness.ledger.record([change(["pagerduty", "removed"])]);
      await harness.ledger.useTargets([pager, chat]);
      await harness.ledger.reroute([{ fingerprint: "a", routes: ["pagerduty", "chat"].map(changeTo) }]);
      expect(await harness.after(reorderWindow)).toEqual(["change a"]);
      expect((await harness.newest()).target).toBe("pagerduty");
    });

    test("does not end the hold of a firing because it was routed again", async () => {
      await using harness = await withHeldFiring(subject);
      const routes = [routeTo("pagerduty", alertOf("a"))];
      await harness.ledger.reroute([{ fingerprint: "a", routes }]);
      expect(await harness.after(second)).toEqual([]);
      await harness.ends("a");
      await harness.ledger.reroute([{ fingerprint: "a", routes }]);
      expect(await harness.after(reorderWindow)).toEqual([]);
    });

    test("lists alerts with a held firing beside those that fire, page by page, if asked for", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [] });
      const names = ["test-f", "test-e", "test-d", "c", "b", "a"];
      await harness.ledger.record(names.map((name) => wanted(firing(name), { at: [] })));
      for (const name of ["test-e", "c", "b"]) await harness.ends(name, { startsAtMs: longAgoMs, at: [] });
      for (const name of ["test-e", "c"]) await harness.fires(name, { at: [] });
      const listed: string[] = [];
      for (let after = ""; ;) {
        const page = await harness.ledger.firing({ held: true, limit: 2, ...(after !== "" && { after }) });
        listed.push(...page.map(({ fingerprint }) => fingerprint));
        if (page.length < 2) break;
        after = page[1]?.fingerprint ?? "";
      }
      expect(listed.toSorted()).toEqual(["a", "c", "test-d", "test-e", "test-f"]);
      const tests = await harness.ledger.firing({ held: true, prefix: "test-", limit: 9 });
      expect(tests.map(({ fingerprint }) => fingerprint).toSorted()).toEqual(["test-d", "test-e", "test-f"]);
      const firingOnly = await harness.ledger.firing({ limit: 9 });
      expect(firingOnly.map(({ fingerprint }) => fingerprint).toSorted()).toEqual(["a", "test-d", "test-f"]);
    });
  });
}
