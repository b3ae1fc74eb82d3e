import { describe, expect, test } from "vitest";
import { readConfig } from "../../config/config.ts";
import { resolveTargets } from "../resolve-targets.ts";
import type { TargetDefinition } from "../target-definition.ts";
import { TargetGuard } from "./target-guard.ts";

const configOf = (policy: object) => readConfig({ discovery: { policy } }, { dir: "/", env: {} });
const guardFor = (policy?: object, server: object = {}) =>
  new TargetGuard(
    readConfig(
      { server: { listen: "127.0.0.1:9877", ...server }, discovery: { ...(policy && { policy }) } },
      { dir: "/", env: {} },
    ),
  );
const webhook = (url: string, more: object = {}) => ({ name: "tickets", type: "webhook", url, ...more });
const slack = (path: string) => ({ name: "s", type: "slack", webhook_url: `https://ops.example.com/${path}` });
type From = "config" | "files" | "kubernetes";
const written = (input: object, from: From): TargetDefinition => ({
  place: from === "config" ? "targets[0]" : `${from}/tickets`,
  input,
  ...(from === "kubernetes" && { namespace: "shop" }),
});
const entryOf = (input: object, from: From, guard: TargetGuard) =>
  resolveTargets([{ source: from, targets: [written(input, from)], readSecret: (one) => one as string }], {
    refusalsOf: (target) => guard.refusalsOf(target),
  })[0]!;
/** Returns the reason, and the lines that would allow the target. */
const verdict = (input: object, from: From, guard: TargetGuard): string => {
  const { refused, errors, target } = entryOf(input, from, guard);
  if (refused === undefined)
    return errors.length > 0 ? JSON.stringify(errors) : target === undefined ? "nothing" : "ready";
  const lines = errors.map(({ message }) => /`policy: \{ (.*) \}`/.exec(message)?.[1] ?? message);
  return `${refused}: ${lines.join(", ")}`;
};

const insecure = { allow_insecure: true };
const linkLocal = { allow_link_local: true };

/** Settings that a Secret may not use by default, and the line that allows each. */
const refusedByDefault: readonly (readonly [object, string])[] = [
  [webhook("https://127.0.0.1/x"), "allowLoopback: true"],
  [webhook("http://127.0.0.1:8080/x"), "allowLoopback: true"],
  [webhook("http://localhost:8080/x"), "allowLoopback: true"],
  [webhook("https://LOCALHOST./x"), "allowLoopback: true"],
  [webhook("https://a.localhost/x"), "allowLoopback: true"],
  [webhook("https://0x7f.1/x"), "allowLoopback: true"],
  [webhook("https://[::1]/x"), "allowLoopback: true"],
  [webhook("https://[::ffff:127.0.0.1]/x"), "allowLoopback: true"],
  [webhook("https://[64:ff9b::7f00:1]/x"), "allowLoopback: true"],
  [webhook("https://example.com/x", linkLocal), "allowLinkLocal: true"],
  [webhook("https://169.254.169.254/x", linkLocal), "allowLinkLocal: true"],
  [webhook("http://169.254.169.254/x", { ...linkLocal, ...insecure }), "allowLinkLocal: true, allowInsecure: true"],
  [webhook("https://0.0.0.0/x", linkLocal), "allowLoopback: true, allowLinkLocal: true"],
  [{ name: "am", type: "alertmanager", url: "https://example.com", ...linkLocal }, "allowLinkLocal: true"],
  [webhook("http://example.com/x", insecure), "allowInsecure: true"],
  [{ name: "am", type: "alertmanager", url: "http://10.0.0.1:9093", ...insecure }, "allowInsecure: true"],
  [{ name: "pd", type: "pagerduty", url: "http://proxy.example.com", ...insecure }, "allowInsecure: true"],
  [
    { name: "s", type: "slack", webhook_url: "http://chat.example.com/hooks/aaaaaaaaaaaaaaaa", ...insecure },
    "allowInsecure: true",
  ],
];

