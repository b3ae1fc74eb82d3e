import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { answer, ScriptedReceiver } from "@tocsin/testkit";
import { describe, expect, test } from "vitest";
import { isForbiddenAddress } from "./forbidden-address.ts";
import { addressOf } from "./request.ts";
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
    "[FD00:0EC2:0:0:0:0:0:0254]",
    "[fd20:ce::254]",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[::169.254.169.254]",
    "[64:ff9b::169.254.169.254]",
    "[2002:a9fe:a9fe::1]",
    "100.100.100.200",
    "192.0.0.192",
    "0.0.0.0",
    "0",
    "[::]",
    "[::ffff:0.0.0.0]",
    "224.0.0.1",
    "255.255.255.255",
    "[ff02::1]",
  ])("%s is forbidden", (host) => {
    expect(isForbiddenAddress(hostOf(host))).toBe(true);
  });

  test.each([
    "example.com",
    "169.254.169.254.example.com",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "169.253.255.255",
    "169.255.0.0",
    "[fec0::1]",
    "[fd00:ec2::253]",
    "[fd12:3456::1]",
    "[64:ff9b::10.0.0.1]",
    "[2001:db8::1]",
    "223.255.255.255",
  ])("%s is not, as an address", (host) => {
    expect(isForbiddenAddress(hostOf(host))).toBe(false);
  });
});

/** Answers with these addresses, whatever is asked. */
const resolvingTo =
  (...addresses: LookupAddress[]): LookupFunction =>
  (_, options, callback) =>
    options.all ? callback(null, addresses) : callback(null, addresses[0]!.address, addresses[0]!.family);

const metadata = { address: "169.254.169.254", family: 4 };
const linkLocal = { address: "fe80::1", family: 6 };
const here = { address: "127.0.0.1", family: 4 };

test("an address that is forbidden is not connected to, whoever asks", async () => {
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
  async function postTo(name: string, lookup: LookupFunction, anyAddress = false) {
    await using receiver = await ScriptedReceiver.open(answer(204));
    await using transport = new Transport({ lookup });
    const { port } = new URL(receiver.url);
    const address = { ...addressOf(`http://${name}:${port}/secret-path`), anyAddress };
    const reply = await transport.post({ address, headers: [], body: "{}", signal });
    return { reply, arrived: receiver.requests.length };
  }

  test("that resolves to a forbidden address is not connected to, and the reason says so", async () => {
    for (const lookup of [resolvingTo(metadata), resolvingTo(linkLocal, metadata)]) {
      expect(await postTo("rebound.example.com", lookup)).toEqual({
        reply: {
          kind: "failed",
          left: false,
          reason: "network",
          detail: "the host is, or resolves to, a link-local or metadata address (FORBIDDEN_ADDRESS)",
        },
        arrived: 0,
      });
    }
  });

  test("that has allowed addresses too is connected to at those", async () => {
    const { reply, arrived } = await postTo("mixed.example.com", resolvingTo(metadata, here, linkLocal));
    expect([reply.kind, arrived]).toEqual(["answered", 1]);
  });

  test("that resolves to this machine or a private network is the operator's to choose", async () => {
    expect((await postTo("receiver.internal", resolvingTo(here))).arrived).toBe(1);
  });

  test("may resolve to anything where its target says so", async () => {
    let asked = 0;
    const lookup: LookupFunction = (_, options, callback) => {
      asked++;
      resolvingTo(here)("", options, callback);
    };
    const { reply } = await postTo("agent.internal", lookup, true);
    expect([reply.kind, asked]).toEqual(["answered", 1]);
    const refused = await postTo("agent.internal", resolvingTo({ address: "0.0.0.0", family: 4 }), true);
    expect(refused.arrived).toBe(1);
  });
});
