import { hash } from "node:crypto";
import { type Alert, alertName } from "@tocsin/core";
import type { ClassificationSettings } from "./classification-settings.ts";

/** What a verdict is kept under, besides the alert: another model or another list of labels shares nothing. */
export type ShapeTerms = Pick<ClassificationSettings, "shapeLabels"> & { readonly model: string };

/**
 * Returns the shape of an alert: alerts with the same name and the same values of `shapeLabels` share a verdict. It is a hash, so that
 * no label is too long for the ledger's key.
 */
export function shapeOf(alert: Alert, { shapeLabels, model }: ShapeTerms): string {
  const values = shapeLabels.map((label) => [label, alert.labels[label] ?? ""]);
  return hash("sha256", JSON.stringify([model, alertName(alert), values])).slice(0, 32);
}
