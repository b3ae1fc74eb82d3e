import { expect, test } from "vitest";
import { urlTemplate } from "./url-template.ts";

test.each([
  ["/v2/enqueue", "/v2/enqueue"],
  ["/v2/enqueue?token=SECRET", "/v2/enqueue"],
  ["/api/chat.postMessage", "/api/chat.postMessage"],
  ["/services/T1/B1/SECRET", "/{path}"],
  ["/v2/enqueue/SECRET", "/{path}"],
  ["/SECRET/v2/enqueue", "/{path}"],
  ["/", "/{path}"],
  ["", "/{path}"],
])("the path %s is shown as %s", (path, shown) => {
  expect(urlTemplate(path)).toBe(shown);
});