describe("a target", () => {
  test.each(refusedByDefault)("%j is refused from a Secret, and the error names the line to add", (input, lines) => {
    expect(verdict(input, "kubernetes", guardFor())).toBe(`policy: ${lines}`);
    const allow = Object.fromEntries(lines.split(", ").map((line) => [line.split(":")[0], true]));
    expect(verdict(input, "kubernetes", guardFor(allow))).toBe("ready");
  });

  test.each(refusedByDefault)("%j of the operator is refused only if the policy is configured", (input, lines) => {
    for (const from of ["config", "files"] as const) {
      expect(verdict(input, from, guardFor())).toBe("ready");
      expect(verdict(input, from, guardFor({}))).toBe(`policy: ${lines}`);
    }
  });

  test.each([
    webhook("https://example.com/x"),
    webhook("https://10.0.0.1/x"),
    webhook("https://[fd00::1]/x"),
    { name: "pd", type: "pagerduty", region: "us", routing_key: "R0UT1NGKEY0123456789abcdefABCDEF" },
  ])("%j is allowed from a Secret", (input) => {
    expect(verdict(input, "kubernetes", guardFor())).toBe("ready");
  });

  test.each<[object, object, string]>([
    [{ types: ["pagerduty"] }, webhook("https://example.com"), 'policy: types: ["pagerduty","webhook"]'],
    [{ types: ["pagerduty", "webhook"] }, webhook("https://example.com"), "ready"],
    [{ types: ["all"] }, webhook("https://example.com"), "ready"],
    [{ hosts: ["*.example.com"] }, webhook("https://a.b.example.com"), "ready"],
    [{ hosts: ["*.Example.com"] }, webhook("https://A.example.COM."), "ready"],
    [{ hosts: ["*.example.com"] }, webhook("https://example.com"), 'policy: hosts: ["*.example.com","example.com"]'],
    [
      { hosts: ["*.example.com"] },
      webhook("https://axexample.com"),
      'policy: hosts: ["*.example.com","axexample.com"]',
    ],
    [
      { hosts: ["*.example.com"] },
      webhook("https://a.example.com.evil"),
      'policy: hosts: ["*.example.com","a.example.com.evil"]',
    ],
    [{ hosts: ["10.*"] }, webhook("https://10.1.2.3"), "ready"],
    [{ hosts: ["fd00:*"] }, webhook("https://[fd00::1]"), "ready"],
    [{ allowPrivate: false }, webhook("https://10.1.2.3"), "policy: allowPrivate: true"],
    [{ allowPrivate: false }, webhook("https://[::ffff:192.168.0.1]"), "policy: allowPrivate: true"],
    [{ allowPrivate: false }, webhook("https://100.64.0.1"), "policy: allowPrivate: true"],
  ])("under the policy %j: %j is %s", (policy, input, expected) => {
    expect(verdict(input, "kubernetes", guardFor(policy))).toBe(expected);
    expect(verdict(input, "config", guardFor(policy))).toBe(expected);
  });
});

describe("this service itself", () => {
  const publicUrl = "https://tocsin.example.com";
  test.each<[string, object]>([
    ["http://127.0.0.1:9877/api/v1/incidents/1/resolve", {}],
    ["http://127.9.9.9:9877/", {}],
    ["http://localhost:9877/", {}],
    ["http://[::1]:9877/", {}],
    ["https://[::ffff:127.0.0.1]:9877/", {}],
    ["https://tocsin.localhost:9877", {}],
    ["http://127.0.0.1/", { listen: "127.0.0.1:80" }],
    ["https://127.0.0.1/", { listen: "127.0.0.1:443" }],
    ["https://tocsin.example.com/api/v1/webhook/alertmanager", { publicUrl }],
    ["https://TOCSIN.example.com.:443/", { publicUrl }],
    ["https://ops.example.com/tocsin/api", { publicUrl: "https://ops.example.com/tocsin/" }],
    ["https://ops.example.com/x/../%74ocsin", { publicUrl: "https://ops.example.com/tocsin" }],
    ["https://ops.example.com//tocsin/api", { publicUrl: "https://ops.example.com/tocsin" }],
  ])("%s is never a target, with %j", (url, server) => {
    const everything = { allowLoopback: true, allowLinkLocal: true, allowInsecure: true };
    for (const from of ["config", "files", "kubernetes"] as const) {
      const entry = entryOf(webhook(url), from, guardFor(everything, server));
      expect(entry).toMatchObject({ refused: "self_target", target: undefined, inForce: "nothing", errors: [{}] });
      expect(entryOf(webhook(url), from, guardFor(undefined, server)).refused).toBe("self_target");
    }
  });

  test.each<[string, object]>([
    ["http://127.0.0.1:9878/", {}],
    ["https://192.0.2.1:9877/", {}],
    ["https://example.com:9877/", {}],
    ["https://other.example.com/", { publicUrl }],
    ["https://tocsin.example.com:8443/", { publicUrl }],
    ["https://ops.example.com/other", { publicUrl: "https://ops.example.com/tocsin" }],
    ["https://ops.example.com/tocsin2", { publicUrl: "https://ops.example.com/tocsin" }],
  ])("%s is another service, with %j", (url, server) => {
    expect(verdict(webhook(url), "config", guardFor(undefined, server))).toBe("ready");
  });

  test("is recognized by the path of a Slack webhook too, which is a credential", () => {
    const guard = guardFor(undefined, { publicUrl: "https://ops.example.com/tocsin" });
    const self = entryOf(slack("tocsin/api/v1/aaaaaaaaaaaaaaaaaaaa"), "config", guard);
    expect(self).toMatchObject({ refused: "self_target", errors: [{ path: "targets[0].webhook_url" }] });
    expect(verdict(slack("hooks/aaaaaaaaaaaaaaaaaaaa"), "config", guard)).toBe("ready");
  });

  test("is recognized by the port on which it listens", () => {
    const guard = guardFor(undefined, { listen: "127.0.0.1:0" });
    expect(verdict(webhook("http://127.0.0.1:5555"), "config", guard)).toBe("ready");
    guard.listening(5555);
    expect(verdict(webhook("http://127.0.0.1:5555"), "config", guard)).toMatch(/^self_target/);
  });
});

