import type { Alert } from "@tocsin/core/decisions";

/**
 * What an alert says, as a value and as JSON, each made from the other when first asked for. Most alerts are stored, repeated
 * and resolved without anybody reading them.
 */
export class AlertContent {
  #alert: Alert | undefined;
  #json: string | undefined;

  static of(alert: Alert): AlertContent {
    const content = new AlertContent();
    content.#alert = alert;
    return content;
  }

  static read(json: string): AlertContent {
    const content = new AlertContent();
    content.#json = json;
    return content;
  }

  get alert(): Alert {
    return (this.#alert ??= JSON.parse(this.json) as Alert);
  }

  get json(): string {
    return (this.#json ??= JSON.stringify(this.#alert));
  }
}
