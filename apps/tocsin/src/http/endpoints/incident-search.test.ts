import type { Incident, IncidentQuery, IncidentView } from "@tocsin/core";
import { parseMatchers } from "@tocsin/core";
import { VirtualClock } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { type IncidentSearch, maxSearch, searchIncidents } from "./incident-search.ts";

const viewOf = (id: number): IncidentView => ({
  incident: {
    id,
    kind: "alert",
    target: "pager",
    dedupKey: `key-${id}`,
    updatedAtMs: 1_000 * id,
    wanted: { summary: `Disk ${id} full`, severity: id % 4 ? "warning" : "critical" },
  } as Incident,
  state: "due",
  reason: id % 2 ? "waiting_limit" : "waiting_turn",
  labels: { team: id % 3 ? "storage" : "Web" },
  sources: [id % 5 ? "am" : "grafana"],
  confirmedAtMs: 0,
});

/** A ledger with incidents 1 to `count`, which counts how many it returned at once. */
function ledgerWith(count: number) {
  const atOnce: number[] = [];
  return {
    atOnce,
    incidents: async ({ limit, cursor }: IncidentQuery) => {
      const first = cursor === undefined ? count : Number(cursor) - 1;
      const ids = Array.from({ length: Math.min(limit, first) }, (_, n) => first - n);
      atOnce.push(ids.length);
      const last = ids.at(-1) ?? 1;
      return { incidents: ids.map(viewOf), ...(last > 1 && { nextCursor: String(last) }) };
    },
  };
}

const search = async (count: number, filters: Partial<IncidentSearch>, page: Partial<IncidentQuery> = {}) => {
  const ledger = ledgerWith(count);
  const query = { limit: 3, ...page };
  const found = await searchIncidents({ matchers: [], ...filters, query }, { ledger, clock: new VirtualClock() });
  const { incidents, ...rest } = found;
  return { ids: incidents.map(({ incident }) => incident.id), ...rest, atOnce: ledger.atOnce };
};

describe("a search of incidents", () => {
  test.each<[string, Partial<IncidentSearch>, number[]]>([
    ["reason", { reason: "waiting_limit" }, [9, 7, 5]],
    ["severity", { severity: "critical" }, [8, 4]],
    ["time of the last change", { sinceMs: 8_000 }, [9, 8]],
    ["source", { source: "grafana" }, [5]],
    ["text in the summary", { text: "disk 7 f" }, [7]],
    ["text in the dedup key", { text: "key-4" }, [4]],
    ["text in a label", { text: "web" }, [9, 6, 3]],
    ["text in the target", { text: "page" }, [9, 8, 7]],
    ["kind", { kind: "change" }, []],
    ["matchers", { matchers: parseMatchers('team=~"W.*", team!="x"') }, [9, 6, 3]],
    ["two filters", { reason: "waiting_limit", matchers: parseMatchers("team=Web") }, [9, 3]],
  ])("filters by %s", async (_, filters, ids) => {
    expect((await search(9, filters)).ids).toEqual(ids);
  });

  test("continues from its cursor, and finds each incident once", async () => {
    const seen: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await search(1_000, { source: "grafana" }, { limit: 7, ...(cursor !== undefined && { cursor }) });
      seen.push(...page.ids);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(Array.from({ length: 200 }, (_, n) => 1_000 - 5 * n));
  });

  test("stops after 10,000 incidents, says so, and continues after them", async () => {
    const first = await search(12_345, { kind: "change" });
    expect(first).toMatchObject({ ids: [], nextCursor: "2346", searched: { looked: 10_000, stopped: true } });
    const second = await search(12_345, { kind: "change" }, { cursor: "2346" });
    expect(second).toMatchObject({ ids: [], searched: { looked: 2_345, stopped: false } });
    expect(second.nextCursor).toBeUndefined();
  });

  test.each<[string, Partial<IncidentSearch>]>([
    ["a text", { text: "no such text" }],
    ["a severity", { severity: "info" }],
    ["a time", { sinceMs: 1e9 }],
  ])("reads few incidents at once for %s, so that nothing waits long for it", async (_, filters) => {
    const { atOnce } = await search(5_000, filters);
    expect(Math.max(...atOnce)).toBe(maxSearch.atOnce);
  });

  test("is no search without such a filter", async () => {
    const page = await search(9, {});
    expect(page).toEqual({ ids: [9, 8, 7], nextCursor: "7", atOnce: [3] });
  });
});
