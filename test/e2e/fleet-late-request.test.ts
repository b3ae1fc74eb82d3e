import { once } from "node:events";
import { connect } from "node:net";
import { createServer } from "node:tls";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { selfSigned } from "../../packages/http/test/self-signed.ts";
import { webhookAlert } from "../support/alerts.ts";
import { Fleet } from "../support/fleet.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { tempDir } from "../support/temp-dir.ts";
import { type Held, TcpProxy } from "../support/tcp-proxy.ts";
import type { Service } from "../support/tocsin.ts";
import { inFlightAt } from "../support/in-flight.ts";
import { waitUntil } from "../support/wait-until.ts";

const timeoutMs = 1_000;
/** Until a lease is over, what was sent under it too, and who takes over has looked. */
const repairedWithinMs = timeoutMs + 20_000 + timeoutMs + 5_000;
/** For leases to end, on a machine that is busy. */
const patience = { withinMs: 120_000 };
const name = "0123456789abcdef";
const startsAt = "2026-01-01T00:00:00Z";

/** A way over TLS to a port of this machine. */
async function encryptedWayTo(port: number) {
  using place = new DisposableStack();
  const dir = place.use(tempDir());
  const certificate = selfSigned();
  const authority = join(dir.path, "ca.pem");
  writeFileSync(authority, certificate.cert);
  const server = createServer(certificate, (client) => {
    const onward = connect(port, "127.0.0.1");
    client.pipe(onward).pipe(client);
    for (const end of [client, onward]) end.on("error", () => onward.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const kept = place.move();
  kept.defer(() => server.close());
  return { port: (server.address() as { port: number }).port, authority, [Symbol.dispose]: () => kept.dispose() };
}

/**
 * The first attempt's bytes wait on their way; its owner is stopped, the other takes over and tells, and the alert ends. When
 * nothing of it is expected any more, the bytes arrive, and the owner goes on.
 */
async function ownerStopped(fleet: Fleet, pagerduty: PagerDuty, held: Promise<Held>): Promise<Service> {
  const [one, two] = fleet.replicas;
  if (!one || !two) throw new Error("a fleet of two has two");
  await one.webhook([webhookAlert(name, "firing", { startsAt })]);
  const bytes = await held;
  const owners = await Promise.all([one, two].map((replica) => inFlightAt(fleet.postgres, replica)));
  const owner = owners[0]?.length === 1 ? one : two;
  const other = owner === one ? two : one;
  owner.process.signal("SIGSTOP");
  await waitUntil("the other has told it", () => pagerduty.incidents().length === 1, patience);
  await other.webhook([webhookAlert(name, "resolved", { startsAt })]);
  // At once, and again after the time in which the lost attempt may still arrive, as far as the ledger can know.
  const resolves = () => pagerduty.stand.requests(Infinity).filter(({ action }) => action === "resolve");
  await waitUntil("its resolve is delivered twice", () => resolves().length === 2, patience);
  expect(pagerduty.story(name)).toEqual([["trigger", "resolve"]]);
  await bytes.release();
  return owner;
}

test("a request that arrives after its lease expired is repaired by its owner", async () => {
  await using pagerduty = await PagerDuty.open();
  await using proxy = await TcpProxy.open(Number(new URL(pagerduty.url).port));
  const target = pagerduty.target({ url: `http://${proxy.address}`, timeout: `${timeoutMs}ms` });
  await using fleet = await Fleet.start({ replicas: 2, config: { targets: [target] } });
  const owner = await ownerStopped(fleet, pagerduty, proxy.holdNext());
  await waitUntil("the late one has opened another", () => pagerduty.incidents().length === 2);
  owner.process.signal("SIGCONT");
  await waitUntil("that is ended too", () => pagerduty.incidents().every(({ status }) => status === "resolved"), {
    withinMs: repairedWithinMs,
  });
  await fleet.quiet();
  expect(pagerduty.story(name)).toEqual([
    ["trigger", "resolve"],
    ["trigger", "resolve"],
  ]);
});

test("a replica that was stopped right before a request does not send it after its lease expired", async () => {
  await using pagerduty = await PagerDuty.open();
  using way = await encryptedWayTo(Number(new URL(pagerduty.url).port));
  await using proxy = await TcpProxy.open(way.port);
  const url = `https://localhost:${proxy.address.split(":")[1]}`;
  const target = pagerduty.target({ url, timeout: `${timeoutMs}ms` });
  const env = { NODE_EXTRA_CA_CERTS: way.authority };
  await using fleet = await Fleet.start({ replicas: 2, config: { targets: [target] }, env });
  // The handshake waits: the connection that the request is for is not there yet.
  const owner = await ownerStopped(fleet, pagerduty, proxy.holdNext());
  owner.process.signal("SIGCONT");
  await waitUntil("the replica learns that its attempt had no effect", async () =>
    /^tocsin_attempts_total\{.*\} 1$/m.test((await owner.get("/metrics")).text),
  );
  await fleet.quiet();
  expect(pagerduty.story(name)).toEqual([["trigger", "resolve"]]);
});