const load = (inputs: readonly object[], guard: TargetGuard, before: ReturnType<typeof resolveTargets> = []) =>
  resolveTargets(
    [
      {
        source: "kubernetes",
        targets: inputs.map((input, at) => ({ place: `shop/${at}`, namespace: "shop", input })),
        readSecret: (one) => one as string,
      },
    ],
    { before, refusalsOf: (target) => guard.refusalsOf(target) },
  );

describe("a refused target", () => {
  const good = webhook("https://example.com/x");
  const bad = webhook("https://127.0.0.1/x");

  test("keeps its last valid version in use while that version is allowed", () => {
    const guard = guardFor();
    const [entry] = load([bad], guard, load([good], guard));
    expect(entry).toMatchObject({ refused: "policy", inForce: "last_valid", target: { url: "https://example.com/x" } });
  });

  test("has no version in use, even if an earlier policy allowed one", () => {
    const [entry] = load([bad], guardFor(), load([bad], guardFor({ allowLoopback: true })));
    expect(entry).toMatchObject({ refused: "policy", inForce: "nothing", target: undefined });
  });

  test("does not block another target with its name", () => {
    expect(load([bad, good], guardFor()).map(({ name, inForce }) => [name, inForce])).toEqual([
      ["shop/tickets (shop/0)", "nothing"],
      ["shop/tickets", "as_written"],
    ]);
  });
});

describe("addresses behind names", () => {
  const secret = { fromSecret: true, linkLocal: true };
  const operator = { fromSecret: false, linkLocal: true };

  test.each<[object | undefined, object, object]>([
    [
      undefined,
      { loopback: false, private: true, linkLocal: false },
      { loopback: true, private: true, linkLocal: true },
    ],
    [{}, { loopback: false, private: true, linkLocal: false }, { loopback: false, private: true, linkLocal: false }],
    [
      { allowLoopback: true, allowPrivate: false, allowLinkLocal: true },
      { loopback: true, private: false, linkLocal: true },
      { loopback: true, private: false, linkLocal: true },
    ],
  ])("follow the policy %j", (policy, forSecrets, forOperators) => {
    const guard = guardFor(policy);
    expect(guard.rulesOf(secret)).toEqual(forSecrets);
    expect(guard.rulesOf(operator)).toEqual(forOperators);
    expect(guard.rulesOf({ ...secret, linkLocal: false })).toEqual({ ...forSecrets, linkLocal: false });
  });

  test("keep their rules, and so their connections, while the policy is unchanged", () => {
    const guard = guardFor({ allowLoopback: true });
    const before = guard.rulesOf(secret);
    guard.configure(configOf({ allowLoopback: true }));
    expect(guard.rulesOf(secret)).toBe(before);
    guard.configure(configOf({}));
    expect(guard.rulesOf(secret)).toMatchObject({ loopback: false });
  });
});
