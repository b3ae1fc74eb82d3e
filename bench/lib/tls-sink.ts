import { fork } from "node:child_process";
import { once } from "node:events";
import { selfSigned } from "../../packages/http/test/self-signed.ts";
import { endChild } from "./sink.ts";

export interface TlsSink extends AsyncDisposable {
  readonly port: number;
  /** PEM of its certificate, to be trusted. */
  readonly ca: string;
  /** Requests so far. */
  count(): Promise<number>;
}

/** Starts the TLS receiver in a process of its own, with a self-signed certificate for `localhost`. */
export async function startTlsSink(): Promise<TlsSink> {
  const certificate = selfSigned();
  const child = fork(new URL("./tls-sink-process.ts", import.meta.url));
  child.send(certificate);
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return {
    port,
    ca: certificate.cert,
    async count() {
      child.send("count");
      const [{ count }] = (await once(child, "message")) as [{ count: number }];
      return count;
    },
    [Symbol.asyncDispose]: () => endChild(child),
  };
}
