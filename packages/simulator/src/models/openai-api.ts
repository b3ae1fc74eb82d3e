import type { Violation } from "../server/exchange.ts";
import { isRecord } from "../server/json-body.ts";
import { type ModelApi, type ModelRequest, tokensOf } from "./model-api.ts";
import { strictSchemaViolations } from "./strict-schema.ts";

/** Keys of a request: https://platform.openai.com/docs/api-reference/chat/create. The stand-in does not stream. */
const knownKeys = new Set([
  "model",
  "messages",
  "response_format",
  "max_tokens",
  "max_completion_tokens",
  "temperature",
  "top_p",
  "frequency_penalty",
  "presence_penalty",
  "seed",
  "stop",
  "user",
  "n",
  "reasoning_effort",
  "verbosity",
  "stream",
]);

const roles = ["system", "developer", "user", "assistant", "tool"];

/** OpenAI's chat completions, as other servers offer them too. */
export const openaiApi: ModelApi = {
  name: "openai",
  path: "/v1/chat/completions",
  credential: ({ authorization }) => /^Bearer (\S+)$/.exec(authorization ?? "")?.[1],
  check: ({ body }) => [
    ...Object.keys(body)
      .filter((key) => !knownKeys.has(key))
      .map((key) => ({ field: key, reason: `Unrecognized request argument supplied: ${key}` })),
    ...checkSettings(body),
    ...checkMessages(body["messages"]),
    ...checkFormat(body),
  ],
  read: ({ body }) => {
    const messages = body["messages"] as readonly { readonly role: string; readonly content: unknown }[];
    const texts = messages.map(({ content }) => textOf(content));
    const format = body["response_format"];
    return {
      model: body["model"] as string,
      text: texts.join("\n"),
      user: texts[messages.findLastIndex(({ role }) => role === "user")] ?? "",
      hasSchema: isRecord(format) && format["type"] === "json_schema",
      tool: undefined,
    };
  },
  answer: ({ model, text: prompt }, text, stop) => {
    const [input, output] = [tokensOf(prompt), tokensOf(text)];
    const message =
      stop === "refusal"
        ? { role: "assistant", content: null, refusal: text }
        : { role: "assistant", content: text, refusal: null };
    return {
      id: "chatcmpl-simulated",
      object: "chat.completion",
      created: 0,
      model,
      choices: [{ index: 0, message, logprobs: null, finish_reason: stop === "length" ? "length" : "stop" }],
      usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    };
  },
  error: (status, message) => ({
    error: { message, type: errorTypes[status] ?? "server_error", param: null, code: null },
  }),
};

const errorTypes: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "invalid_request_error",
  404: "invalid_request_error",
  429: "rate_limit_error",
};

function checkSettings(body: ModelRequest["body"]): Violation[] {
  const found: Violation[] = [];
  if (typeof body["model"] !== "string" || body["model"] === "")
    found.push({ field: "model", reason: "you must provide a model parameter" });
  for (const key of ["max_tokens", "max_completion_tokens"]) {
    const value = body[key];
    if (value !== undefined && !(Number.isInteger(value) && (value as number) >= 1))
      found.push({ field: key, reason: "must be an integer of at least 1" });
  }
  if (body["max_tokens"] !== undefined && body["max_completion_tokens"] !== undefined)
    found.push({ field: "max_tokens", reason: "cannot be set together with max_completion_tokens" });
  const { temperature } = body;
  if (temperature !== undefined && !(typeof temperature === "number" && temperature >= 0 && temperature <= 2))
    found.push({ field: "temperature", reason: "must be a number from 0 to 2" });
  if (body["stream"] !== undefined && body["stream"] !== false)
    found.push({ field: "stream", reason: "the stand-in does not stream" });
  return found;
}

function checkMessages(messages: unknown): Violation[] {
  if (!Array.isArray(messages) || messages.length === 0)
    return [{ field: "messages", reason: "must be a list with at least one message" }];
  return messages.flatMap((message, index): Violation[] => {
    const field = `messages[${index}]`;
    if (!isRecord(message)) return [{ field, reason: "must be an object" }];
    if (!roles.includes(message["role"] as string))
      return [{ field: `${field}.role`, reason: `must be one of ${roles.join(", ")}` }];
    return isContent(message["content"])
      ? []
      : [{ field: `${field}.content`, reason: "must be a text or a list of text parts" }];
  });
}

/** https://platform.openai.com/docs/guides/structured-outputs */
function checkFormat({ response_format: format, messages }: ModelRequest["body"]): Violation[] {
  const field = "response_format";
  if (format === undefined) return [];
  if (!isRecord(format)) return [{ field, reason: "must be an object" }];
  if (format["type"] === "text") return [];
  if (format["type"] === "json_object")
    return /json/i.test(JSON.stringify(messages ?? ""))
      ? []
      : [{ field, reason: "'messages' must contain the word 'json' in some form, to use json_object" }];
  if (format["type"] !== "json_schema")
    return [{ field: `${field}.type`, reason: "must be text, json_object or json_schema" }];
  const given = format["json_schema"];
  if (!isRecord(given)) return [{ field: `${field}.json_schema`, reason: "is missing" }];
  const found: Violation[] = [];
  if (typeof given["name"] !== "string" || !/^[\w-]{1,64}$/.test(given["name"]))
    found.push({ field: `${field}.json_schema.name`, reason: "must be 1 to 64 letters, digits, _ and -" });
  if (given["strict"] === true)
    found.push(...strictSchemaViolations(given["schema"], `${field}.json_schema.schema`, { allRequired: true }));
  return found;
}

const isContent = (content: unknown): boolean =>
  typeof content === "string" ||
  (Array.isArray(content) &&
    content.length > 0 &&
    content.every((part) => isRecord(part) && part["type"] === "text" && typeof part["text"] === "string"));

const textOf = (content: unknown): string =>
  typeof content === "string"
    ? content
    : (content as readonly { readonly text: string }[]).map(({ text }) => text).join("\n");
