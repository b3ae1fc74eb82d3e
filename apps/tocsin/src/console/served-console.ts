import type { Clock } from "@tocsin/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "../telemetry/logger.ts";
import { noEndpoint } from "../http/problem.ts";
import { type ConsoleFile, type ConsolePage, encodingFor, readConsolePage } from "./console-page.ts";
import { consoleFolder } from "./console-folder.ts";

/** No inline code, no other origin, and no way to make HTML from text: also a hostile alert is shown as text. */
const securityHeaders = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
} as const;

/** After a failure the page is not read or built again for this time. */
const retryMs = 10_000;

export interface ServedConsoleOptions {
  readonly basePath: string | undefined;
  readonly log: Pick<Logger, "error">;
  readonly clock: Pick<Clock, "monotonic">;
  /** Finds the built page, or builds it. */
  readonly folder?: () => Promise<string>;
}

/** Answers requests for the files of the web page. Nothing is read or built before the first of them. */
export class ServedConsole {
  readonly #o: ServedConsoleOptions;
  /** Requests at the same time share one read or build. */
  #page: Promise<ConsolePage | string> | undefined;
  #retryAtMs = Number.POSITIVE_INFINITY;

  constructor(options: ServedConsoleOptions) {
    this.#o = options;
  }

  async index(request: FastifyRequest, reply: FastifyReply): Promise<Buffer | string> {
    const page = await this.#current();
    void reply.headers(securityHeaders);
    if (typeof page !== "string") return answer(request, reply, page.index);
    void reply.code(503).type("text/plain; charset=utf-8").header("cache-control", "no-store");
    return page;
  }

  async asset(request: FastifyRequest, reply: FastifyReply, name: string): Promise<Buffer | string> {
    const page = await this.#current();
    const file = typeof page === "string" ? undefined : page.files.get(`assets/${name}`);
    if (file === undefined) throw noEndpoint;
    void reply.headers(securityHeaders);
    return answer(request, reply, file);
  }

  /** Returns the page, or a text for people that says why there is none. */
  #current(): Promise<ConsolePage | string> {
    if (this.#o.clock.monotonic() >= this.#retryAtMs) this.#page = undefined;
    return (this.#page ??= this.#read());
  }

  async #read(): Promise<ConsolePage | string> {
    const { folder = consoleFolder, basePath, log, clock } = this.#o;
    this.#retryAtMs = Number.POSITIVE_INFINITY;
    try {
      return await readConsolePage(await folder(), basePath);
    } catch (error) {
      this.#retryAtMs = clock.monotonic() + retryMs;
      log.error({ event: "console_unavailable", err: error }, "The web page is not available; the API works");
      return `The web page of Tocsin is not available; the API works.\n\n${(error as Error).message}\n\nIn a checkout it is built from apps/console: run npm ci, then reload. Other programs get a list of the endpoints here: curl this address.\n`;
    }
  }
}

function answer({ headers }: FastifyRequest, reply: FastifyReply, file: ConsoleFile): Buffer | string {
  const encoding = encodingFor(headers["accept-encoding"]?.toString());
  const etag = `"${file.etag}-${encoding}"`;
  void reply.headers({
    etag,
    vary: "accept, accept-encoding",
    "cache-control": file.isHashed ? "public, max-age=31536000, immutable" : "no-cache",
  });
  // A proxy may have made the tag weak.
  const known = (headers["if-none-match"] ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  if (known.includes(etag)) {
    void reply.code(304);
    return "";
  }
  void reply.type(file.type);
  if (encoding !== "identity") void reply.header("content-encoding", encoding);
  return file.content[encoding];
}
