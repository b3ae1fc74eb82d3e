import type { generateText, LanguageModel, Output } from "ai";
import type { LlmSettings } from "../../classification/classification-settings.ts";
import type { ModelFetch } from "./model-fetch.ts";

/** The parts of the SDK that a call uses. */
export interface Sdk {
  readonly generateText: typeof generateText;
  readonly Output: typeof Output;
  readonly noAnswer: { isInstance(error: unknown): error is NoAnswer };
  readonly model: (fetch: ModelFetch["fetch"]) => LanguageModel;
}

/** The SDK's error for an answer that is not of the schema. */
export interface NoAnswer {
  readonly text?: string | undefined;
  readonly finishReason?: string | undefined;
  readonly usage?:
    | { readonly inputTokens?: number | undefined; readonly outputTokens?: number | undefined }
    | undefined;
}

/** Loads the SDK, which takes 130 ms and 31 MB: only a service that asks a model has it. */
export async function loadSdk({ api, baseUrl, model, apiKey }: LlmSettings): Promise<Sdk> {
  // The SDK prints its warnings to the console otherwise.
  (globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;
  const { generateText, Output, NoObjectGeneratedError } = await import("ai");
  const shared = { generateText, Output, noAnswer: NoObjectGeneratedError as unknown as Sdk["noAnswer"] };
  const key = apiKey?.reveal();
  if (api === "anthropic") {
    const { createAnthropic } = await import("@ai-sdk/anthropic");
    return { ...shared, model: (fetch) => createAnthropic({ baseURL: baseUrl, apiKey: key ?? "", fetch })(model) };
  }
  const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
  const settings = {
    name: "openai",
    baseURL: baseUrl,
    supportsStructuredOutputs: true,
    ...(key !== undefined && { apiKey: key }),
  };
  return { ...shared, model: (fetch) => createOpenAICompatible({ ...settings, fetch })(model) };
}
