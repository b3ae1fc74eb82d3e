import { describe, expect, test } from "vitest";
import { readExport } from "./read-export.ts";

const rest = {
  id: "Q1",
  incident_number: 7,
  title: "Disk full",
  status: "resolved",
  incident_key: "k1",
  urgency: "high",
  created_at: "2026-11-23T10:00:00Z",
  last_status_change_at: "2026-11-23T11:00:00Z",
  service: { id: "P1", summary: "Shop", type: "service_reference" },
};

describe("an export", () => {
  test("is CSV as PagerDuty's web page writes it", () => {
    const { incidents, issues, notes } = readExport(
      [
        "id,incident_number,description,service_id,service_name,urgency,created_on,resolved_on",
        'Q1,7,"Disk ""sda"" full,\nnow",P1,Shop,high,2026-11-23T12:00:00+02:00,2026-11-23 11:00:00 UTC',
        "Q2,8,Slow,P1,Shop,low,2026-11-23 10:00:00,",
      ].join("\n"),
    );
    expect([issues, notes]).toEqual([[], ["1 times without a time zone were read as UTC"]]);
    const atMs = Date.UTC(2026, 10, 23, 10);
    expect(incidents).toEqual([
      {
        place: "line 2",
        name: "Q1",
        title: 'Disk "sda" full,\nnow',
        createdAtMs: atMs,
        resolvedAtMs: atMs + 3_600_000,
        service: "Shop",
        urgency: "high",
      },
      { place: "line 4", name: "Q2", title: "Slow", createdAtMs: atMs, service: "Shop", urgency: "low" },
    ]);
  });

  test.each([
    ["an answer of the REST API", { incidents: [rest, rest], limit: 100 }],
    ["a list of incidents", [rest, rest]],
  ])("is %s, in which repeated incidents count once", (_, value) => {
    expect(readExport(JSON.stringify(value))).toEqual({
      incidents: [
        {
          place: "incidents[0]",
          name: "Q1",
          title: "Disk full",
          key: "k1",
          createdAtMs: Date.UTC(2026, 10, 23, 10),
          resolvedAtMs: Date.UTC(2026, 10, 23, 11),
          service: "Shop",
          urgency: "high",
        },
      ],
      issues: [],
      notes: ["1 incidents were in the file more than once"],
    });
  });

  test.each([
    ["", ["the file is empty"]],
    [
      "id,name\n1,2",
      [
        expect.stringMatching(/^line 1: expected a column for the time .*created_on.*found id, name$/),
        expect.stringMatching(/^line 1: expected a column for its title/),
      ],
    ],
    ["description,created_on\na,2026-11-23T10:00:00Z\nb", ["line 3: expected 2 fields as in the header, found 1"]],
    [
      'description,created_on,resolved_on\n"a\nb",soon,\n,2026-11-23T10:00:00Z,never',
      [
        'line 2: created: expected a time such as 2026-01-31T12:00:00Z, found "soon"',
        'line 4: resolved: expected a time such as 2026-01-31T12:00:00Z, found "never"',
        "line 4: expected a title or a dedup key",
      ],
    ],
    ['description,created_on\na,"2026', ["line 2: a quoted field starts on this line and never ends"]],
    ["{", [expect.stringMatching(/^not valid JSON/)]],
    ["{}", ['expected a list of incidents, or an object with the list "incidents"']],
    ["[1]", ["incidents[0]: expected an object"]],
    ['[{"title":"a"}]', ['incidents[0]: created: expected a time such as 2026-01-31T12:00:00Z, found ""']],
    ['[{"title":"a","created_at":"2026-13-45T00:00:00Z"}]', [expect.stringMatching(/^incidents\[0\]: created/)]],
  ])("%j is refused, with the place of each mistake", (text, issues) => {
    expect(readExport(text).issues).toEqual(issues);
  });
});
