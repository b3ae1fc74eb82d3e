import type { Answer } from "../answer-error.ts";

/** Makes one HTTP request per call. It never retries and never waits for a limiter. */
export interface Transport {
  /**
   * @throws PagerDutyNetworkError when no status came
   * @throws the signal's reason, as soon as it aborts
   */
  post(request: PostRequest): Promise<Answer>;
  /** Resolves when the receiver can be connected to: DNS, TCP, TLS. Sends no event. Throws as `post`. */
  reach(request: ReachRequest): Promise<void>;
  /** Closes idle connections. */
  close(): void;
}

export interface ReachRequest {
  /** For the whole attempt, from the look-up of the name to the last byte of the answer. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export interface PostRequest extends ReachRequest {
  endpoint: Endpoint;
  body: string;
}

/** The endpoint of the API. */
export type Endpoint = "alert" | "change";
export type Endpoints = Readonly<Record<Endpoint, URL>>;

/** A longer body of an answer is cut there. PagerDuty's have some hundred bytes; an error page of a proxy may have any number. */
export const maxAnswerBytes = 16_384;
