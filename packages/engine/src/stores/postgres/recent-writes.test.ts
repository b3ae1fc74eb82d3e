import type { Flight, Incident } from "@tocsin/core/decisions";
import { epochMs, incidentOf } from "@tocsin/test";
import { expect, test } from "vitest";
import type { AlertRecord } from "../../ledger/store.ts";
import { OwnRows } from "./recent-writes.ts";
import { storedKey } from "./index-key.ts";

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

/** A draft that inserted incidents, rewrote others, changed the flight alone of others still, and put alerts. */
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

test("has what a transaction wrote, as the row is: without the flight, and not what it only leased", () => {
  const own = new OwnRows();
  expect(own.transactions).toBe("{}");
  const flying = incidentOf({ id: 2, flight: { token: 1 } as Flight });
  const [one, leased] = [incidentOf({ id: 1 }), incidentOf({ id: 3 })];
  const long = "x".repeat(1_000);
  own.wrote("7", written({ inserted: [one], rewritten: [flying], leased: [leased], alerts: [alert(long)] }));
  expect(own.transactions).toBe("{7}");
  expect(own.incident(1)).toEqual(one);
  expect(own.incident(2)).toEqual({ ...flying, flight: null });
  expect(() => own.incident(3)).toThrow("not at hand");
  expect(own.alert(storedKey(long))).toEqual(alert(long));
});

test("names a transaction as a row does: by the last 32 bits of its number", () => {
  const own = new OwnRows();
  own.wrote(String(5n * 2n ** 32n + 9n), written({ inserted: [incidentOf()] }));
  expect(own.transactions).toBe("{9}");
});

test("a transaction that wrote no row of these is none", () => {
  const own = new OwnRows();
  own.wrote("7", written({ leased: [incidentOf()] }));
  expect(own.transactions).toBe("{}");
});

test("forgets the oldest transactions, and of them what no later one wrote", () => {
  const own = new OwnRows();
  own.wrote(
    "1",
    written({ inserted: [incidentOf({ id: 1 }), incidentOf({ id: 2 })], alerts: [alert("a"), alert("b")] }),
  );
  own.wrote("2", written({ rewritten: [incidentOf({ id: 1, attempts: 1 })], alerts: [alert("a", "[1]")] }));
  for (let n = 3; n <= 129; n++) own.wrote(String(n), written({ inserted: [incidentOf({ id: n })] }));
  expect(own.transactions.slice(1, -1).split(",").map(Number)).toEqual(Array.from({ length: 128 }, (_, n) => n + 2));
  expect(own.incident(1).attempts).toBe(1);
  expect(own.alert("a").content).toBe("[1]");
  expect(() => own.incident(2)).toThrow("not at hand");
  expect(() => own.alert("b")).toThrow("not at hand");
});

test("keeps no more than so much, were it nothing at all", () => {
  const own = new OwnRows();
  const large = "x".repeat(4_000_000);
  own.wrote("1", written({ alerts: [alert("a", large)] }));
  own.wrote("2", written({ alerts: [alert("b", large)] }));
  expect(own.transactions).toBe("{2}");
  own.wrote("3", written({ alerts: [alert("c", large), alert("d", large)] }));
  expect(own.transactions).toBe("{}");
  own.wrote("4", written({ inserted: Array.from({ length: 12_001 }, (_, id) => incidentOf({ id })) }));
  expect(own.transactions).toBe("{}");
  own.wrote("5", written({ alerts: [alert("e")] }));
  own.clear();
  expect(own.transactions).toBe("{}");
  expect(() => own.alert("e")).toThrow("not at hand");
});
