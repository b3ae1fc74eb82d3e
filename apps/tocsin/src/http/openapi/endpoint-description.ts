import type { z } from "zod";

/** An answer that is no JSON. */
export interface OtherContent {
  readonly contentType: string;
  readonly description: string;
}

/** What the API document says about an endpoint, beside the facts of `Endpoint`. */
export interface EndpointDescription {
  /** True: a later version removes it. */
  readonly deprecated?: true;
  /** Query parameters by name. A list may be repeated in the URL. */
  readonly query?: Readonly<Record<string, z.ZodType>>;
  /** The schema that checks the body, or the shape beside the parser that does. Absent: the body is ignored. */
  readonly body?: z.ZodType;
  /** True: a request may have no body. @default false */
  readonly isBodyOptional?: boolean;
  /** The answers that are no error, by status. `null`: without a body. Objects are strict. */
  readonly answers: Readonly<Record<number, z.ZodType | OtherContent | null>>;
  /** Statuses of errors, beside those that every endpoint may answer (`errorStatusesOf`). */
  readonly errors?: readonly number[];
}

/** Descriptions by method and path, as in `GET /api/v1/incidents/:id`. */
export type EndpointDescriptions = Readonly<
  Record<`${"GET" | "POST" | "PUT" | "DELETE"} /${string}`, EndpointDescription>
>;

/** Whether an answer has a schema of its JSON. */
export const isJson = (answer: z.ZodType | OtherContent | null): answer is z.ZodType =>
  answer !== null && !("contentType" in answer);
