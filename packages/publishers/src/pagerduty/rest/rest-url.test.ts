import { expect, test } from "vitest";
import { restUrl } from "./rest-url.ts";

test.each([
  ["https://events.pagerduty.com", "https://api.pagerduty.com"],
  ["https://events.pagerduty.com./v2/enqueue", "https://api.pagerduty.com"],
  ["https://events.eu.pagerduty.com/", "https://api.eu.pagerduty.com"],
  ["https://proxy.example.com:8443/pagerduty/v2/enqueue", "https://proxy.example.com:8443"],
  ["http://127.0.0.1:9878", "http://127.0.0.1:9878"],
  ["https://events.pagerduty.com.example.com", "https://events.pagerduty.com.example.com"],
])("of %s is %s", (url, rest) => expect(restUrl(url)).toBe(rest));
