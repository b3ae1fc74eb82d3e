import type { Endpoint, Outcome } from "@tocsin/core";
import { isSuccess } from "../shared/classify-response.ts";
import type { PublisherSurroundings } from "../shared/publisher-options.ts";
import { addressOf } from "@tocsin/http";
import { requestHeaders } from "../shared/request-headers.ts";
import type { Reply } from "@tocsin/http";
import { unheard } from "./classify.ts";
import { type FoundAlert, type Page, pageOf } from "./document.ts";

/** JSON:API: https://docs.rootly.com/api-reference/overview */
const mediaType = "application/vnd.api+json";

/** Most bytes of a page of 50 alerts with all fields that Rootly adds. */
const mostPageBytes = 16 * 1024 * 1024;

/** Most pages of open alerts that are read; alerts beyond are not found. */
const mostPages = 50;

/** The unresolved alerts with a key, none or one; or the reason why the look-up failed. */
export type LookedUp = { readonly alerts: readonly FoundAlert[] } | { readonly outcome: Outcome };

/** The calls of Rootly's API that Tocsin uses. Each method makes one request. */
export class RestApi {
  readonly #base: string;
  readonly #headers: string[];
  readonly #transport: PublisherSurroundings["transport"];
  readonly #now: () => number;

  constructor(endpoint: Endpoint, { transport, version, now = Date.now }: PublisherSurroundings) {
    this.#base = `${endpoint.url}/v1/alerts`;
    const authorization = ["authorization", `Bearer ${endpoint.credential?.reveal() ?? ""}`];
    this.#headers = [...requestHeaders(endpoint, version, mediaType), "accept", mediaType, ...authorization];
    this.#transport = transport;
    this.#now = now;
  }

  create(body: unknown, signal: AbortSignal): Promise<Reply> {
    return this.#post("", body, signal);
  }

  update(id: string, body: unknown, signal: AbortSignal): Promise<Reply> {
    return this.#post(`/${encodeURIComponent(id)}`, body, signal, "PATCH");
  }

  acknowledge(id: string, signal: AbortSignal): Promise<Reply> {
    return this.#post(`/${encodeURIComponent(id)}/acknowledge`, undefined, signal);
  }

  resolve(id: string, body: unknown, signal: AbortSignal): Promise<Reply> {
    return this.#post(`/${encodeURIComponent(id)}/resolve`, body, signal);
  }

  /**
   * Finds the unresolved alert with this key. Rootly filters by status and source, but not by key, so the list of open
   * alerts is read page by page, to its end if necessary.
   */
  async unresolved(key: string, signal: AbortSignal): Promise<LookedUp> {
    let next: Page["next"];
    for (let count = 0; count < mostPages; count++) {
      const reply = await this.#list(next, signal);
      if (reply.kind !== "answered" || !isSuccess(reply.status)) return { outcome: unheard(reply, this.#now()) };
      const page = pageOf(reply.body);
      if (page === undefined) return { outcome: { ...unread, detail: noList, status: reply.status } };
      const alerts = page.alerts.filter((one) => one.deduplicationKey === key && one.status !== "resolved");
      next = page.next;
      if (alerts.length > 0 || next === undefined) return { alerts };
    }
    return { outcome: { ...unread, detail: tooMany } };
  }

  #list(next: Page["next"], signal: AbortSignal): Promise<Reply> {
    const filters = { "filter[status][not_eq]": "resolved", "filter[source][eq]": "api", "page[size]": "50" };
    return this.#get({ ...filters, ...(next && { [next.name]: next.value }) }, signal);
  }

  #get(query: Record<string, string>, signal: AbortSignal): Promise<Reply> {
    const address = addressOf(`${this.#base}?${new URLSearchParams(query).toString()}`);
    return this.#transport.get({ address, headers: this.#headers, maxBytes: mostPageBytes, signal });
  }

  #post(path: string, body: unknown, signal: AbortSignal, method: "POST" | "PATCH" = "POST"): Promise<Reply> {
    const address = addressOf(this.#base + path);
    const text = body === undefined ? "" : JSON.stringify(body);
    return this.#transport.post({ method, address, headers: this.#headers, body: text, signal });
  }
}

/** Retried, but not counted as a failure of Rootly. */
const unread = { kind: "retry", reason: "invalid" } as const;
const noList = "the list of open alerts could not be read";
const tooMany = `not among the first ${mostPages * 50} open alerts, and there are more`;
