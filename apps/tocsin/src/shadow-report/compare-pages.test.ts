import { describe, expect, test } from "vitest";
import { comparePages } from "./compare-pages.ts";
import type { OldIncident } from "./old-incident.ts";
import type { Page } from "./page.ts";

const baseMs = Date.UTC(2026, 10, 23, 10);
const windowMs = 600_000;

const page = (incident: number, seconds: number, more: Partial<Page> = {}): Page => ({
  incident,
  target: "pager",
  alertName: "DiskFull",
  members: [`f${incident}`],
  dedupKey: `f${incident}`,
  severity: "critical",
  summary: "The disk of db-1 is full",
  labels: { alertname: "DiskFull", instance: "db-1", severity: "critical" },
  triggeredAt: new Date(baseMs + seconds * 1_000).toISOString(),
  acknowledgedAt: null,
  resolvedAt: null,
  repeats: 0,
  ...more,
});

const old = (name: string, seconds: number, more: Partial<OldIncident> = {}): OldIncident => ({
  place: "line 2",
  name,
  title: "The disk of db-1 is full",
  createdAtMs: baseMs + seconds * 1_000,
  ...more,
});

const doubt = (names: readonly string[]) => (names.length === 0 ? "" : `?${names.join()}`);

/** Formats a comparison as `1=Q1 by title`, `-Q2`, `3-`, with what is uncertain after a question mark. */
function compared(pages: Page[], olds: OldIncident[]): string[] {
  const { both, onlyOld, onlyTocsin } = comparePages(pages, olds, windowMs);
  return [
    ...both.map((one) => `${one.page.incident}=${one.old.name} by ${one.by}${doubt(one.ambiguousWith)}`),
    ...onlyOld.map(({ one, perhaps }) => `-${one.name}${doubt(perhaps)}`),
    ...onlyTocsin.map(({ one, perhaps }) => `${one.incident}-${doubt(perhaps)}`),
  ];
}

describe("pages and old incidents match", () => {
  test("by the same title, within the time", () => {
    expect(compared([page(1, 0)], [old("Q1", 599), old("Q2", 3_600)])).toEqual(["1=Q1 by title", "-Q2"]);
    expect(compared([page(1, 0)], [old("Q1", -601)])).toEqual(["-Q1", "1-"]);
  });

  test("by the title that Alertmanager makes of labels", () => {
    const title = "[FIRING:1] DiskFull db-1 (critical)";
    const other = { labels: { alertname: "DiskFull", instance: "db-2" }, summary: "The disk of db-2 is full" };
    expect(compared([page(1, 0), page(2, 0, other)], [old("Q1", 30, { title })])).toEqual(["1=Q1 by title", "2-"]);
    expect(compared([page(1, 0)], [old("Q1", 30, { title: "[FIRING:1] Slow db-1 (critical)" })])).toEqual([
      "-Q1",
      "1-",
    ]);
  });

  test("by dedup key before any title, also if the old one was open for long", () => {
    const keyed = old("Q2", 300, { key: "f1", title: "Other words" });
    expect(compared([page(1, 0)], [old("Q1", 0), keyed])).toEqual(["1=Q2 by key", "-Q1?incident 1"]);
    const open = { key: "f1", title: "Other words", resolvedAtMs: baseMs + 1_000 };
    expect(compared([page(1, 0)], [old("Q1", -86_400, open)])).toEqual(["1=Q1 by key"]);
    expect(compared([page(1, 60)], [old("Q1", -86_400, open)])).toEqual(["-Q1", "1-"]);
  });

  test("each once, the nearest in time first", () => {
    const olds = [old("Q1", 5), old("Q2", 305)];
    expect(compared([page(1, 0), page(2, 300)], olds)).toEqual(["1=Q1 by title", "2=Q2 by title"]);
  });

  test("with a doubt if several would match as well", () => {
    expect(compared([page(1, 0)], [old("Q1", 5), old("Q2", 20)])).toEqual(["1=Q1 by title?Q2", "-Q2?incident 1"]);
    expect(compared([page(1, 0), page(2, 10)], [old("Q1", 0)])).toEqual(["1=Q1 by title?incident 2", "2-?Q1"]);
    // A minute apart is clear.
    expect(compared([page(1, 0)], [old("Q1", 5), old("Q2", 70)])).toEqual(["1=Q1 by title", "-Q2?incident 1"]);
  });

  test("not at all if there are none", () => {
    expect(compared([], [])).toEqual([]);
  });

  test("in a storm, each with its own partner", () => {
    const count = 3_000;
    const pages = Array.from({ length: count }, (_, n) =>
      page(n, n / 10, { summary: `host ${n} is down`, labels: {} }),
    );
    const olds = Array.from({ length: count }, (_, n) => old(`Q${n}`, n / 10 + 1, { title: `host ${n} is down` }));
    const { both } = comparePages(pages.slice(0, 150), olds, windowMs);
    expect(both.every((one) => one.old.name === `Q${one.page.incident}`)).toBe(true);
    expect(both).toHaveLength(150);
  });
});
