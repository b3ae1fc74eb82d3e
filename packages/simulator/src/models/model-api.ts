import type { Violation } from "../server/exchange.ts";

/** A request as it came, with its body parsed. */
export interface ModelRequest {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The parts of a request that the stand-in's behaviour depends on. */
export interface Prompt {
  readonly model: string;
  /** All text of the request: instructions and messages. */
  readonly text: string;
  /** The text of the last message of the user. */
  readonly user: string;
  /** Whether a schema for the answer was sent. */
  readonly hasSchema: boolean;
  /** The name of the tool that must be called. Undefined: a text is asked for. */
  readonly tool: string | undefined;
}

/** One way to ask a model over HTTP. */
export interface ModelApi {
  readonly name: "openai" | "anthropic";
  /** Ends the path of every request. */
  readonly path: string;
  /** The credential of a request. Undefined: it has none. */
  credential(headers: ModelRequest["headers"]): string | undefined;
  /** All rules of the API's reference that the request breaks. */
  check(request: ModelRequest): Violation[];
  /** Reads a request that breaks no rule. */
  read(request: ModelRequest): Prompt;
  /** An answer with this text. `stop`: why the model ended. */
  answer(prompt: Prompt, text: string, stop: "end" | "length" | "refusal"): object;
  error(status: number, message: string): object;
}

/** Roughly four characters are one token. */
export const tokensOf = (text: string): number => Math.ceil(text.length / 4);
