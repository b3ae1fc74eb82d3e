import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { answer, ScriptedReceiver } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { type AddressRules, isAllowed, operatorLinkLocalRules, operatorRules } from "./address-guard.ts";
import { connectsToLoopback, isLinkLocal } from "./address-kinds.ts";
import { isThisMachine } from "./is-this-machine.ts";
import { addressOf } from "./sender.ts";
import { Transport } from "./transport.ts";

/** The host as a target's URL has it. */
const hostOf = (host: string) => new URL(`https://${host}/`).hostname;

describe("a receiver's host", () => {
  test.each([
    "169.254.169.254",
    "169.254.0.1",
    "169.254.255.255",
    // Other spellings of the same.
    "0xa9.254.169.254",
    "2852039166",
    "0251.0376.0251.0376",
    "169.254.43518",
    "[fe80::1]",
    "[febf::1]",
    "[fd00:ec2::254]",
    "[fd00:ec2::23]",
    "[FD00:0EC2:0:0:0:0:0:0254]",
    "[fd20:ce::254]",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "224.0.0.1",
    "255.255.255.255",
    "[ff02::1]",
    // Inside IPv6: mapped, compatible, translated, NAT64, 6to4, ISATAP.
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[::ffff:168.63.129.16]",
    "[::169.254.169.254]",
    "[::ffff:0:169.254.169.254]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b::168.63.129.16]",
    "[64:ff9b::100.100.100.200]",
    "[64:ff9b::224.0.0.1]",
    "[2002:a9fe:a9fe::1]",
    "[2002:a83f:8110::1]",
    "[2002:6464:64c8::]",
    "[fe80::5efe:a9fe:a9fe]",
    "[2001:db8::5efe:169.254.169.254]",
    "[2001:db8::200:5efe:169.254.169.254]",
    // There is no good reason to reach shared addresses through a translator.
    "[64:ff9b::100.64.0.1]",
    "[64:ff9b::6440:1]",
    "[2002:6440:1::1]",
    "[2002:647f:ffff::1]",
    // The inner address is not certain.
    "[64:ff9b:1::1]",
    "[64:ff9b:1:a9fe:a9:fe00::]",
    "[64:ff9b:1:ffff:ffff:ffff:ffff:ffff]",
    "[2001::1]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
  ])("%s is allowed only by allow_link_local", (host) => {
    expect(isAllowed(hostOf(host), operatorRules)).toBe(false);
    expect(isAllowed(hostOf(host), operatorLinkLocalRules)).toBe(true);
    expect(isLinkLocal(hostOf(host))).toBe(true);
  });

  test.each([
    "127.0.0.1",
    "127.255.255.254",
    "2130706433",
    "0x7f.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::1]",
  ])("%s is this machine", (host) => {
    expect(isAllowed(hostOf(host), operatorRules)).toBe(true);
    expect(isAllowed(hostOf(host), { ...operatorLinkLocalRules, loopback: false })).toBe(false);
    expect(connectsToLoopback(hostOf(host))).toBe(true);
    expect(isThisMachine(hostOf(host))).toBe(true);
  });

  test.each(["0.0.0.0", "0", "0.1.2.3", "[::]", "[::ffff:0.0.0.0]", "[64:ff9b::0.0.0.0]"])(
    "%s is this machine, and allowed only by allow_link_local",
    (host) => {
      expect(isAllowed(hostOf(host), operatorRules)).toBe(false);
      expect(isAllowed(hostOf(host), { ...operatorLinkLocalRules, loopback: false })).toBe(false);
      expect(isAllowed(hostOf(host), operatorLinkLocalRules)).toBe(true);
    },
  );

  test.each([
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[fd00:ec2::253]",
    "[fec0::1]",
    "[::ffff:10.0.0.1]",
    "[64:ff9b::10.0.0.1]",
    "[2002:c0a8:1::1]",
  ])("%s is private", (host) => {
    expect(isAllowed(hostOf(host), operatorRules)).toBe(true);
    expect(isAllowed(hostOf(host), { ...operatorLinkLocalRules, private: false })).toBe(false);
  });

  test.each([
    "example.com",
    "169.254.169.254.example.com",
    "localhost",
    "8.8.8.8",
    "169.253.255.255",
    "169.255.0.0",
    "168.63.129.15",
    "172.32.0.1",
    "100.63.255.255",
    "100.128.0.0",
    "128.0.0.1",
    "223.255.255.255",
    "[2001:db8::1]",
    "[2001:1::1]",
    "[64:ff9b::8.8.8.8]",
    "[64:ff9b:2::1]",
    "[2002:808:808::1]",
    "[2606:4700::1111]",
  ])("%s is public, or a name", (host) => {
    expect(isAllowed(hostOf(host), { loopback: false, private: false, linkLocal: false })).toBe(true);
  });

  test.each([
    ["localhost", true],
    ["LOCALHOST", true],
    ["localhost.", true],
    ["tocsin.localhost", true],
    ["localhost.example.com", false],
    ["notlocalhost", false],
  ])("the name %s always means this machine: %s", (name, expected) => {
    expect(connectsToLoopback(hostOf(name))).toBe(expected);
  });

  test("each address and the name of this machine are known, also inside IPv6", () => {
    const own = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
    const hosts = own.map(({ address, family }) => (family === "IPv6" ? `[${address.replace(/%.*/, "")}]` : address));
    const mapped = hosts.filter((host) => !host.startsWith("[")).map((host) => hostOf(`[::ffff:${host}]`));
    expect([...hosts, ...mapped].filter((host) => !isThisMachine(host))).toEqual([]);
    expect(mapped.length).toBeGreaterThan(0);
    expect(isThisMachine(hostname())).toBe(true);
    for (const other of ["192.0.2.1", "[2001:db8::1]", "example.com"]) expect(isThisMachine(hostOf(other))).toBe(false);
  });
});

