import { isBlank, type Notification } from "@tocsin/core";
import { aiClassificationOf } from "../shared/ai-classification.ts";
import { percentOf } from "../shared/mark-summary.ts";
import { type Block, context, most, plainSection } from "./blocks.ts";
import { mrkdwnLine, mrkdwnText } from "./mrkdwn.ts";

/**
 * The classification of the alert: one line in our words, and the model's texts as plain text, in which Slack reads no markup. They
 * are escaped all the same.
 */
export function classificationBlocks({ classification }: Notification): Block[] {
  if (classification === undefined) return [];
  const { severity, confidence, reasoning, recommendations, model, fallback } = aiClassificationOf(classification);
  const line = [
    `*Classified by ${classification.provider === "rules" ? "rules" : "AI"}:* ${severity} (${percentOf(confidence)})`,
    ...(classification.applied ? [] : ["not applied"]),
    ...(fallback ? ["fallback: the model gave no verdict"] : []),
  ];
  const texts = [reasoning.trim(), ...recommendations.map((one) => (isBlank(one) ? "" : `• ${oneLine(one)}`))];
  const said = texts.filter((text) => !isBlank(text)).join("\n");
  return [
    context(line.join(" · "), isBlank(model) ? undefined : mrkdwnLine(model, most.fieldValue)),
    ...(said === "" ? [] : [plainSection(mrkdwnText(said, most.text))]),
  ];
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ");
