import { readFileSync } from "node:fs";

import { Agent, request } from "undici";

import { OperatorError } from "../operator-error.ts";
import type { OperatorOptions } from "./operator-commands.ts";

/** Longest wait for an answer of the service. */
const timeoutMs = 30_000;

interface ErrorBody {
  readonly error?: { readonly message?: string; readonly issues?: readonly { path: string; message: string }[] };
}

/**
 * One call of a running service's API.
 *
 * @throws OperatorError that says what the service said
 */
export async function call(
  options: OperatorOptions,
  method: "GET" | "POST" | "DELETE",
  path: string,
): Promise<unknown> {
  const { url, token, ca } = options;
  if (!URL.canParse(url)) throw new OperatorError(`--url: expected a URL such as "http://127.0.0.1:9877"`);
  const agent = new Agent({
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    ...(ca !== undefined && { connect: { ca: readCertificates(ca) } }),
  });
  try {
    const { statusCode, body } = await request(`${url.replace(/\/+$/, "")}/api/v1/${path}`, {
      method,
      dispatcher: agent,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    }).catch((error: NodeJS.ErrnoException) => {
      throw new OperatorError(`cannot reach ${new URL(url).origin}: ${error.code ?? error.message}`, { cause: error });
    });
    const text = await body.text();
    const answer = parse(text);
    if (statusCode < 300) return answer;
    const { error } = (answer ?? {}) as ErrorBody;
    const issues = (error?.issues ?? []).map((issue) => `\n  ${issue.path}: ${issue.message}`);
    throw new OperatorError(`${statusCode}: ${error?.message ?? "no answer of Tocsin"}${issues.join("")}`);
  } finally {
    await agent.close();
  }
}

function parse(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    throw new OperatorError("the answer is not Tocsin's: expected JSON");
  }
}

function readCertificates(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new OperatorError(`--ca: cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  }
}
