import type { LookupFunction } from "node:net";
import { HangingListener } from "@tocsin/test";
import { expect, test } from "vitest";
import { receive } from "../../../http/test/receiver.ts";
import { selfSigned } from "../../../http/test/self-signed.ts";
import { startTunnelProxy } from "../../../http/test/tunnel-proxy.ts";
import { SocketTransport } from "./socket-transport.ts";

const resolvingTo =
  (...addresses: string[]): LookupFunction =>
  (_, __, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    );

const certificate = selfSigned({ names: ["receiver.test", "localhost"] });

test.each(["http", "https", "tunnel"] as const)(
  "an event reaches a name whose first address hangs, and so does a health check: %s",
  async (way) => {
    await using receiver = await receive(undefined, way === "http" ? undefined : certificate);
    await using proxy = await startTunnelProxy({ leadTo: receiver.port });
    await using hanging = await HangingListener.open("127.0.0.2", way === "tunnel" ? proxy.port : receiver.port);
    const base = `${way === "http" ? "http" : "https"}://receiver.test:${receiver.port}`;
    const transport = new SocketTransport({
      endpoints: { alert: new URL(base), change: new URL(base) },
      userAgent: "test",
      maxConnections: 1,
      ca: certificate.cert,
      lookup: resolvingTo(hanging.host, "127.0.0.1"),
      ...(way === "tunnel" && { proxy: new URL(`http://proxy.test:${proxy.port}`) }),
    });
    expect(await transport.post({ endpoint: "alert", body: "{}", timeoutMs: 10_000 })).toMatchObject({ status: 202 });
    await transport.reach({ timeoutMs: 10_000 });
    expect(proxy.asked).toHaveLength(way === "tunnel" ? 2 : 0);
    transport.close();
  },
);
