import { describe, expect, test } from "vitest";
import { fitsBody, maxBodyBytes } from "./fit-body.ts";
import type { AlertEvent, ChangeEvent, Payload, TriggerEvent } from "./event.ts";
import { fitEvent } from "./fit-event.ts";

const routing_key = "0123456789abcdef0123456789ABCDEF";

function trigger(payload: Partial<Payload>, rest: Partial<TriggerEvent> = {}): TriggerEvent {
  return {
    routing_key,
    event_action: "trigger",
    dedup_key: "d",
    payload: { summary: "s", source: "h", severity: "critical", ...payload },
    ...rest,
  };
}

/** An event of exactly this number of bytes. Most of its characters have two bytes. */
function eventOf(bytes: number): TriggerEvent {
  const free = bytes - Buffer.byteLength(JSON.stringify(trigger({ custom_details: { pad: "" } })));
  return trigger({ custom_details: { pad: "é".repeat(Math.floor(free / 2)) + "x".repeat(free % 2) } });
}

function fit(event: AlertEvent | ChangeEvent) {
  const { body, dropped } = fitEvent(event);
  expect(Buffer.byteLength(body)).toBeLessThanOrEqual(maxBodyBytes);
  return { event: JSON.parse(body) as TriggerEvent, dropped };
}

const details = (event: TriggerEvent) => event.payload.custom_details!;
const kb = (n: number) => "x".repeat(n * 1000);

describe("a body", () => {
  test.each([511_999, 512_000])("with %i bytes is sent whole", (bytes) => {
    const { body, dropped } = fitEvent(eventOf(bytes));
    expect([Buffer.byteLength(body), dropped]).toEqual([bytes, []]);
  });

  test("with 512,001 bytes is cut and names the removed parts", () => {
    const { event, dropped } = fit(eventOf(512_001));
    expect(dropped).toEqual(["custom_details.pad"]);
    expect(details(event)).toEqual({ dropped_to_fit: ["custom_details.pad"] });
  });

  test("is measured in bytes, not in characters", () => {
    const sizes = ["x".repeat(512_000), "x".repeat(512_001), "€".repeat(170_666), "€".repeat(170_667)];
    expect(sizes.map(fitsBody)).toEqual([true, false, true, false]);
  });
});

