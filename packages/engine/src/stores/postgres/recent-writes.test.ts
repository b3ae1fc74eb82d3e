import type { Flight, Incident } from "@tocsin/core/decisions";
import { epochMs, incidentOf } from "@tocsin/test";
import { expect, test } from "vitest";
import type { AlertRecord } from "../../ledger/store.ts";
import { RecentWrites } from "./recent-writes.ts";
import { indexKey } from "./index-key.ts";

const alert = (fingerprint: string, content = "{}"): AlertRecord => ({
  fingerprint,
  content,
  startsAtMs: epochMs,
  status: "firing",
  claims: {},
  incidents: [],
  routes: [],
  silent: [],
  lookAtMs: null,
  firstSeenAtMs: epochMs,
  confirmedAtMs: epochMs,
});

/** A unit of work that inserted incidents, rewrote others, changed only the flights of others, and put alerts. */
const written = ({
  inserted = [] as readonly Incident[],
  rewritten = [] as readonly Incident[],
  leased = [] as readonly Incident[],
  alerts = [] as readonly AlertRecord[],
}) => ({
  inserted: new Set(inserted.map(({ id }) => id)),
  rewritten: new Set(rewritten.map(({ id }) => id)),
  incidentsPut: new Map([...inserted, ...rewritten, ...leased].map((one) => [one.id, one])),
  alertsPut: new Map(alerts.map((after) => [after.fingerprint, { before: null, after }])),
});

test("keeps rows that a transaction wrote, without their flights, and not incidents that it only leased", () => {
  const recentWrites = new RecentWrites();
  expect(recentWrites.transactions).toBe("{}");
  const flying = incidentOf({ id: 2, flight: { token: 1 } as Flight });
  const [one, leased] = [incidentOf({ id: 1 }), incidentOf({ id: 3 })];
  const long = "x".repeat(1_000);
  recentWrites.wrote("7", written({ inserted: [one], rewritten: [flying], leased: [leased], alerts: [alert(long)] }));
  expect(recentWrites.transactions).toBe("{7}");
  expect(recentWrites.incident(1)).toEqual(one);
  expect(recentWrites.incident(2)).toEqual({ ...flying, flight: null });
  expect(() => recentWrites.incident(3)).toThrow("not in RecentWrites");
  expect(recentWrites.alert(indexKey(long))).toEqual(alert(long));
});

test("lists a transaction by the low 32 bits of its number, as rows do", () => {
  const recentWrites = new RecentWrites();
  recentWrites.wrote(String(5n * 2n ** 32n + 9n), written({ inserted: [incidentOf()] }));
  expect(recentWrites.transactions).toBe("{9}");
});

test("does not list a transaction that wrote no incident and no alert", () => {
  const recentWrites = new RecentWrites();
  recentWrites.wrote("7", written({ leased: [incidentOf()] }));
  expect(recentWrites.transactions).toBe("{}");
});

test("drops the oldest transactions, and those of their rows that no later one wrote", () => {
  const recentWrites = new RecentWrites();
  recentWrites.wrote(
    "1",
    written({ inserted: [incidentOf({ id: 1 }), incidentOf({ id: 2 })], alerts: [alert("a"), alert("b")] }),
  );
  recentWrites.wrote("2", written({ rewritten: [incidentOf({ id: 1, attempts: 1 })], alerts: [alert("a", "[1]")] }));
  for (let n = 3; n <= 129; n++) recentWrites.wrote(String(n), written({ inserted: [incidentOf({ id: n })] }));
  expect(recentWrites.transactions.slice(1, -1).split(",").map(Number)).toEqual(
    Array.from({ length: 128 }, (_, n) => n + 2),
  );
  expect(recentWrites.incident(1).attempts).toBe(1);
  expect(recentWrites.alert("a").content).toBe("[1]");
  expect(() => recentWrites.incident(2)).toThrow("not in RecentWrites");
  expect(() => recentWrites.alert("b")).toThrow("not in RecentWrites");
});

test("keeps no more than its limit, even if nothing is left", () => {
  const recentWrites = new RecentWrites();
  const large = "x".repeat(4_000_000);
  recentWrites.wrote("1", written({ alerts: [alert("a", large)] }));
  recentWrites.wrote("2", written({ alerts: [alert("b", large)] }));
  expect(recentWrites.transactions).toBe("{2}");
  recentWrites.wrote("3", written({ alerts: [alert("c", large), alert("d", large)] }));
  expect(recentWrites.transactions).toBe("{}");
  recentWrites.wrote("4", written({ inserted: Array.from({ length: 12_001 }, (_, id) => incidentOf({ id })) }));
  expect(recentWrites.transactions).toBe("{}");
  recentWrites.wrote("5", written({ alerts: [alert("e")] }));
  recentWrites.clear();
  expect(recentWrites.transactions).toBe("{}");
  expect(() => recentWrites.alert("e")).toThrow("not in RecentWrites");
});
