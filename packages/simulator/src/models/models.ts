import type { IncomingMessage, ServerResponse } from "node:http";
import { isRecord, parseJsonBody } from "../server/json-body.ts";
import { pathOf, type Violation } from "../server/exchange.ts";
import { BoundedList } from "../state/bounded-list.ts";
import { anthropicApi } from "./anthropic-api.ts";
import { type ModelBehavior, type ModelScript, readModelScript } from "./model-behavior.ts";
import type { ModelApi, Prompt } from "./model-api.ts";
import { openaiApi } from "./openai-api.ts";
import { sendModelAnswer } from "./send-model-answer.ts";

/** A request to a model as it came. */
export interface ModelRequestRow {
  readonly api: "openai" | "anthropic";
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The whole body as text: tests search it for what must not leave. */
  readonly body: string;
  /** Absent: the request was refused by the rules of the API. */
  readonly prompt?: Prompt;
  readonly behavior?: ModelBehavior["kind"];
  readonly violations: readonly Violation[];
}

const apis: readonly ModelApi[] = [openaiApi, anthropicApi];

const maxBytes = 4 * 1024 * 1024;

/** Stand-ins for OpenAI-compatible servers and for Anthropic: strict about requests, scripted in their answers. */
export class Models {
  readonly #requests = new BoundedList<ModelRequestRow>(10_000);
  #script: ModelBehavior[] = [{ kind: "right" }];
  #apiKey: string | undefined;
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  /** Oldest first. */
  requests(): ModelRequestRow[] {
    return this.#requests.list();
  }

  /** Resolves when this number of requests came in all. */
  requested(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#requests.total >= count) resolve();
    else this.#waiting.push({ count, resolve });
    return promise;
  }

  /**
   * Sets how the next requests are answered, in order. The last behavior stays.
   * @throws SettingError with every issue
   * @example models.setScript(["rate_limited", "right"])
   */
  setScript(script: ModelScript): void {
    this.#script = readModelScript(script);
  }

  script(): readonly ModelBehavior[] {
    return this.#script;
  }

  /** The key that requests must have. `undefined`: any or none. */
  setApiKey(apiKey: string | undefined): void {
    this.#apiKey = apiKey;
  }

  reset(): void {
    this.#requests.clear();
    this.#script = [{ kind: "right" }];
    this.#apiKey = undefined;
  }

  /** Answers a request to a model. False: it is none. */
  serve(message: IncomingMessage, response: ServerResponse): boolean {
    const api = apis.find(({ path }) => pathOf(message.url ?? "/").endsWith(path));
    if (api === undefined) return false;
    const chunks: Buffer[] = [];
    let bytes = 0;
    message.on("data", (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes <= maxBytes) chunks.push(chunk);
    });
    message.on("end", () => this.#answer(api, message, Buffer.concat(chunks), bytes > maxBytes, response));
    message.on("error", () => {});
    return true;
  }

  #answer(api: ModelApi, message: IncomingMessage, body: Buffer, tooLarge: boolean, response: ServerResponse): void {
    const headers = message.headers as ModelRequestRow["headers"];
    const row = { api: api.name, headers, body: body.toString("utf8") };
    const refuse = (status: number, violations: readonly Violation[]): void => {
      this.#record({ ...row, violations });
      const says = violations.map(({ field, reason }) => `${field}: ${reason}`).join("; ");
      const text = JSON.stringify(api.error(status, says));
      response.writeHead(status, { "content-type": "application/json" }).end(text);
    };
    if (message.method !== "POST") return refuse(405, [{ field: "method", reason: "must be POST" }]);
    if (tooLarge) return refuse(413, [{ field: "body", reason: "is too large" }]);
    const key = api.credential(headers);
    if (this.#apiKey !== undefined && key !== this.#apiKey)
      return refuse(401, [{ field: "authentication", reason: "the API key is missing or wrong" }]);
    const parsed = parseJsonBody({ method: "POST", path: api.path, headers, body }, ["application/json"]);
    if ("violation" in parsed) return refuse(400, [parsed.violation]);
    if (!isRecord(parsed.value)) return refuse(400, [{ field: "body", reason: "must be an object" }]);
    const request = { headers, body: parsed.value };
    const violations = api.check(request);
    if (violations.length > 0) return refuse(400, violations);
    const prompt = api.read(request);
    const [behavior = { kind: "right" as const }] = this.#script;
    if (this.#script.length > 1) this.#script.shift();
    this.#record({ ...row, prompt, behavior: behavior.kind, violations: [] });
    sendModelAnswer(response, behavior, { api, prompt, echo: `${key} ${row.body}` });
  }

  #record(row: ModelRequestRow): void {
    this.#requests.add(row);
    for (const { count, resolve } of this.#waiting) if (this.#requests.total >= count) resolve();
  }
}
