import { createHash } from "node:crypto";
import type { Alert, Classifier, ClassifierFailure, ClassifierResult, Tokens } from "@tocsin/core";
import { parseRetryAfter, type Reply, type Transport } from "@tocsin/http";
import type { LlmSettings } from "../../classification/classification-settings.ts";
import { loadSdk, type NoAnswer, type Sdk } from "./load-sdk.ts";
import { isCut, ModelFetch } from "./model-fetch.ts";
import { promptFor, promptVersion, type RedactedAlert } from "./prompt.ts";
import { readVerdict } from "./read-verdict.ts";
import { verdictSchema } from "./verdict-schema.ts";

export interface LlmClassifierOptions {
  readonly settings: LlmSettings;
  readonly transport: Pick<Transport, "post">;
  readonly version: string;
  /** Removes everything that must not leave. */
  readonly redact: (alert: Alert) => RedactedAlert;
  /** Wall clock, ms. */
  readonly now: () => number;
}

/** Most tokens of an answer: a verdict has about 200. */
const maxOutputTokens = 1_000;

/** Opens a classifier that asks a language model. It loads the SDK. */
export async function openLlmClassifier(options: LlmClassifierOptions): Promise<Classifier> {
  return new LlmClassifier(options, await loadSdk(options.settings));
}

/** A text that a model wrote; why there is none. */
type Attempt =
  | { readonly text: string; readonly tokens: Tokens }
  | { readonly failed: Failed; readonly tokens: Tokens };

type Failed = Omit<Extract<ClassifierResult, { kind: "failed" }>, "tokens">;

const none: Tokens = { input: 0, output: 0 };

class LlmClassifier implements Classifier {
  readonly provider;
  readonly model: string;
  readonly #options: LlmClassifierOptions;
  readonly #sdk: Sdk;

  constructor(options: LlmClassifierOptions, sdk: Sdk) {
    this.provider = options.settings.api;
    this.model = options.settings.model;
    this.#options = options;
    this.#sdk = sdk;
  }

  promptHash(alert: Alert): string {
    const { data } = promptFor(this.#options.redact(alert));
    return createHash("sha256")
      .update(JSON.stringify([promptVersion, this.provider, this.model, data]))
      .digest("hex");
  }

  promptOf(alert: Alert): string {
    const { instructions, data } = promptFor(this.#options.redact(alert));
    return `${instructions}\n\n${data}`;
  }

  /**
   * Asks for an answer of the schema. If the server refuses or ignores the schema, it asks once more for plain JSON, within the same
   * time.
   */
  async classify(alert: Alert, signal: AbortSignal): Promise<ClassifierResult> {
    const { instructions, data } = promptFor(this.#options.redact(alert));
    const first = await this.#ask({ instructions, data, withSchema: true, signal });
    const result = this.#resultOf(first);
    if (result.kind === "verdict" || result.reason !== "invalid_answer" || signal.aborted) return result;
    const second = await this.#ask({ instructions, data, withSchema: false, signal });
    const tokens = sum(first.tokens, second.tokens);
    return { ...this.#resultOf(second), ...(tokens && { tokens }) };
  }

  #resultOf(attempt: Attempt): ClassifierResult {
    const tokens = sum(attempt.tokens, none);
    if ("failed" in attempt) return { ...attempt.failed, ...(tokens && { tokens }) };
    const verdict = readVerdict(attempt.text, { provider: this.provider, model: this.model });
    if (verdict === undefined) return { ...invalidAnswer, ...(tokens && { tokens }) };
    return { kind: "verdict", verdict, ...(tokens && { tokens }) };
  }

  async #ask(o: {
    readonly instructions: string;
    readonly data: string;
    readonly withSchema: boolean;
    readonly signal: AbortSignal;
  }): Promise<Attempt> {
    const { transport, version, settings, now } = this.#options;
    const { generateText, Output, noAnswer, model } = this.#sdk;
    const requests = new ModelFetch({ transport, version, baseUrl: settings.baseUrl });
    try {
      const result = await generateText({
        model: model(requests.fetch),
        instructions: o.instructions,
        prompt: o.data,
        maxRetries: 0,
        maxOutputTokens,
        abortSignal: o.signal,
        telemetry: { isEnabled: false },
        ...(o.withSchema && { output: Output.object({ schema: verdictSchema, name: "verdict" }) }),
      });
      const tokens = tokensOf(result.usage);
      const ended = endedEarly(result.finishReason);
      return ended ? { failed: ended, tokens } : { text: result.text, tokens };
    } catch (error) {
      // Only the fact that there is a text is taken from the error: it holds the prompt and the answer, so nobody may log it.
      const answer: NoAnswer | undefined = noAnswer.isInstance(error) ? error : undefined;
      const tokens = tokensOf(answer?.usage);
      const ended = endedEarly(answer?.finishReason);
      if (ended) return { failed: ended, tokens };
      if (answer?.text !== undefined) return { text: answer.text, tokens };
      return {
        failed: failureOf(requests.reply, { signal: o.signal, nowMs: now(), withSchema: o.withSchema }),
        tokens,
      };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The transport belongs to the service.
  }
}

const failed = (reason: ClassifierFailure, detail: string): Failed => ({ kind: "failed", reason, detail });

const invalidAnswer = failed("invalid_answer", "the model's answer is no verdict");

/** The model ended before its answer was whole. */
function endedEarly(reason: string | undefined): Failed | undefined {
  if (reason === "length") return failed("too_long", "the model's answer is longer than allowed");
  if (reason === "content-filter") return failed("refused", "the model refused to answer");
  return undefined;
}

interface At {
  readonly signal: AbortSignal;
  readonly nowMs: number;
  readonly withSchema: boolean;
}

/** Describes a call without an answer in our own words. */
function failureOf(reply: Reply | undefined, { signal, nowMs, withSchema }: At): Failed {
  if (signal.aborted || reply?.kind === "stopped") return failed("timeout", "the model did not answer in time");
  if (reply === undefined) return invalidAnswer;
  if (reply.kind === "failed") return failed("network", reply.detail);
  const { status } = reply;
  if (status === 429) {
    const retryAfterMs = parseRetryAfter(reply.retryAfter, nowMs);
    return { ...failed("rate_limited", "HTTP 429"), ...(retryAfterMs !== undefined && { retryAfterMs }) };
  }
  // A server that knows no schemas refuses the request.
  if (withSchema && (status === 400 || status === 422)) return invalidAnswer;
  if (status < 200 || status >= 300) return failed("http_error", `HTTP ${status}`);
  return isCut(reply) ? failed("too_long", "the answer is longer than allowed") : invalidAnswer;
}

const tokensOf = (usage: NoAnswer["usage"]): Tokens => ({
  input: usage?.inputTokens ?? 0,
  output: usage?.outputTokens ?? 0,
});

/** Undefined: the provider counted none. */
function sum(a: Tokens, b: Tokens): Tokens | undefined {
  const all = { input: a.input + b.input, output: a.output + b.output };
  return all.input + all.output === 0 ? undefined : all;
}
