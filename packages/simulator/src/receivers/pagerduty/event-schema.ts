import type { Schema } from "../schema.ts";

/*
 * PagerDuty Events API v2. A test compares these with the documented fields. Stricter rules here come from the
 * vendor's text: 1,024 characters of summary, 255 of dedup key, images over https, required fields not blank.
 */

const links: Schema = {
  type: "array",
  items: {
    type: "object",
    properties: { href: { type: "string", format: "url" }, text: { type: "string" } },
    required: ["href"],
  },
};

const images: Schema = {
  type: "array",
  items: {
    type: "object",
    properties: {
      src: { type: "string", format: "https" },
      href: { type: "string", format: "url" },
      alt: { type: "string" },
    },
    required: ["src"],
  },
};

const summary: Schema = { type: "string", notBlank: true, maxLength: 1024 };

const payload: Schema = {
  type: "object",
  properties: {
    summary,
    timestamp: { type: "string", format: "date-time" },
    severity: { enum: ["critical", "warning", "error", "info"] },
    source: { type: "string", notBlank: true },
    component: { type: "string" },
    group: { type: "string" },
    class: { type: "string" },
    custom_details: { type: "object" },
  },
  required: ["summary", "severity", "source"],
};

/** `POST /v2/enqueue` */
export const alertEvent: Schema = {
  type: "object",
  properties: {
    payload,
    routing_key: { type: "string" },
    event_action: { enum: ["trigger", "acknowledge", "resolve"] },
    dedup_key: { type: "string", maxLength: 255 },
    client: { type: "string" },
    client_url: { type: "string", format: "url" },
    links,
    images,
  },
  required: ["routing_key", "event_action"],
};

/** `POST /v2/change/enqueue` */
export const changeEvent: Schema = {
  type: "object",
  properties: {
    payload: {
      type: "object",
      properties: {
        summary,
        timestamp: { type: "string", format: "date-time" },
        source: { type: "string" },
        custom_details: { type: "object" },
      },
      required: ["summary"],
    },
    routing_key: { type: "string" },
    links,
    images,
  },
  required: ["payload", "routing_key"],
};
