import type { Labels } from "../model/alert.ts";
import { alertFingerprint } from "../model/fingerprint.ts";

/** Stands for the words that are shown of an alert, summary and annotations: the same words, the same 16 hex digits. */
export const contentOf = (summary: string, annotations: Labels): string =>
  alertFingerprint({ ...annotations, "": summary });
