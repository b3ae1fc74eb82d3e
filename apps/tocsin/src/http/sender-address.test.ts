import { describe, expect, test } from "vitest";
import { type Network, parseNetwork, SenderAddresses } from "./sender-address.ts";

test.each([
  ["10.0.0.0/8", { address: "10.0.0.0", prefix: 8 }],
  ["10.1.2.3/8", { address: "10.1.2.3", prefix: 8 }],
  ["0.0.0.0/0", { address: "0.0.0.0", prefix: 0 }],
  ["10.0.0.7", { address: "10.0.0.7", prefix: 32 }],
  ["10.0.0.7/32", { address: "10.0.0.7", prefix: 32 }],
  ["fd00::/8", { address: "fd00::", prefix: 8 }],
  ["::1", { address: "::1", prefix: 128 }],
  ["::/0", { address: "::", prefix: 0 }],
])("%s is a network", (text, network) => {
  expect(parseNetwork(text)).toEqual(network);
});

test.each([
  "",
  "10.0.0.0/33",
  "fd00::/129",
  "10.0.0/8",
  "10.0.0.0/",
  "10.0.0.0/08",
  "10.0.0.0/-1",
  "10.0.0.0/8.0",
  "10.0.0.0/255.0.0.0",
  "10.0.0.0/8/8",
  "10.0.0.0 /8",
  " 10.0.0.0/8",
  "010.0.0.0/8",
  "fe80::1%eth0/64",
  "proxy.internal",
  "*",
])("%j is not a network", (text) => {
  expect(parseNetwork(text)).toBeUndefined();
});

const trusting = (...networks: string[]) =>
  new SenderAddresses(networks.map((text) => parseNetwork(text)).filter((one): one is Network => one !== undefined));

describe("the sender", () => {
  test.each<
    [
      what: string,
      trusted: readonly string[],
      peer: string,
      forwardedFor: string | string[] | undefined,
      sender: string,
    ]
  >([
    ["is the peer without trusted proxies", [], "10.0.0.1", "192.0.2.7", "10.0.0.1"],
    ["is the peer if that is not trusted, whatever it claims", ["10.0.0.0/8"], "192.0.2.1", "192.0.2.7", "192.0.2.1"],
    ["is the peer if a trusted proxy names no address", ["10.0.0.0/8"], "10.0.0.1", undefined, "10.0.0.1"],
    ["is named by a trusted proxy", ["10.0.0.0/8"], "10.0.0.1", "192.0.2.7", "192.0.2.7"],
    ["is the last that is not trusted", ["10.0.0.0/8"], "10.0.0.1", "198.51.100.9, 192.0.2.7, 10.0.0.2", "192.0.2.7"],
    ["is not what a sender forged", ["10.0.0.1"], "10.0.0.1", "127.0.0.1, 192.0.2.7", "192.0.2.7"],
    ["is the first if all are trusted", ["10.0.0.0/8"], "10.0.0.1", "10.0.0.7, 10.0.0.2", "10.0.0.7"],
    ["is read over several headers", ["10.0.0.0/8"], "10.0.0.1", ["192.0.2.7", "10.0.0.2"], "192.0.2.7"],
    ["may come with a port", ["10.0.0.0/8"], "10.0.0.1", "192.0.2.7:4711", "192.0.2.7"],
    ["may be IPv6 in brackets, with a port", ["10.0.0.0/8"], "10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"],
    ["may be bare IPv6", ["10.0.0.0/8"], "10.0.0.1", "2001:db8::7", "2001:db8::7"],
    ["is the proxy if that hides its peer", ["10.0.0.0/8"], "10.0.0.1", "192.0.2.7, unknown", "10.0.0.1"],
    ["is the last proxy that is known", ["10.0.0.0/8"], "10.0.0.1", "_hidden, 10.0.0.2", "10.0.0.2"],
    ["is the proxy if the header is empty", ["10.0.0.0/8"], "10.0.0.1", "", "10.0.0.1"],
    ["is the proxy if the address is none", ["10.0.0.0/8"], "10.0.0.1", "999.0.0.1", "10.0.0.1"],
    ["is found behind a peer that is IPv4 in IPv6", ["10.0.0.0/8"], "::ffff:10.0.0.1", "192.0.2.7", "192.0.2.7"],
    ["has one name, IPv4 in IPv6 or not", [], "::ffff:10.0.0.1", undefined, "10.0.0.1"],
    ["is found behind IPv6 proxies", ["fd00::/8", "::1"], "::1", "2001:db8::7, fd00::2", "2001:db8::7"],
    ["keeps its zone", ["10.0.0.0/8"], "fe80::1%eth0", "192.0.2.7", "fe80::1%eth0"],
    ["is found behind a proxy with a zone", ["fe80::/10"], "fe80::1%eth0", "192.0.2.7", "192.0.2.7"],
    ["is never trusted as IPv6 by a rule for IPv4", ["0.0.0.0/0"], "2001:db8::1", "192.0.2.7", "2001:db8::1"],
  ])("%s", (_what, trusted, peer, forwardedFor, sender) => {
    expect(trusting(...trusted).senderOf(peer, forwardedFor)).toBe(sender);
  });
});
