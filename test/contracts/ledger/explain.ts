import { describe, expect, test } from "vitest";
import { firing, routeTo, wanted } from "../../kit/claims.ts";
import { targetTerms } from "../../kit/target-terms.ts";
import { accepted, type LedgerSubject, minute, serverError, LedgerHarness } from "./ledger-harness.ts";

/** All that explains one alert, and the list of all alerts. */
export function explain(subject: LedgerSubject): void {
  describe("an explanation", () => {
    test("has the alert, its incident and history at each target, and the content of its event", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [targetTerms("one"), targetTerms("two")] });
      await harness.fires("a", { at: ["one", "two"], source: "am", severity: "warning" });
      const leases = await harness.claim();
      for (const lease of leases) await harness.settle(lease, lease.target === "one" ? accepted : serverError);
      const explained = await harness.ledger.explain("a");
      expect(explained?.alert).toMatchObject({ status: "firing", sender: "am", alert: { fingerprint: "a" } });
      const rows = explained?.incidents.map(({ incident, state, history }) => [
        incident.target,
        state,
        history.map(({ what }) => what),
      ]);
      expect(rows?.toSorted()).toEqual([
        ["one", "told", ["trigger"]],
        ["two", "due", ["trigger server"]],
      ]);
      for (const { content } of explained?.incidents ?? []) {
        const {
          incident,
          target,
          dedupKey,
          severity,
          summary,
          firing: fires,
          alertJson,
          sender,
        } = leases.find((lease) => lease.incident === content.incident) ?? {};
        expect(content).toEqual({
          incident,
          target,
          dedupKey,
          severity,
          summary,
          firing: fires,
          alertJson,
          sender,
        });
      }
      expect(await harness.ledger.explain("never seen")).toBeUndefined();
    });

    test.runIf(subject.virtualTime)(
      "has the newest episode alone, under each dedup key that the alert ever had",
      async () => {
        await using harness = await LedgerHarness.open(subject);
        for (const dedupKey of ["a", "a", "group", "group"]) {
          await harness.fires("a", { dedupKey, startsAtMs: harness.clock.now() });
          await harness.after(minute);
          await harness.ends("a", { endsAtMs: harness.clock.now() });
          await harness.after(minute);
        }
        const newest = await harness.newest();
        expect((await harness.views()).length).toBe(4);
        const incidents = (await harness.ledger.explain("a"))?.incidents ?? [];
        expect(incidents.map(({ incident }) => [incident.id, incident.dedupKey])).toEqual([[newest.id, "group"]]);
      },
    );

    test("shows for each member of a group the content of the group", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("b", { dedupKey: "group", severity: "warning" });
      await harness.fires("a", { dedupKey: "group", severity: "critical", source: "am" });
      for (const name of ["a", "b"]) {
        const incidents = (await harness.ledger.explain(name))?.incidents ?? [];
        expect(incidents.map(({ content }) => [content.dedupKey, content.firing, content.severity])).toEqual([
          ["group", 2, "critical"],
        ]);
      }
    });

    test("names a shadow's event as one that was not sent", async () => {
      await using harness = await LedgerHarness.open(subject, {
        targets: [targetTerms("pagerduty", { shadow: true })],
      });
      await harness.fires("a");
      await harness.tell();
      const [incident] = (await harness.ledger.explain("a"))?.incidents ?? [];
      expect([incident?.state, incident?.reason, incident?.history.map(({ what }) => what)]).toEqual([
        "not_told",
        "shadow",
        ["shadow trigger"],
      ]);
    });

    test.runIf(subject.virtualTime)(
      "has the target's own incident beside the one that it handles as a fallback",
      async () => {
        const fallback = { target: "second", afterMs: 2 * minute };
        await using harness = await LedgerHarness.open(subject, {
          targets: [targetTerms("first", { fallback }), targetTerms("second")],
        });
        const claim = firing("a");
        const at = (target: string, dedupKey: string) =>
          routeTo(target, claim.alert, { dedupKey, severity: "critical" });
        await harness.ledger.record([{ claim, routes: [at("first", "group"), at("second", "a")] }]);
        for (const lease of await harness.claim())
          await harness.settle(lease, lease.target === "first" ? serverError : accepted);
        await harness.clock.advance(3 * minute);
        await harness.claim();
        const incidents = (await harness.ledger.explain("a"))?.incidents ?? [];
        const rows = incidents.map(({ incident, fallbackFor = "itself" }) =>
          [incident.target, incident.dedupKey, fallbackFor].join(" "),
        );
        expect(rows.toSorted()).toEqual(["first group itself", "second a itself", "second group first"]);
      },
    );
  });

  describe("all alerts", () => {
    test("are listed by fingerprint, firing or not, page by page", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.ledger.record(["e", "d", "c", "b", "a"].map((name) => wanted(firing(name), { at: [] })));
      await harness.ends("c", { at: [] });
      const page = async (after?: string) => {
        const alerts = await harness.ledger.alerts({ limit: 2, ...(after !== undefined && { after }) });
        return alerts.map(({ fingerprint }) => fingerprint);
      };
      expect([await page(), await page("b"), await page("cc"), await page("e")]).toEqual([
        ["a", "b"],
        ["c", "d"],
        ["d", "e"],
        [],
      ]);
    });
  });
}
