import { createWriteStream, linkSync, readFileSync, rmSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { Agent, type Dispatcher, request } from "undici";
import { OperatorError, systemReason, UsageError } from "../config/operator-error.ts";
import type { OperatorOptions } from "./operator-options.ts";

/** Longest wait for the service's response. */
const timeoutMs = 30_000;

interface ErrorBody {
  readonly error?: { readonly message?: string; readonly issues?: readonly { path: string; message: string }[] };
}

/**
 * Calls a running service's API. `path` is relative to `/api/v1/`, or absolute.
 *
 * @throws OperatorError with the service's own message
 */
export async function callApi(
  options: OperatorOptions,
  method: "GET" | "POST" | "DELETE",
  path: string,
  sent?: string,
): Promise<unknown> {
  return asked(options, method, path, async (body) => parse(await body.text()), sent);
}

/** Saves a response in a new file that only its owner can read. @throws OperatorError */
export async function downloadFromApi(options: OperatorOptions, path: string, file: string): Promise<void> {
  await asked(options, "GET", path, async (body) => {
    const draft = `${file}.part`;
    try {
      await pipeline(body, createWriteStream(draft, { flags: "wx", mode: 0o600, flush: true }));
      // Unlike a rename, a link never replaces a file.
      linkSync(draft, file);
    } catch (error) {
      throw new OperatorError(`Cannot save ${file}: ${systemReason(error)}.`, { cause: error });
    } finally {
      rmSync(draft, { force: true });
    }
  });
}

type Body = Dispatcher.ResponseData["body"];

async function asked<T>(
  options: OperatorOptions,
  method: "GET" | "POST" | "DELETE",
  path: string,
  read: (body: Body) => Promise<T>,
  sent?: string,
): Promise<T> {
  const { url, token, ca } = options;
  if (!/^https?:\/\/./.test(url) || !URL.canParse(url))
    throw new UsageError(`--url: expected a URL such as "http://127.0.0.1:9877"`);
  const agent = new Agent({
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    ...(ca !== undefined && { connect: { ca: readCertificates(ca) } }),
  });
  try {
    const at = path.startsWith("/") ? path : `/api/v1/${path}`;
    const { statusCode, body } = await request(`${url.replace(/\/+$/, "")}${at}`, {
      method,
      dispatcher: agent,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      ...(sent !== undefined && { body: sent }),
    }).catch((error: NodeJS.ErrnoException) => {
      throw new OperatorError(`cannot reach ${new URL(url).origin}: ${error.code ?? error.message}`, { cause: error });
    });
    if (statusCode < 300) return await read(body);
    const { error } = (parse(await body.text()) ?? {}) as ErrorBody;
    const issues = (error?.issues ?? []).map((issue) => `\n  ${issue.path}: ${issue.message}`);
    const message = error?.message ?? "the response is not from Tocsin";
    const hint = statusCode === 401 ? " (--token, or TOCSIN_TOKEN)" : "";
    throw new OperatorError(`${statusCode}: ${message}${hint}${issues.join("")}`);
  } finally {
    await agent.close();
  }
}

function parse(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    throw new OperatorError("the response is not from Tocsin: expected JSON");
  }
}

function readCertificates(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new OperatorError(`--ca: cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  }
}
