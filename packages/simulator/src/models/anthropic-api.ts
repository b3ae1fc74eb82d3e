import type { Violation } from "../server/exchange.ts";
import { isRecord } from "../server/json-body.ts";
import { type ModelApi, type ModelRequest, tokensOf } from "./model-api.ts";
import { strictSchemaViolations } from "./strict-schema.ts";

/** Keys of a request: https://docs.anthropic.com/en/api/messages. The stand-in does not stream. */
const knownKeys = new Set([
  "model",
  "max_tokens",
  "messages",
  "system",
  "output_config",
  "tools",
  "tool_choice",
  "temperature",
  "top_p",
  "top_k",
  "stop_sequences",
  "metadata",
  "service_tier",
  "stream",
]);

/** Anthropic's messages. */
export const anthropicApi: ModelApi = {
  name: "anthropic",
  path: "/v1/messages",
  credential: (headers) => headers["x-api-key"],
  check: ({ headers, body }) => [
    ...(headers["anthropic-version"] === "2023-06-01"
      ? []
      : [{ field: "anthropic-version", reason: "header is required: 2023-06-01" }]),
    ...Object.keys(body)
      .filter((key) => !knownKeys.has(key))
      .map((key) => ({ field: key, reason: "Extra inputs are not permitted" })),
    ...checkSettings(body),
    ...checkMessages(body["messages"]),
    ...checkFormat(body),
  ],
  read: ({ body }) => {
    const messages = body["messages"] as readonly { readonly role: string; readonly content: unknown }[];
    const user = textOf(messages.findLast(({ role }) => role === "user")?.content);
    const choice = body["tool_choice"];
    return {
      model: body["model"] as string,
      text: [textOf(body["system"]), ...messages.map(({ content }) => textOf(content))].join("\n"),
      user,
      hasSchema: body["output_config"] !== undefined || choice !== undefined,
      tool: isRecord(choice) && typeof choice["name"] === "string" ? choice["name"] : undefined,
    };
  },
  answer: ({ model, text: prompt, tool }, text, stop) => ({
    id: "msg_simulated",
    type: "message",
    role: "assistant",
    model,
    content: [contentOf(text, tool)],
    stop_reason:
      stop === "length" ? "max_tokens" : stop === "refusal" ? "refusal" : tool === undefined ? "end_turn" : "tool_use",
    stop_sequence: null,
    usage: { input_tokens: tokensOf(prompt), output_tokens: tokensOf(text) },
  }),
  error: (status, message) => ({
    type: "error",
    error: { type: errorTypes[status] ?? "api_error", message },
    request_id: "req_simulated",
  }),
};

const errorTypes: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  529: "overloaded_error",
};

/** A text block, or the input of a tool if the text is an object. */
function contentOf(text: string, tool: string | undefined): object {
  if (tool === undefined) return { type: "text", text };
  try {
    return { type: "tool_use", id: "toolu_simulated", name: tool, input: JSON.parse(text) as unknown };
  } catch {
    return { type: "text", text };
  }
}

function checkSettings(body: ModelRequest["body"]): Violation[] {
  const found: Violation[] = [];
  if (typeof body["model"] !== "string" || body["model"] === "")
    found.push({ field: "model", reason: "Field required" });
  if (!(Number.isInteger(body["max_tokens"]) && (body["max_tokens"] as number) >= 1))
    found.push({ field: "max_tokens", reason: "Field required: an integer of at least 1" });
  const { temperature, system } = body;
  if (temperature !== undefined && !(typeof temperature === "number" && temperature >= 0 && temperature <= 1))
    found.push({ field: "temperature", reason: "must be a number from 0 to 1" });
  if (system !== undefined && !isContent(system))
    found.push({ field: "system", reason: "must be a text or a list of text blocks" });
  if (body["stream"] !== undefined && body["stream"] !== false)
    found.push({ field: "stream", reason: "the stand-in does not stream" });
  return found;
}

function checkMessages(messages: unknown): Violation[] {
  if (!Array.isArray(messages) || messages.length === 0)
    return [{ field: "messages", reason: "at least one message is required" }];
  return messages.flatMap((message, index): Violation[] => {
    const field = `messages.${index}`;
    if (!isRecord(message)) return [{ field, reason: "must be an object" }];
    // The instructions are in `system`, not in a message.
    if (message["role"] !== "user" && message["role"] !== "assistant")
      return [{ field: `${field}.role`, reason: 'must be "user" or "assistant"' }];
    return isContent(message["content"]) ? [] : [{ field: `${field}.content`, reason: "must have text" }];
  });
}

function checkFormat({ output_config: config }: ModelRequest["body"]): Violation[] {
  if (config === undefined) return [];
  const format = isRecord(config) ? config["format"] : undefined;
  if (!isRecord(format) || format["type"] !== "json_schema")
    return [{ field: "output_config.format.type", reason: "must be json_schema" }];
  return strictSchemaViolations(format["schema"], "output_config.format.schema", { allRequired: false });
}

const isContent = (content: unknown): boolean =>
  (typeof content === "string" && content !== "") ||
  (Array.isArray(content) &&
    content.length > 0 &&
    content.every((block) => isRecord(block) && block["type"] === "text" && typeof block["text"] === "string"));

const textOf = (content: unknown): string =>
  Array.isArray(content)
    ? content.map(({ text }: { readonly text: string }) => text).join("\n")
    : typeof content === "string"
      ? content
      : "";
