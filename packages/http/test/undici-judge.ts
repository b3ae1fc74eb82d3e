import { Duplex } from "node:stream";
import { Client } from "undici";

/** A client's result for the bytes of one response, after which the connection ends. */
export interface Verdict {
  /** `failed`: the client reports an error, perhaps after a status and a part of the body. */
  kind: "answered" | "failed";
  /** 0: none. */
  status: number;
  retryAfter: string | undefined;
  body: string;
  /** Whether the connection may carry another request. */
  reusable: boolean;
}

/** A connection in memory, with the members of a socket that undici uses. */
class Wire extends Duplex {
  readonly requested = Promise.withResolvers<void>();

  override _read(): void {}

  override _write(_piece: unknown, _encoding: unknown, done: () => void): void {
    done();
    this.requested.resolve();
  }

  setKeepAlive = (): this => this;
  setNoDelay = (): this => this;
  ref = (): this => this;
  unref = (): this => this;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The verdict of undici, whose parser is Node's own (llhttp). */
export async function judgeByUndici(bytes: Buffer): Promise<Verdict> {
  const wire = new Wire();
  const client = new Client("http://localhost", {
    connect: (_, connected) => queueMicrotask(() => connected(null, wire as never)),
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const verdict: Verdict = { kind: "failed", status: 0, retryAfter: undefined, body: "", reusable: false };
  const body: Buffer[] = [];
  client.dispatch(
    { path: "/", method: "GET" },
    {
      onRequestStart() {},
      onResponseStart(_, status, headers) {
        if (status < 200) return;
        verdict.status = status;
        if ("retry-after" in headers) verdict.retryAfter = [headers["retry-after"]].flat().join(", ");
      },
      onResponseData: (_, piece) => void body.push(Buffer.from(piece)),
      onResponseEnd: () => void (verdict.kind = "answered"),
      onResponseError() {},
    },
  );
  await wire.requested.promise;
  wire.push(bytes);
  await turn();
  verdict.reusable = verdict.kind === "answered" && !wire.destroyed;
  wire.push(null);
  await turn();
  void client.destroy();
  return { ...verdict, body: Buffer.concat(body).toString() };
}
