import { HangingListener, VirtualClock } from "@tocsin/test";
import type { LookupFunction } from "node:net";
import type { TLSSocket } from "node:tls";
import { expect, test } from "vitest";
import { accept, receive } from "../test/receiver.ts";
import { selfSigned } from "../test/self-signed.ts";
import { startTunnelProxy } from "../test/tunnel-proxy.ts";
import { addressOf } from "./sender.ts";
import { Transport } from "./transport.ts";

const resolvingTo =
  (...addresses: string[]): LookupFunction =>
  (_, __, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );

const { signal } = new AbortController();
const certificate = selfSigned({ names: ["receiver.test", "localhost"] });

test.each(["http", "https", "forward", "tunnel"] as const)(
  "an event reaches a name whose first address hangs: %s",
  async (way) => {
    const secure = way === "https" || way === "tunnel";
    await using receiver = await receive(undefined, secure ? certificate : undefined);
    await using proxy = await startTunnelProxy({ leadTo: receiver.port });
    const port = way === "tunnel" ? proxy.port : receiver.port;
    await using hanging = await HangingListener.open("127.0.0.2", port);
    const through = { [way === "tunnel" ? "https" : "http"]: new URL(`http://proxy.test:${port}`) };
    await using transport = new Transport({
      lookup: resolvingTo(hanging.host, "127.0.0.1"),
      proxy: way === "forward" || way === "tunnel" ? through : undefined,
    });
    const address = {
      ...addressOf(`${secure ? "https" : "http"}://receiver.test:${receiver.port}/`),
      ...(secure && { tls: { ca: certificate.cert } }),
    };
    const reply = await transport.post({ address, headers: [], body: "{}", signal });
    expect(reply).toMatchObject({ kind: "answered", status: 202 });
    expect(proxy.asked).toHaveLength(way === "tunnel" ? 1 : 0);
  },
);

test("forbidden addresses are left out of a race, in any place of the list", async () => {
  await using receiver = await receive();
  // They are other addresses of this machine, so they would reach the receiver.
  const forbidden = ["0.0.0.0", "::ffff:0.0.0.0", "::"];
  for (const addresses of [
    [...forbidden, "127.0.0.3"],
    ["127.0.0.3", ...forbidden],
    ["::", "127.0.0.3", "0.0.0.0", "127.0.0.4"],
  ]) {
    await using transport = new Transport({ lookup: resolvingTo(...addresses) });
    const address = addressOf(`http://receiver.test:${receiver.port}/`);
    expect(await transport.post({ address, headers: [], body: "{}", signal })).toMatchObject({
      kind: "failed",
      detail: "connection refused (ECONNREFUSED)",
    });
  }
  expect(receiver.connections).toBe(0);
});

test("a name is looked up again after `maxConnectionAgeMs` on the transport's clock", async () => {
  await using receiver = await receive();
  const clock = new VirtualClock();
  let lookups = 0;
  const lookup: LookupFunction = (name, options, callback) => {
    lookups++;
    resolvingTo("127.0.0.1")(name, options, callback);
  };
  await using transport = new Transport({ lookup, clock, maxConnectionAgeMs: 60_000 });
  const address = addressOf(`http://receiver.test:${receiver.port}/`);
  const post = () => transport.post({ address, headers: [], body: "{}", signal });
  await post();
  await clock.advance(59_999);
  await post();
  expect(lookups).toBe(1);
  await clock.advance(1);
  await post();
  expect(lookups).toBe(2);
});

test.each(["https", "tunnel"] as const)("a final dot of a name is not part of the name in TLS: %s", async (way) => {
  const names: unknown[] = [];
  await using receiver = await receive((response, received, nth) => {
    names.push((response.socket as TLSSocket).servername, received.headers.host);
    accept(response, received, nth);
  }, certificate);
  await using proxy = await startTunnelProxy({ leadTo: receiver.port });
  await using transport = new Transport({
    lookup: resolvingTo("127.0.0.1"),
    proxy: way === "tunnel" ? { https: new URL(proxy.url) } : undefined,
  });
  const address = { ...addressOf(`https://receiver.test.:${receiver.port}/`), tls: { ca: certificate.cert } };
  const reply = await transport.post({ address, headers: [], body: "{}", signal });
  expect(reply).toMatchObject({ kind: "answered", status: 202 });
  expect(names).toEqual(["receiver.test", `receiver.test.:${receiver.port}`]);
});