describe("a body that is too large loses", () => {
  const labels = { alertname: "Disk", team: "x" };

  test("the largest annotation before a smaller one", () => {
    const annotations = { small: "a", large: kb(400), larger: kb(450) };
    const { event, dropped } = fit(trigger({ custom_details: { fingerprint: "f", labels, annotations } }));
    expect(dropped).toEqual(["custom_details.annotations.larger"]);
    expect(details(event)).toEqual({
      fingerprint: "f",
      labels,
      annotations: { small: "a", large: kb(400) },
      dropped_to_fit: dropped,
    });
  });

  test("an annotation before a label, and a label before another detail", () => {
    const custom_details = {
      labels: { ...labels, big: kb(200) },
      annotations: { a: kb(150), b: kb(100) },
      raw: kb(250),
    };
    const annotations = fit(trigger({ custom_details: { ...custom_details, raw: kb(200) } }));
    expect(annotations.dropped).toEqual(["custom_details.annotations.a"]);
    const label = fit(trigger({ custom_details: { ...custom_details, raw: kb(400) } }));
    // The smaller annotation would not have been enough, and the label is enough without it.
    expect(label.dropped).toEqual(["custom_details.annotations.a", "custom_details.labels.big"]);
    expect(details(label.event)["labels"]).toEqual(labels);
    const rest = fit(trigger({ custom_details: { ...custom_details, raw: kb(600) } }));
    expect(rest.dropped).toEqual(["custom_details.raw"]);
  });

  test("no small part when a large part must go anyway", () => {
    const custom_details = { status: "firing", labels, annotations: { summary: "s" } };
    const links = [{ href: `https://example.com/${kb(600)}` }];
    const { event, dropped } = fit(trigger({ custom_details }, { links, client: "c" }));
    expect(dropped).toEqual(["links"]);
    expect(details(event)).toEqual({ ...custom_details, dropped_to_fit: ["links"] });
    expect(event.client).toBe("c");
  });

  test.each(["alertname", "severity", "instance", "namespace", "job", "service", "cluster", "pod", "node"])(
    "the label %s after any other label, details, links and the optional texts",
    (name) => {
      const event = trigger(
        {
          component: kb(60),
          group: kb(60),
          class: kb(60),
          custom_details: { labels: { [name]: kb(500), other: kb(60) }, annotations: { a: kb(60) }, raw: kb(60) },
        },
        {
          client: kb(60),
          client_url: `https://example.com/${kb(60)}`,
          links: [{ href: "https://example.com", text: kb(60) }],
          images: [{ src: "https://example.com", alt: kb(60) }],
        },
      );
      const { event: fitted, dropped } = fit(event);
      expect(dropped.toSorted()).toEqual([
        "class",
        "client",
        "client_url",
        "component",
        "custom_details.annotations.a",
        "custom_details.labels.other",
        "custom_details.raw",
        "group",
        "images",
        "links",
      ]);
      expect(details(fitted)["labels"]).toEqual({ [name]: kb(500) });
    },
  );

  test("an identifying label before the end of the source", () => {
    const event = trigger({ source: kb(500), custom_details: { labels: { alertname: "Disk", pod: kb(300) } } });
    const { event: fitted, dropped } = fit(event);
    expect(dropped).toEqual(["custom_details.labels.pod"]);
    expect(fitted.payload.source).toBe(kb(500));
  });

  test("the end of the source last", () => {
    const { event, dropped } = fit(trigger({ source: kb(600), component: "c" }));
    expect(dropped).toEqual(["source"]);
    expect(event.payload).toEqual({
      summary: "s",
      source: `${"x".repeat(1023)}…`,
      severity: "critical",
      component: "c",
      custom_details: { dropped_to_fit: ["source"] },
    });
  });

  test("up to twenty parts and lists all of them", () => {
    const names = Array.from({ length: 20 }, (_, i) => `n${String(i).padStart(2, "0")}`);
    const annotations = Object.fromEntries(names.map((name) => [name, kb(600)]));
    const { event } = fit(trigger({ custom_details: { annotations } }));
    expect(details(event)["dropped_to_fit"]).toEqual(names.map((name) => `custom_details.annotations.${name}`));
  });

  test("more parts and lists them in full for the caller and in short for PagerDuty", () => {
    const names = Array.from({ length: 30 }, (_, i) => `${String(i).padStart(3, "0")}${"n".repeat(80)}`);
    const { event, dropped } = fit(
      trigger({ custom_details: { annotations: Object.fromEntries(names.map((n) => [n, kb(600)])) } }),
    );
    expect(dropped).toEqual(names.map((name) => `custom_details.annotations.${name}`));
    const listed = details(event)["dropped_to_fit"] as string[];
    expect(listed).toHaveLength(21);
    expect(listed[0]).toBe(`${dropped[0]!.slice(0, 59)}…`);
    expect(listed.at(-1)).toBe("and 10 more");
  });

  test("single labels and annotations only if they are objects", () => {
    const custom_details = { labels: [kb(300)], annotations: kb(400) };
    expect(fit(trigger({ custom_details })).dropped).toEqual(["custom_details.annotations"]);
    expect(fit(trigger({ custom_details: { labels: [kb(600)], annotations: null } })).dropped).toEqual([
      "custom_details.labels",
    ]);
  });

  test("details of a change event too", () => {
    const event = { routing_key, payload: { summary: "deployed", custom_details: { diff: kb(600) } } };
    expect(fit(event)).toEqual({
      event: {
        routing_key,
        payload: { summary: "deployed", custom_details: { dropped_to_fit: ["custom_details.diff"] } },
      },
      dropped: ["custom_details.diff"],
    });
  });
});
