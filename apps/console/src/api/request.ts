import { basePath } from "../routing/router.ts";
import { type Failure, failureOf, noAnswer } from "./failure.ts";
import { sessionEnded } from "./session.ts";

export type Answer<T> =
  | { readonly ok: true; readonly body: T }
  | { readonly ok: false; readonly failure: Failure; readonly retryAfterSeconds?: number };

export interface RequestOptions {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** The address of an endpoint of the API, such as `incidents/5`. */
export const apiUrl = (path: string): string => `${basePath}/api/v1/${path}`;

/** Headers that the service demands of each write, so that no form of another site can make one. */
export const writeHeaders = { "X-Tocsin-Request": "1" } as const;

/** Asks the service. A failure is a value; an aborted request counts as one without an answer. */
export async function request<T>(
  path: string,
  { method = "GET", body, signal }: RequestOptions = {},
): Promise<Answer<T>> {
  try {
    const response = await fetch(apiUrl(path), {
      method,
      credentials: "same-origin",
      headers: {
        accept: "application/json",
        ...(method !== "GET" && writeHeaders),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    const text = await response.text();
    if (response.ok) return { ok: true, body: (text === "" ? undefined : JSON.parse(text)) as T };
    if (response.status === 401 && path !== "session") sessionEnded();
    const after = Number(response.headers.get("retry-after"));
    return {
      ok: false,
      failure: failureOf(response.status, parsed(text)),
      ...(after > 0 && { retryAfterSeconds: after }),
    };
  } catch {
    return { ok: false, failure: noAnswer };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
