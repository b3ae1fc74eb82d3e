import type { Violation } from "../../server/exchange.ts";
import { isRecord, stringOf } from "../../server/json-body.ts";
import { codePointsExceed } from "../schema.ts";
import { blockViolations } from "./blocks.ts";

/** The faults of a message, with Slack's name of the error. */
export interface Fault {
  readonly error: string;
  readonly violations: readonly Violation[];
}

const maxAttachments = 100;
const validColor = /^(good|warning|danger|#[0-9A-Fa-f]{6})$/;

/** Slack names one error only: the first kind of fault. Returns all violations of that kind. */
export function messageFault(message: Readonly<Record<string, unknown>>): Fault | undefined {
  const { text, blocks, attachments } = message;
  const hasBlocks = Array.isArray(blocks) ? blocks.length > 0 : blocks !== undefined;
  const hasAttachments = Array.isArray(attachments) && attachments.length > 0;
  if (text !== undefined && typeof text !== "string") {
    return { error: "invalid_payload", violations: [{ field: "text", reason: "must be a string" }] };
  }
  if ((text ?? "") === "" && !hasBlocks && !hasAttachments) {
    return { error: "no_text", violations: [{ field: "text", reason: "text, blocks or attachments are needed" }] };
  }
  if (hasBlocks) {
    const violations = blockViolations(blocks);
    if (violations.length > 0) return { error: "invalid_blocks", violations };
  }
  if (Array.isArray(attachments) && attachments.length > maxAttachments) {
    const reason = `no more than ${maxAttachments} allowed`;
    return { error: "too_many_attachments", violations: [{ field: "attachments", reason }] };
  }
  if (attachments !== undefined) {
    const violations = attachmentViolations(attachments);
    if (violations.length > 0) return { error: "invalid_attachments", violations };
  }
  return undefined;
}

function attachmentViolations(attachments: unknown): Violation[] {
  if (!Array.isArray(attachments)) return [{ field: "attachments", reason: "must be an array" }];
  return attachments.flatMap((attachment: unknown, index) => {
    const at = `attachments[${index}]`;
    if (!isRecord(attachment)) return [{ field: at, reason: "must be an object" }];
    const found: Violation[] = [];
    const { blocks, color, footer } = attachment;
    if (blocks !== undefined) found.push(...blockViolations(blocks, `${at}.blocks`));
    else if ((stringOf(attachment["fallback"]) ?? "") === "" && (stringOf(attachment["text"]) ?? "") === "") {
      found.push({ field: at, reason: "needs fallback or text when it has no blocks" });
    }
    if (color !== undefined && !validColor.test(stringOf(color) ?? "")) {
      found.push({ field: `${at}.color`, reason: "must be good, warning, danger or a hex code such as #439FE0" });
    }
    if (typeof footer === "string" && codePointsExceed(footer, 300)) {
      found.push({ field: `${at}.footer`, reason: "must be less than 301 characters" });
    }
    return found;
  });
}
