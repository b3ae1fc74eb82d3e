import { addressOf, type Reply, type Transport } from "@tocsin/http";

/** A longer answer is no verdict. */
export const maxAnswerBytes = 256 * 1_024;

export interface ModelFetchOptions {
  readonly transport: Pick<Transport, "post">;
  /** Requests to any other place are refused. */
  readonly baseUrl: string;
  readonly version: string;
}

/** Framed by the transport, or replaced: the SDK names itself. */
const replaced = new Set(["content-length", "host", "connection", "user-agent", "transfer-encoding"]);

/**
 * Makes the requests of the SDK with the transport of all requests of this service, so that proxies and refused addresses are the
 * same. It keeps the last reply, because errors of the SDK carry prompts and answers, and nobody should look into them.
 */
export class ModelFetch {
  readonly #options: ModelFetchOptions;
  #reply: Reply | undefined;

  constructor(options: ModelFetchOptions) {
    this.#options = options;
  }

  /** The reply to the last request. Undefined: none was made. */
  get reply(): Reply | undefined {
    return this.#reply;
  }

  /** In the form that the SDK takes. */
  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const { transport, baseUrl, version } = this.#options;
    this.#reply = undefined;
    const url = new URL(input instanceof Request ? input.url : input);
    if (!url.href.startsWith(`${baseUrl}/`) || init?.method !== "POST" || typeof init.body !== "string")
      throw new Error("the request is not one for the model");
    const headers = ["user-agent", `Tocsin/${version}`];
    for (const [name, value] of new Headers(init.headers)) if (!replaced.has(name)) headers.push(name, value);
    const reply = await transport.post({
      address: addressOf(url),
      headers,
      body: init.body,
      maxBytes: maxAnswerBytes,
      signal: init.signal ?? undefined,
    });
    this.#reply = reply;
    if (reply.kind !== "answered" || isCut(reply)) throw new Error("there is no whole answer");
    const { status, body } = reply;
    const isNull = status === 204 || status === 304;
    return new Response(isNull ? null : body, {
      status: status >= 200 && status <= 599 ? status : 502,
      headers: { "content-type": "application/json" },
    });
  };
}

/** Whether an answer was longer than is read. */
export const isCut = (reply: Extract<Reply, { kind: "answered" }>): boolean =>
  Buffer.byteLength(reply.body) >= maxAnswerBytes - 4;
