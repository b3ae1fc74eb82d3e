import type { Violation } from "../../server/exchange.ts";
import { isRecord, stringOf } from "../../server/json-body.ts";
import { codePointsExceed } from "../schema.ts";

type Block = Readonly<Record<string, unknown>>;
type Found = Violation[];

/** Blocks in a message; modals take more. */
const maxBlocks = 50;

/** Block Kit's documented limits. Lengths count code points; Slack does not say in what it counts. */
export function blockViolations(blocks: unknown, at = "blocks"): Found {
  const found: Found = [];
  if (!Array.isArray(blocks)) return [{ field: at, reason: "must be an array" }];
  if (blocks.length > maxBlocks) found.push({ field: at, reason: `no more than ${maxBlocks} items allowed` });
  const ids = new Set<string>();
  for (const [index, block] of blocks.entries()) {
    const place = `${at}[${index}]`;
    if (!isRecord(block)) {
      found.push({ field: place, reason: "must be an object" });
      continue;
    }
    const id = block["block_id"];
    if (id !== undefined) {
      text(id, `${place}.block_id`, 255, found);
      if (typeof id === "string" && ids.has(id)) found.push({ field: `${place}.block_id`, reason: "must be unique" });
      if (typeof id === "string") ids.add(id);
    }
    const type = stringOf(block["type"]) ?? "";
    const check = Object.hasOwn(blockChecks, type) ? blockChecks[type] : undefined;
    if (check === undefined) found.push({ field: `${place}.type`, reason: `unsupported type: ${type.slice(0, 50)}` });
    else check(block, place, found);
  }
  return found;
}

const blockChecks: Readonly<Record<string, (block: Block, at: string, found: Found) => void>> = {
  header: (block, at, found) => textObject(block["text"], `${at}.text`, 150, found, ["plain_text"]),
  divider: () => {},
  section: (block, at, found) => {
    const { text: main, fields } = block;
    if (main === undefined && fields === undefined) found.push({ field: at, reason: "must have text or fields" });
    if (main !== undefined) textObject(main, `${at}.text`, 3000, found);
    if (fields !== undefined) {
      each(fields, `${at}.fields`, 10, found, (field, place) => textObject(field, place, 2000, found));
    }
    if (isRecord(block["accessory"])) element(block["accessory"], `${at}.accessory`, found);
  },
  context: (block, at, found) =>
    each(block["elements"], `${at}.elements`, 10, found, (item, place) => {
      if (isRecord(item) && item["type"] === "image") image(item, place, found);
      else textObject(item, place, 3000, found);
    }),
  actions: (block, at, found) =>
    each(block["elements"], `${at}.elements`, 25, found, (item, place) => {
      if (isRecord(item)) element(item, place, found);
      else found.push({ field: place, reason: "must be an object" });
    }),
  image: (block, at, found) => {
    image(block, at, found);
    if (block["title"] !== undefined) textObject(block["title"], `${at}.title`, 2000, found, ["plain_text"]);
  },
  markdown: (block, at, found) => text(block["text"], `${at}.text`, 12_000, found),
};

function element(block: Block, at: string, found: Found): void {
  if (block["type"] !== "button") return;
  textObject(block["text"], `${at}.text`, 75, found, ["plain_text"]);
  if (block["value"] !== undefined) text(block["value"], `${at}.value`, 2000, found);
  if (block["url"] !== undefined) url(block["url"], `${at}.url`, found);
  if (block["action_id"] !== undefined) text(block["action_id"], `${at}.action_id`, 255, found);
  const { confirm } = block;
  if (confirm === undefined) return;
  if (!isRecord(confirm)) return void found.push({ field: `${at}.confirm`, reason: "must be an object" });
  textObject(confirm["title"], `${at}.confirm.title`, 100, found, ["plain_text"]);
  textObject(confirm["text"], `${at}.confirm.text`, 300, found);
  textObject(confirm["confirm"], `${at}.confirm.confirm`, 30, found, ["plain_text"]);
  textObject(confirm["deny"], `${at}.confirm.deny`, 30, found, ["plain_text"]);
}

function image(block: Block, at: string, found: Found): void {
  text(block["alt_text"], `${at}.alt_text`, 2000, found);
  if (block["slack_file"] === undefined) url(block["image_url"], `${at}.image_url`, found);
}

function url(value: unknown, at: string, found: Found): void {
  text(value, at, 3000, found);
  if (typeof value === "string" && !URL.canParse(value)) found.push({ field: at, reason: "must be a URL" });
}

function textObject(
  value: unknown,
  at: string,
  most: number,
  found: Found,
  types: readonly string[] = ["plain_text", "mrkdwn"],
): void {
  if (!isRecord(value)) {
    found.push({ field: at, reason: "must be a text object" });
    return;
  }
  if (!types.includes(stringOf(value["type"]) ?? "")) {
    found.push({ field: `${at}.type`, reason: `must be ${types.join(" or ")}` });
  }
  text(value["text"], `${at}.text`, most, found);
}

function text(value: unknown, at: string, most: number, found: Found): void {
  if (typeof value !== "string" || value === "") found.push({ field: at, reason: "must be more than 0 characters" });
  else if (codePointsExceed(value, most)) {
    found.push({ field: at, reason: `must be less than ${most + 1} characters` });
  }
}

function each(
  value: unknown,
  at: string,
  most: number,
  found: Found,
  check: (item: unknown, at: string) => void,
): void {
  if (!Array.isArray(value) || value.length === 0) {
    found.push({ field: at, reason: "must be an array of at least one" });
    return;
  }
  if (value.length > most) found.push({ field: at, reason: `no more than ${most} items allowed` });
  for (const [index, item] of value.entries()) check(item, `${at}[${index}]`);
}
