import { expect, test } from "vitest";
import { receive, receiveRaw } from "../test/receiver.ts";
import { selfSigned } from "../test/self-signed.ts";
import { destinationOf } from "./connect.ts";
import { reach } from "./reach.ts";

test("reaches a server over HTTP without a request", async () => {
  await using receiver = await receive();
  expect(await reach(destinationOf(new URL(receiver.url)))).toEqual({ kind: "reached" });
  expect(receiver.received).toEqual([]);
});

test.each<[string, string, string, string]>([
  ["dns", "an unknown name", "http://no-such-host.invalid", "ENOTFOUND"],
  ["tcp", "a closed port", "http://127.0.0.1:1", "ECONNREFUSED"],
])("fails at %s for a server with %s", async (step, _, url, code) => {
  const reached = await reach(destinationOf(new URL(url)), { timeoutMs: 20_000 });
  expect(reached).toMatchObject({ kind: "failed", step, error: { code } });
});

test("fails at tls for an untrusted certificate", async () => {
  await using receiver = await receive(undefined, selfSigned());
  expect(await reach(destinationOf(new URL(receiver.url)))).toMatchObject({ kind: "failed", step: "tls" });
});

test("stops in the TLS handshake with a silent server, at its timeout and at an abort", async () => {
  await using receiver = await receiveRaw((socket) => socket.resume());
  const to = destinationOf(new URL(receiver.url.replace("http:", "https:")));
  expect(await reach(to, { timeoutMs: 100 })).toEqual({ kind: "stopped", step: "tls" });
  const stopped = new AbortController();
  const reached = reach(to, { signal: stopped.signal });
  stopped.abort();
  expect(await reached).toEqual({ kind: "stopped", step: expect.any(String) });
  expect(await reach(to, { signal: AbortSignal.abort() })).toMatchObject({ kind: "stopped" });
});
