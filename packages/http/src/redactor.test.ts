import { describe, expect, test } from "vitest";
import { Redactor } from "./redactor.ts";

const token = "t0ken-0123456789";

describe("a redactor", () => {
  test.each([
    ["the secret", token, "[secret]"],
    ["several", `${token}${token} and ${token}`, "[secret][secret] and [secret]"],
    ["the start of the secret at the end of a text", "refused: t0ken-", "refused: [secret]"],
    ["nothing for only five characters of it", "refused: t0ken", "refused: t0ken"],
    ["every character percent-encoded", "%74%30ken%2d0123456789", "[secret]"],
    ["every character as JSON escape", String.raw`\u0074\u0030ken-0123456789`, "[secret]"],
    ["entities of HTML", "&#116;&#x30;ken-0123456789", "[secret]"],
    ["base64 among other bytes", btoa(`{"token":"${token}"}`), expect.stringMatching(/^\w+\[secret\]\w*={0,2}$/)],
    [
      "no secret",
      String.raw`50% of \"a+b\" &amp; C:\dir %zz &x; \u12`,
      String.raw`50% of \"a+b\" &amp; C:\dir %zz &x; \u12`,
    ],
    ["an escape around it", String.raw`{"a":"\n${token}\n"}`, String.raw`{"a":"\n[secret]\n"}`],
    ["invalid UTF-8 around it", `%ff%c3${token}%e4%b8`, "%ff%c3[secret]%e4%b8"],
  ])("removes %s", (_, text, clean) => {
    expect(new Redactor([token]).redact(text)).toEqual(clean);
  });

  test("removes secrets that overlap, contain each other and begin alike", () => {
    const redactor = new Redactor(["abcdefgh", "efghijkl", "abcdefghijklmnop", "cdefgh"]);
    expect(redactor.redact("<abcdefghijkl> <abcdefghijklmnop> <cdefgh> <abcdef>")).toBe(
      "<[secret]> <[secret]> <[secret]> <abcdef>",
    );
  });

  test.each([
    ["Bearer s3cret-value", "s3cret-value"],
    ["Basic dXNlcjpwYSQkd29yZA==", "pa$$word"],
    ["Basic dXNlcjpwYSQkd29yZA==", "user:pa$$word"],
    ["dXNlcjpwYSQkd29yZA", "pa$$word"],
    ["pa%24%24word", "pa$$word"],
  ])("for %s removes %s", (given, text) => {
    expect(new Redactor([given]).redact(`<${text}>`)).toBe("<[secret]>");
  });

  test("ignores secrets that are too short to distinguish from words", () => {
    expect(new Redactor(["", "true", "12345"]).redact("true 12345")).toBe("true 12345");
  });

  test("accepts further secrets later, and writes the given replacement", () => {
    const redactor = new Redactor([], "[key]");
    expect(redactor.redact(token)).toBe(token);
    redactor.add([token]);
    expect(redactor.redact(token)).toBe("[key]");
  });
});
