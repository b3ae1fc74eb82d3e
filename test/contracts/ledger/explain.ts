import { describe, expect, test } from "vitest";
import { firing, routeTo, wanted } from "../../kit/claims.ts";
import { targetTerms } from "../../kit/target-terms.ts";
import { accepted, type LedgerSubject, minute, serverError, Stage } from "./ledger-harness.ts";

/** All that explains one alert, and the list of all alerts. */
export function explaining(subject: LedgerSubject): void {
  describe("an explanation", () => {
    test("has the alert, its incident at each target with its history, and what its event says", async () => {
      await using stage = await Stage.open(subject, { targets: [targetTerms("one"), targetTerms("two")] });
      await stage.fires("a", { at: ["one", "two"], source: "am", severity: "warning" });
      const leases = await stage.claim();
      for (const lease of leases) await stage.settle(lease, lease.target === "one" ? accepted : serverError);
      const explained = await stage.ledger.explain("a");
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
      expect(await stage.ledger.explain("never seen")).toBeUndefined();
    });

    test.runIf(subject.virtualTime)(
      "has the newest episode alone, under each dedup key that the alert ever had",
      async () => {
        await using stage = await Stage.open(subject);
        for (const dedupKey of ["a", "a", "group", "group"]) {
          await stage.fires("a", { dedupKey, startsAtMs: stage.clock.now() });
          await stage.after(minute);
          await stage.ends("a", { endsAtMs: stage.clock.now() });
          await stage.after(minute);
        }
        const newest = await stage.newest();
        expect((await stage.views()).length).toBe(4);
        const incidents = (await stage.ledger.explain("a"))?.incidents ?? [];
        expect(incidents.map(({ incident }) => [incident.id, incident.dedupKey])).toEqual([[newest.id, "group"]]);
      },
    );

    test("says of a group what its members say together, to each of them", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("b", { dedupKey: "group", severity: "warning" });
      await stage.fires("a", { dedupKey: "group", severity: "critical", source: "am" });
      for (const name of ["a", "b"]) {
        const incidents = (await stage.ledger.explain(name))?.incidents ?? [];
        expect(incidents.map(({ content }) => [content.dedupKey, content.firing, content.severity])).toEqual([
          ["group", 2, "critical"],
        ]);
      }
    });

    test("names a shadow's event as one that was not sent", async () => {
      await using stage = await Stage.open(subject, { targets: [targetTerms("pagerduty", { shadow: true })] });
      await stage.fires("a");
      await stage.tell();
      const [incident] = (await stage.ledger.explain("a"))?.incidents ?? [];
      expect([incident?.state, incident?.reason, incident?.history.map(({ what }) => what)]).toEqual([
        "not_told",
        "shadow",
        ["shadow trigger"],
      ]);
    });

    test.runIf(subject.virtualTime)(
      "has a target's own incident beside the one that stands in for another target's",
      async () => {
        const fallback = { target: "second", afterMs: 2 * minute };
        await using stage = await Stage.open(subject, {
          targets: [targetTerms("first", { fallback }), targetTerms("second")],
        });
        const claim = firing("a");
        const at = (target: string, dedupKey: string) =>
          routeTo(target, claim.alert, { dedupKey, severity: "critical" });
        await stage.ledger.record([{ claim, routes: [at("first", "group"), at("second", "a")] }]);
        for (const lease of await stage.claim())
          await stage.settle(lease, lease.target === "first" ? serverError : accepted);
        await stage.clock.advance(3 * minute);
        await stage.claim();
        const incidents = (await stage.ledger.explain("a"))?.incidents ?? [];
        const rows = incidents.map(({ incident, fallbackFor = "itself" }) =>
          [incident.target, incident.dedupKey, fallbackFor].join(" "),
        );
        expect(rows.toSorted()).toEqual(["first group itself", "second a itself", "second group first"]);
      },
    );
  });

  describe("all alerts", () => {
    test("come by fingerprint, firing or not, page by page", async () => {
      await using stage = await Stage.open(subject);
      await stage.ledger.record(["e", "d", "c", "b", "a"].map((name) => wanted(firing(name), { at: [] })));
      await stage.ends("c", { at: [] });
      const page = async (after?: string) => {
        const alerts = await stage.ledger.alerts({ limit: 2, ...(after !== undefined && { after }) });
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
