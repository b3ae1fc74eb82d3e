// Does a rotation of certificates lose an alert or fail a handshake? Senders with client certificates post at a steady rate, some
// on kept connections, some on new ones; Tocsin sends each alert on over mutual TLS. Meanwhile every certificate and every authority
// is replaced, in the way Kubernetes replaces a mounted Secret: the new is trusted, then used, then the old is not trusted any more.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { Agent, createServer, request, type RequestOptions } from "node:https";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { connect, createSecureContext, type SecureContext } from "node:tls";
import { type SelfSigned, selfSigned } from "../packages/http/test/self-signed.ts";
import { postedAlert, webhookBody } from "./lib/alerts.ts";
import { thisCheckout } from "./lib/checkout.ts";
import { freePort } from "./lib/contestants.ts";
import { printTable, quantile, writeResult } from "./lib/machine.ts";
import { endChild } from "./lib/sink.ts";

const perSecond = Number(process.argv[2] ?? 500);
const seconds = Number(process.argv[3] ?? 30);
/** Every fifth request opens a connection of its own. */
const freshEvery = 5;
const alertsPerRequest = 5;
const graceMs = 1_000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const dir = mkdtempSync(path.join(os.tmpdir(), "tocsin-tls-"));
const port = await freePort();

/** The certificates of one generation. Subjects differ, because OpenSSL finds authorities by them. */
const generation = (n: number) => {
  const named = (name: string) => selfSigned({ names: [`${name}-${n}`, `${name}.example`] });
  return {
    service: named("service"),
    sender: named("sender"),
    outgoing: named("outgoing"),
    receiver: named("receiver"),
  };
};
type Generation = ReturnType<typeof generation>;

let version = 0;
/** Swaps `..data`, so that all files change at once. */
function mount(files: Readonly<Record<string, string>>): void {
  const data = path.join(dir, `v${++version}`);
  mkdirSync(data);
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(data, name), text);
  symlinkSync(data, path.join(dir, "..data_tmp"));
  renameSync(path.join(dir, "..data_tmp"), path.join(dir, "..data"));
}

/** @param used the certificates that this service shows and sends. All of `trusted` are accepted. */
const filesOf = (service: SelfSigned, outgoing: SelfSigned, trusted: readonly Generation[]) => ({
  "tls.crt": service.cert,
  "tls.key": service.key,
  "clients.pem": trusted.map(({ sender }) => sender.cert).join(""),
  "outgoing.crt": outgoing.cert,
  "outgoing.key": outgoing.key,
  "receivers.pem": trusted.map(({ receiver }) => receiver.cert).join(""),
});
const inData = (name: string) => ({ file: path.join(dir, "..data", name) });

let current = generation(0);
const delivered = new Set<string>();
const counts = { handshakeFailures: 0, senderErrors: 0, refusedAnswers: 0, rotations: 0 };
const mutual = (own: SelfSigned, accepted: readonly SelfSigned[]) => ({
  ...own,
  ca: accepted.map(({ cert }) => cert),
  requestCert: true,
});
const receiver = createServer(mutual(current.receiver, [current.outgoing]), (incoming, answer) => {
  let text = "";
  incoming.on("data", (chunk: Buffer) => (text += chunk.toString()));
  incoming.on("end", () => {
    delivered.add((JSON.parse(text) as { data: { alert: { fingerprint: string } } }).data.alert.fingerprint);
    answer.end();
  });
});
// A connection that the other side ends early is the check of reachability.
receiver.on("tlsClientError", ({ code }: NodeJS.ErrnoException) => {
  if (code !== "ECONNRESET") counts.handshakeFailures++;
});
await once(receiver.listen(0, "127.0.0.1"), "listening");

