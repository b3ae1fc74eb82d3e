import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { resolveTargets } from "../../resolve-targets.ts";
import { KeptSecrets, maxNamespaceWeight, maxTargets } from "./kept-secrets.ts";
import type { SecretObject } from "./target-secret.ts";

const KiB = 1 << 10;
const base64 = (text: string) => Buffer.from(text).toString("base64");
/** `created`: minutes after ten o'clock. */
const secretOf = (name: string, values: Readonly<Record<string, string>>, created = 0): SecretObject => ({
  metadata: {
    name,
    namespace: "shop",
    creationTimestamp: new Date(Date.UTC(2026, 10, 23, 10, created)).toISOString(),
  },
  data: Object.fromEntries(Object.entries(values).map(([entry, text]) => [entry, base64(text)])),
});
const webhook = (name: string, padding = 0) =>
  JSON.stringify({ name, type: "webhook", url: "https://example.com/x", metadata: { padding: "x".repeat(padding) } });
const small = (name: string, created = 0) => secretOf(name, { "target.json": webhook(name) }, created);
const keep = (...secrets: SecretObject[]) => {
  const kept = new KeptSecrets();
  for (const secret of secrets) kept.set(secret);
  return kept;
};
const errorsOf = ({ targets }: KeptSecrets) =>
  Object.fromEntries(targets.flatMap(({ name, issues }) => (issues ? [[name, issues[0]?.message]] : [])));

describe("a Secret", () => {
  test.each<[string, (size: number) => Record<string, string>]>([
    ["target.json", (size) => ({ "target.json": "x".repeat(size) })],
    ["config.json", (size) => ({ "config.json": "x".repeat(size) })],
    ["target.json and a credential", (size) => ({ "target.json": "{}", routing_key: "x".repeat(size - 2) })],
    ["the oldest layout", (size) => ({ type: "webhook", note: "x".repeat(size - 7) })],
  ])("with 256 KiB in %s is read, with more it is invalid", (_, values) => {
    const message = "the target and its credentials are larger than 256 KiB";
    const errors = (size: number) => errorsOf(keep(secretOf("a", values(size))))["a"];
    expect(errors(256 * KiB)).not.toBe(message);
    expect(errors(256 * KiB + 1)).toBe(message);
  });

  test("may hold other entries of any size, which are not kept in memory", () => {
    const { targets } = keep(secretOf("a", { "target.json": webhook("a"), "ca.crt": "x".repeat(900 * KiB) }));
    expect(targets[0]?.issues).toBeUndefined();
    expect(JSON.stringify(targets).length).toBeLessThan(KiB);
  });
});

const many = (count: number, created = 0) =>
  Array.from({ length: count }, (_, n) => small(`t${String(n).padStart(4, "0")}`, created));
const read = (kept: KeptSecrets, before: ReturnType<typeof resolveTargets> = []) =>
  resolveTargets([{ source: "kubernetes", targets: kept.targets, readSecret: String }], { before });

describe("a namespace", () => {
  test("has at most 1,000 targets; the newest are invalid, in whatever order they arrive", () => {
    for (const secrets of [many(maxTargets, 5), many(maxTargets, 5).toReversed()]) {
      const last = [small("a-new", 9), small("z-old", 1), ...secrets];
      const message = `the namespace has more than ${maxTargets} targets; the newest are not used`;
      const expected = { "a-new": message, t0999: message };
      for (const order of [last, last.toReversed()]) {
        const kept = keep(...order);
        expect(errorsOf(kept)).toEqual(expected);
        expect([kept.targets.length, kept.crowded]).toEqual([maxTargets + 2, true]);
      }
    }
  });

  test("limits large targets by the memory that they take, not by their number", () => {
    const large = (n: number) => secretOf(`t${n}`, { "target.json": webhook(`t${n}`, 250 * KiB) }, n);
    const kept = keep(...Array.from({ length: 140 }, (_, n) => large(n)));
    const over = Object.keys(errorsOf(kept)).length;
    expect(140 - over).toBe(Math.floor(maxNamespaceWeight / (250 * KiB + 300)));
    // Each value takes more memory than its text.
    const objects = (n: number) => secretOf(`t${n}`, { "target.json": `[${"{},".repeat(80 * KiB)}0]` }, n);
    expect(Object.keys(errorsOf(keep(...Array.from({ length: 20 }, (_, n) => objects(n))))).length).toBeGreaterThan(10);
  });

  test("does not keep an earlier version of a target that does not fit", () => {
    const kept = keep(...many(maxTargets, 5));
    const before = read(kept);
    kept.set(small("older", 1));
    const entry = read(kept, before).find(({ place }) => place === "shop/t0999");
    expect(entry).toMatchObject({ inForce: "nothing", target: undefined, errors: [{ path: "" }] });
  });

  test("reads the targets that did not fit again once there is room", () => {
    const before = keep(...many(maxTargets), small("z-new", 9));
    const after = new KeptSecrets();
    for (const secret of [...many(maxTargets - 1), small("z-new", 9)]) after.set(secret, before);
    expect(errorsOf(after)).toEqual({});
    expect([after.crowded, after.targets.length]).toEqual([false, maxTargets]);
  });

  test("keeps the objects of unchanged targets, also of those that do not fit", () => {
    const before = keep(...many(maxTargets), small("z-new", 9));
    const after = new KeptSecrets();
    for (const secret of [...many(maxTargets), small("z-new", 9)].toReversed()) after.set(secret, before);
    expect(after.differsFrom(before)).toBe(false);
    expect(before.set(small("t0001"))).toBe(false);
    expect(before.set(secretOf("t0001", { "target.json": "{}" }))).toBe(true);
    expect([before.delete("t0001"), before.delete("t0001")]).toEqual([true, false]);
  });
});

/** Returns the memory in use after garbage collection. */
function retainedBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let round = 0; round < 3; round++) collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test.each<[string, (n: number) => Record<string, string>, number]>([
  ["60 Secrets of 1 MB each", () => ({ "target.json": "x".repeat(1_000_000) }), 60],
  [
    "60 Secrets with 1 MB beside their targets",
    (n) => ({ "target.json": webhook(`t${n}`), blob: "x".repeat(1_000_000) }),
    60,
  ],
  ["700 Secrets of 100 KB each", (n) => ({ "target.json": webhook(`t${n}`, 100_000) }), 700],
  ["40 Secrets of many small values", () => ({ "target.json": `[${"{},".repeat(80 * KiB)}0]` }), 40],
])("%s take bounded memory", (_, values, count) => {
  const before = retainedBytes();
  const kept = new KeptSecrets();
  for (let n = 0; n < count; n++) kept.set(secretOf(`t${n}`, values(n), n));
  expect(retainedBytes() - before).toBeLessThan(2 * maxNamespaceWeight);
  expect(kept.targets).toHaveLength(count);
});