/** Resolves every name to these addresses. */
const resolvingTo =
  (...addresses: LookupAddress[]): LookupFunction =>
  (_, options, callback) =>
    options.all ? callback(null, addresses) : callback(null, addresses[0]!.address, addresses[0]!.family);

const metadata = { address: "169.254.169.254", family: 4 };
const linkLocal = { address: "fe80::1", family: 6 };
const here = { address: "127.0.0.1", family: 4 };

test("a forbidden address is not connected to", async () => {
  await using transport = new Transport();
  const { signal } = new AbortController();
  for (const host of ["169.254.169.254", "[fd00:ec2::254]", "0.0.0.0"]) {
    const address = addressOf(`http://${host}:9/latest`);
    const reply = await transport.post({ address, headers: [], body: "{}", signal });
    expect(reply).toMatchObject({ kind: "failed", left: false, detail: expect.stringContaining("FORBIDDEN_ADDRESS") });
  }
});

describe("a name", () => {
  const { signal } = new AbortController();
  async function postTo(name: string, lookup: LookupFunction, how: { rules?: AddressRules; own?: boolean } = {}) {
    await using receiver = await ScriptedReceiver.open(answer(204));
    const port = Number(new URL(receiver.url).port);
    const { rules = operatorRules, own = false } = how;
    await using transport = new Transport({ lookup, rulesOf: () => rules, ownPort: () => (own ? port : undefined) });
    const address = addressOf(`http://${name}:${port}/secret-path`);
    const reply = await transport.post({ address, headers: [], body: "{}", signal });
    return { reply, arrived: receiver.requests.length };
  }

  test("that resolves to a forbidden address is not connected to, and the reason says so", async () => {
    for (const lookup of [resolvingTo(metadata), resolvingTo(linkLocal, metadata)]) {
      expect(await postTo("rebound.example.com", lookup)).toEqual({
        reply: {
          kind: "failed",
          left: false,
          reason: "forbidden_address",
          detail: "the host is, or resolves to, an address that this target must not use (FORBIDDEN_ADDRESS)",
        },
        arrived: 0,
      });
    }
  });

  test("that has allowed addresses too is connected to at those", async () => {
    const { reply, arrived } = await postTo("mixed.example.com", resolvingTo(metadata, here, linkLocal));
    expect([reply.kind, arrived]).toEqual(["answered", 1]);
  });

  test("that resolves to this machine or a private network is allowed to the operator", async () => {
    expect((await postTo("receiver.internal", resolvingTo(here))).arrived).toBe(1);
  });

  test("may resolve to any address if its target allows that", async () => {
    let asked = 0;
    const lookup: LookupFunction = (_, options, callback) => {
      asked++;
      resolvingTo(here)("", options, callback);
    };
    const { reply } = await postTo("agent.internal", lookup, { rules: operatorLinkLocalRules });
    expect([reply.kind, asked]).toEqual(["answered", 1]);
    const refused = await postTo("agent.internal", resolvingTo({ address: "0.0.0.0", family: 4 }), {
      rules: operatorLinkLocalRules,
    });
    expect(refused.arrived).toBe(1);
  });

  test.each([
    ["this machine", { ...operatorRules, loopback: false }, here],
    ["this machine, mapped", { ...operatorRules, loopback: false }, { address: "::ffff:127.0.0.1", family: 6 }],
    ["a private network", { ...operatorRules, private: false }, { address: "10.0.0.1", family: 4 }],
  ])("that resolves to %s is not connected to if the rules forbid it", async (_, rules, found) => {
    const { reply, arrived } = await postTo("receiver.internal", resolvingTo(found), { rules });
    expect([reply, arrived]).toMatchObject([{ detail: expect.stringContaining("FORBIDDEN_ADDRESS") }, 0]);
  });

  test("or address of this machine is not connected to at the port of this service", async () => {
    for (const host of ["receiver.internal", "127.0.0.1", "[::ffff:127.0.0.1]", "localhost"]) {
      const { reply, arrived } = await postTo(host, resolvingTo(here), { own: true, rules: operatorLinkLocalRules });
      const detail = "the host is, or resolves to, this service itself (SELF_TARGET)";
      expect([host, reply, arrived]).toMatchObject([host, { kind: "failed", left: false, detail }, 0]);
    }
  });
});

test("a connection of one author is not used for another author", async () => {
  await using receiver = await ScriptedReceiver.open(answer(204), answer(204));
  const rules = { operator: operatorRules, secret: { ...operatorRules, loopback: false } };
  await using transport = new Transport({ rulesOf: ({ fromSecret }) => (fromSecret ? rules.secret : rules.operator) });
  const post = { address: addressOf(receiver.url), headers: [], body: "{}", signal: new AbortController().signal };
  const secret = transport.for({ fromSecret: true, linkLocal: false });
  expect([(await transport.post(post)).kind, (await secret.post(post)).kind]).toEqual(["answered", "failed"]);
  expect((await transport.post(post)).kind).toBe("answered");
});