mount(filesOf(current.service, current.outgoing, [current]));
const config = {
  server: {
    listen: `127.0.0.1:${port}`,
    tls: { cert: inData("tls.crt"), key: inData("tls.key"), clientCa: inData("clients.pem") },
    auth: { clients: [{ name: "sender", san: "sender.example", roles: ["ingest", "read"] }] },
  },
  ledger: { url: "sqlite:./tocsin.db" },
  telemetry: { logs: { level: "warn" } },
  targets: [
    {
      name: "receiver",
      type: "webhook",
      url: `https://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
      tls: { ca: inData("receivers.pem"), cert: inData("outgoing.crt"), key: inData("outgoing.key") },
    },
  ],
};
writeFileSync(path.join(dir, "tocsin.yaml"), JSON.stringify(config));
const bin = path.join(thisCheckout, "node_modules/.bin");
const child: ChildProcess = spawn(path.join(bin, "tocsin"), ["serve", "--config", path.join(dir, "tocsin.yaml")], {
  stdio: ["ignore", "inherit", "inherit"],
  env: { ...process.env, PATH: `${bin}:${process.env["PATH"]}` },
});

/** The certificates that are trusted for the service, whichever generation it shows. */
const trustedServices = [current.service.cert];
/** A context is expensive, so there is one per sender, until another service is trusted. */
let contexts = new Map<SelfSigned, SecureContext>();
function trustService({ cert }: SelfSigned): void {
  trustedServices.push(cert);
  contexts = new Map();
}
function contextOf(one: SelfSigned): SecureContext {
  let context = contexts.get(one);
  if (!context) contexts.set(one, (context = createSecureContext({ ca: trustedServices, ...one })));
  return context;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function ask(url: string, from: SelfSigned, agent: Agent | false, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? "GET" : "POST";
    const sent = request(url, { method, agent, secureContext: contextOf(from) } as RequestOptions, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on("error", reject).end(body);
  });
}
const base = `https://127.0.0.1:${port}`;
const isReady = () =>
  ask(`${base}/readyz`, current.sender, false).then(
    ({ status }) => status === 200,
    () => false,
  );
for (let tries = 0; !(await isReady()); tries++) {
  if (tries > 200) throw new Error("it did not become ready");
  await sleep(50);
}

/** Waits until new connections get this certificate: then the whole configuration was read again. */
async function untilShown({ cert }: SelfSigned): Promise<void> {
  for (;;) {
    const socket = connect({ port, host: "127.0.0.1", secureContext: contextOf(current.sender) });
    await once(socket, "secureConnect");
    const shown = socket.getPeerX509Certificate()?.toString();
    socket.destroy();
    if (shown === cert) break;
    await sleep(100);
  }
  // Handshakes that began before end with what they began with.
  await sleep(graceMs);
}

const times: number[] = [];
let sender = current.sender;
let posted = 0;
let handshakes = 0;
const agents = new Map<SelfSigned, Agent>();
async function post(n: number): Promise<void> {
  let agent = agents.get(sender);
  if (!agent) agents.set(sender, (agent = new Agent({ keepAlive: true, maxSockets: 16 })));
  const fresh = n % freshEvery === 0;
  if (fresh) handshakes++;
  const atMs = performance.now();
  try {
    const alerts = Array.from({ length: alertsPerRequest }, (_, i) => postedAlert(n * alertsPerRequest + i, "firing"));
    const body = webhookBody(alerts);
    const { status } = await ask(`${base}/api/v1/webhook/alertmanager`, sender, fresh ? false : agent, body);
    if (status !== 200) counts.refusedAnswers++;
    times.push(performance.now() - atMs);
  } catch (error) {
    console.error((error as Error).message);
    counts.senderErrors++;
  }
}

const posts: Promise<void>[] = [];
const startedAtMs = performance.now();
const load = (async () => {
  while (performance.now() - startedAtMs < seconds * 1_000) {
    const due = Math.floor(((performance.now() - startedAtMs) * perSecond) / 1_000 / alertsPerRequest);
    while (posted < due) posts.push(post(posted++));
    await sleep(2);
  }
})();

while (performance.now() - startedAtMs < (seconds - 8) * 1_000) {
  const [old, next] = [current, generation(counts.rotations + 1)];
  trustService(next.service);
  // 1. Both generations are trusted, and the service shows the new certificate.
  receiver.setSecureContext(mutual(old.receiver, [old.outgoing, next.outgoing]));
  mount(filesOf(next.service, old.outgoing, [old, next]));
  await untilShown(next.service);
  // 2. All use the new certificates. The service's own changes once more, to show when the files were read.
  sender = next.sender;
  receiver.setSecureContext(mutual(next.receiver, [old.outgoing, next.outgoing]));
  const again = selfSigned({ names: [`service-${counts.rotations + 1}-again`] });
  trustService(again);
  mount(filesOf(again, next.outgoing, [old, next]));
  await untilShown(again);
  // 3. The old generation is not trusted any more.
  current = next;
  receiver.setSecureContext(mutual(next.receiver, [next.outgoing]));
  mount(filesOf(next.service, next.outgoing, [next]));
  await untilShown(next.service);
  counts.rotations++;
}
await load;
await Promise.all(posts);
const sent = posted * alertsPerRequest;
for (let tries = 0; delivered.size < sent && tries < 600; tries++) await sleep(50);
const metrics = (await ask(`${base}/metrics`, current.sender, false)).text;
const countOf = (pattern: RegExp): number =>
  Array.from(metrics.matchAll(pattern), ([, count]) => Number(count)).reduce((sum, count) => sum + count, 0);
const refused = countOf(/^tocsin_requests_refused_total\{.*reason="tls".*\} (\d+)$/gm);
const failedAttempts = countOf(/^tocsin_attempts_total\{.*reason="tls".*\} (\d+)$/gm);
await endChild(child, "SIGTERM");
receiver.closeAllConnections();
receiver.close();
for (const agent of agents.values()) agent.destroy();
rmSync(dir, { recursive: true, force: true });

const result = {
  perSecond,
  seconds,
  sent,
  handshakes,
  ...counts,
  refusedHandshakes: refused,
  failedAttempts,
  lost: sent - delivered.size,
  p50Ms: quantile(times, 0.5),
  p99Ms: quantile(times, 0.99),
};
printTable([
  [
    "rotations",
    "alerts",
    "new connections",
    "lost",
    "sender errors",
    "answers ≠ 200",
    "failed handshakes",
    "p50 ms",
    "p99 ms",
  ],
  [
    result.rotations,
    sent,
    handshakes,
    result.lost,
    result.senderErrors,
    result.refusedAnswers,
    refused + failedAttempts + result.handshakeFailures,
    result.p50Ms.toFixed(1),
    result.p99Ms.toFixed(1),
  ],
]);
writeResult("tls-rotation", result);
