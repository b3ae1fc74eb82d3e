import { z } from "zod";

// The shapes that `readAlert` and `readWebhookAlert` accept, for the API document. Requests are checked by these functions, which
// cost a tenth; `alert-shapes.test.ts` compares both.

const text = z.string().nullable().optional();
const texts = z.record(z.string(), z.string().nullable()).nullable().optional();
const instant = z
  .string()
  .nullable()
  .describe("A time as in RFC 3339. Absent, null, empty and Go's zero time are no time.")
  .optional();

const fields = { labels: texts, annotations: texts, startsAt: instant, endsAt: instant, generatorURL: text };

const webhookAlertFields = {
  ...fields,
  fingerprint: text.describe(
    "The identity of the alert. Absent: it is computed from the labels, as Alertmanager does.",
  ),
  dashboardURL: text,
  panelURL: text,
  silenceURL: text,
  imageURL: text,
  valueString: text,
};

const webhookAlert = z.looseObject({ status: z.enum(["firing", "resolved"]), ...webhookAlertFields });

/** The webhook of Alertmanager (version 4), and Grafana's superset of it. Unknown members are ignored. */
const webhookBody = z.looseObject({
  alerts: z.array(webhookAlert),
  truncatedAlerts: z.unknown().describe("How many alerts the sender left out.").optional(),
});

/** The alerts that Prometheus posts to an Alertmanager. */
const postedAlerts = z.array(z.looseObject(fields)).nullable();

const askedAlert = z.looseObject({
  status: z.enum(["firing", "resolved"]).describe("Absent: firing.").optional(),
  ...webhookAlertFields,
});

/** An alert as in a webhook, alone or beside a target that is only tried. */
const explainBody = z.union([
  z.looseObject({
    alert: askedAlert,
    target: z
      .looseObject({})
      .meta({ id: "TargetDefinition", description: "A target as in tocsin.yaml, with changes that are only tried." }),
  }),
  askedAlert,
]);

export const alertShapes = { webhookBody, postedAlerts, explainBody };
