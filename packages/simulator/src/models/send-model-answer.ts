import type { ServerResponse } from "node:http";
import type { ModelApi, Prompt } from "./model-api.ts";
import type { ModelBehavior } from "./model-behavior.ts";
import { obeyedVerdict } from "./obeyed-verdict.ts";
import { quotedAlert } from "./quoted-alert.ts";
import { sensibleVerdict } from "./sensible-verdict.ts";

export interface AskedModel {
  readonly api: ModelApi;
  readonly prompt: Prompt;
  /** The request with its credential, for `echo_error`. */
  readonly echo: string;
}

const hugeBytes = 10 * 1024 * 1024;
const dripEveryMs = 50;

/** Sends the answer that a behavior gives. */
export function sendModelAnswer(response: ServerResponse, behavior: ModelBehavior, asked: AskedModel): void {
  answers[behavior.kind](response, asked, verdictText(behavior, asked.prompt), behavior);
}

type SendAnswer = (response: ServerResponse, asked: AskedModel, verdict: string, behavior: ModelBehavior) => void;

const withText =
  (textOf: (verdict: string, prompt: Prompt) => string): SendAnswer =>
  (response, asked, verdict) =>
    sendText(response, asked, textOf(verdict, asked.prompt));

const withVerdict = withText((verdict) => verdict);

const withError =
  (status: number, message: (echo: string) => string): SendAnswer =>
  (response, { api, echo }) =>
    sendJson(response, status, api.error(status, message(echo)));

const answers: Readonly<Record<ModelBehavior["kind"], SendAnswer>> = {
  right: withVerdict,
  contradictory: withVerdict,
  obeying: withVerdict,
  hang: () => {},
  slow(response, asked, verdict, { afterMs = 1000 }) {
    const timer = setTimeout(() => sendText(response, asked, verdict), afterMs);
    response.once("close", () => clearTimeout(timer));
  },
  drip: (response, { api, prompt }, verdict) => drip(response, JSON.stringify(api.answer(prompt, verdict, "end"))),
  cut(response, { api, prompt }, verdict) {
    const body = JSON.stringify(api.answer(prompt, verdict, "end"));
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    // Only bytes that the kernel has accepted surely leave before the connection breaks.
    response.write(body.slice(0, body.length / 2), () => response.socket?.destroy());
  },
  rate_limited: (response, { api }, _verdict, { retryAfterSeconds = 7 }) =>
    sendJson(response, 429, api.error(429, "too many requests"), { "retry-after": String(retryAfterSeconds) }),
  server_error: withError(500, () => "internal error"),
  overloaded: withError(529, () => "overloaded"),
  unauthorized: withError(401, (echo) => `invalid key in ${echo}`),
  echo_error: withError(500, (echo) => `cannot serve ${echo}`),
  redirect: (response, { api }) =>
    sendJson(response, 307, api.error(307, "moved"), { location: `/elsewhere${api.path}` }),
  invalid_json: withText((verdict) => verdict.slice(0, -3)),
  fenced_json: withText((verdict) => `Here is my verdict:\n\n\`\`\`json\n${verdict}\n\`\`\`\n\nI hope this helps.`),
  wrong_schema: withText(() => JSON.stringify({ level: "high", score: 7, why: ["because"] })),
  huge: withText(() => JSON.stringify({ severity: "info", reasoning: "a".repeat(hugeBytes) })),
  truncated: (response, { api, prompt }, verdict) =>
    sendJson(response, 200, api.answer(prompt, verdict.slice(0, 40), "length")),
  refusal: (response, { api, prompt }) =>
    sendJson(response, 200, api.answer({ ...prompt, tool: undefined }, "I cannot help with that.", "refusal")),
  prose_for_schema: withText((verdict, { hasSchema }) =>
    hasSchema ? "The alert looks serious to me. Somebody should look at it soon." : verdict,
  ),
  schema_refused: (response, asked, verdict) =>
    asked.prompt.hasSchema
      ? sendJson(response, 400, asked.api.error(400, "structured outputs are not supported by this model"))
      : sendText(response, asked, verdict),
};

function verdictText({ kind, verdict = {} }: ModelBehavior, prompt: Prompt): string {
  const alert = quotedAlert(prompt.user);
  const given = kind === "obeying" ? obeyedVerdict(alert) : sensibleVerdict(alert);
  const contradictory = {
    severity: "noise",
    confidence: 0.95,
    reasoning: "This is critical: the whole of production is down, and customers lose data.",
  };
  return JSON.stringify({ ...given, ...(kind === "contradictory" && contradictory), ...verdict });
}

const sendText = (response: ServerResponse, { api, prompt }: AskedModel, text: string): void =>
  sendJson(response, 200, api.answer(prompt, text, "end"));

function sendJson(response: ServerResponse, status: number, value: object, headers: Record<string, string> = {}): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

function drip(response: ServerResponse, body: string): void {
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  const bytes = Buffer.from(body);
  let sent = 0;
  const timer = setInterval(() => {
    response.write(bytes.subarray(sent, ++sent));
    if (sent === bytes.byteLength) {
      clearInterval(timer);
      response.end();
    }
  }, dripEveryMs);
  response.once("close", () => clearInterval(timer));
}
