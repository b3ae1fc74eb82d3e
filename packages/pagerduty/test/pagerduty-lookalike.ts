import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import net, { type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Simulator } from "@tocsin/simulator";
import { selfSigned } from "../../http/test/self-signed.ts";

/** A server that a program in this environment takes for PagerDuty, under its real host names. */
export interface Lookalike extends AsyncDisposable {
  simulator: Simulator;
  /** Directs a Node process to this server: a proxy, and the certificate to trust. */
  environment: Record<string, string>;
}

/** Starts the simulator behind TLS for PagerDuty's hosts, and a proxy that connects every tunnel to it. */
export async function startLookalike(): Promise<Lookalike> {
  const simulator = new Simulator({ limit: { limit: 0 } });
  const certificate = selfSigned({ names: ["events.pagerduty.com", "events.eu.pagerduty.com"] });
  const sockets = new Set<Socket>();
  const receiver = https.createServer(certificate, (request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const { method = "", url: path = "", headers } = request;
      const asked = { method, path, headers: headers as Record<string, string>, body: Buffer.concat(pieces) };
      const answer = simulator.handle(asked, headers.host?.includes(".eu.") ? "eu" : "us");
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  const receiverPort = await listen(receiver, sockets);
  const proxy = http.createServer().on("connect", (_, socket: Socket) => {
    const onward = net.connect(receiverPort, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(onward).pipe(socket);
    });
    for (const end of [socket, onward]) end.on("error", () => {});
  });
  const proxyPort = await listen(proxy, sockets);
  const folder = mkdtempSync(join(tmpdir(), "pagerduty-lookalike-"));
  const authority = join(folder, "authority.pem");
  writeFileSync(authority, certificate.cert);
  return {
    simulator,
    environment: { HTTPS_PROXY: `http://127.0.0.1:${proxyPort}`, NODE_EXTRA_CA_CERTS: authority },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await Promise.all([receiver, proxy].map((server) => new Promise((resolve) => server.close(resolve))));
      await simulator.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function listen(server: net.Server, sockets: Set<Socket>): Promise<number> {
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
