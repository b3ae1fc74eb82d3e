import type { Answer } from "../answer.ts";

/** Makes one HTTP request per call. It never retries and never waits for a limiter. */
export interface Transport {
  /**
   * @throws PagerDutyNetworkError when no whole answer came
   * @throws the signal's reason, as soon as it aborts
   */
  post(request: PostRequest): Promise<Answer>;
  /** Resolves when the other end can be reached: DNS, TCP, TLS. Sends no event. Throws as `post`. */
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

/** Where to post to. */
export type Endpoint = "alert" | "change";
export type Endpoints = Readonly<Record<Endpoint, URL>>;

/** What is read of an answer's body. PagerDuty's have some hundred bytes; a proxy's error page may have any number. */
export const maxAnswerBytes = 16_384;
