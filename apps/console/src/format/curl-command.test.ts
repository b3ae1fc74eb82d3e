import { expect, test } from "vitest";
import { curlCommand } from "./curl-command.ts";

test("reads with the token of the environment", () => {
  expect(curlCommand({ url: "https://tocsin.example.com/api/v1/incidents/5" })).toBe(
    `curl -H "Authorization: Bearer $TOCSIN_TOKEN" 'https://tocsin.example.com/api/v1/incidents/5'`,
  );
});

test("quotes what an alert contains, so that the shell runs none of it", () => {
  expect(
    curlCommand({ method: "POST", url: "http://localhost/x?a='b", body: { labels: { a: "'; rm -rf ~; $(id) `id`" } } }),
  ).toBe(
    String.raw`curl -X POST -H "Authorization: Bearer $TOCSIN_TOKEN" -H 'Content-Type: application/json' ` +
      String.raw`-d '{"labels":{"a":"'\''; rm -rf ~; $(id) ` +
      "`id`\"}}' " +
      String.raw`'http://localhost/x?a='\''b'`,
  );
});
