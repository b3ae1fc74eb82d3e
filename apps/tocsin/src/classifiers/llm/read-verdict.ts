import type { Verdict, VerdictProvider } from "@tocsin/core";
import { plainWords } from "./plain-words.ts";
import { answerSchema } from "./verdict-schema.ts";

/** Code points that are kept of each text. Longer ones are cut, because a verdict is not wrong for being wordy. */
const max = { reasoning: 500, recommendation: 200, recommendations: 5, category: 40 };

/** A fence of Markdown around the answer. */
const fenced = /```(?:json)?\s*\n?([\s\S]*?)```/i;

/** More text than this is no verdict. */
const maxTextLength = 64 * 1_024;

/** Reads a model's text. Undefined: it is no verdict. */
export function readVerdict(
  text: string,
  { provider, model }: { readonly provider: VerdictProvider; readonly model: string },
): Verdict | undefined {
  if (text.length > maxTextLength) return undefined;
  for (const candidate of [text, fenced.exec(text)?.[1]]) {
    const answer = answerSchema.safeParse(jsonIn(candidate));
    if (!answer.success) continue;
    const { severity, confidence, reasoning, recommendations, category } = answer.data;
    return {
      severity,
      confidence,
      reasoning: plainWords(reasoning, max.reasoning),
      recommendations: recommendations
        .slice(0, max.recommendations)
        .map((one) => plainWords(one, max.recommendation))
        .filter((one) => one !== ""),
      category: plainWords(category, max.category),
      model,
      provider,
    };
  }
  return undefined;
}

function jsonIn(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
