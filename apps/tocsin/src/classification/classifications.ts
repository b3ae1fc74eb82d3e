import type { Alert, Classification, ClassificationTerms, Classifier } from "@tocsin/core";
import { addressedPrefix } from "../targets/addressed-alert.ts";
import type { ClassificationService, ClassificationServiceOptions } from "./classification-service.ts";
import { type ClassificationSettings, sameClassification } from "./classification-settings.ts";
import type { Scorecard } from "./scorecard.ts";

export interface ClassificationsOptions extends Omit<
  ClassificationServiceOptions,
  "settings" | "classifier" | "rules" | "scorecard"
> {
  /** Creates the classifier of a provider. */
  readonly createClassifier: (settings: ClassificationSettings) => Promise<Classifier>;
}

/** The classification of alerts, as the current configuration wants it. Nothing of it is loaded while the provider is `none`. */
export class Classifications {
  readonly #o: ClassificationsOptions;
  #service: ClassificationService | undefined;
  #settings: ClassificationSettings | undefined;
  /** It outlives a reload. */
  #scorecard: Scorecard | undefined;
  readonly #stopping = new Set<Promise<void>>();

  constructor(options: ClassificationsOptions) {
    this.#o = options;
  }

  /** Undefined: alerts are not classified. */
  get service(): ClassificationService | undefined {
    return this.#service;
  }

  get scorecard(): Scorecard | undefined {
    return this.#scorecard;
  }

  /** Returns the terms with which an alert is routed again. Undefined: it is not classified. */
  termsOf(
    { fingerprint }: Pick<Alert, "fingerprint">,
    stored: Classification | undefined,
  ): ClassificationTerms | undefined {
    return fingerprint.startsWith(addressedPrefix) ? undefined : this.#service?.termsOf(stored);
  }

  /**
   * Uses the settings of a configuration. Returns whether alerts must be routed again. Calls of a former classifier end, and what waits for
   * them waits for its deadline.
   */
  async use(settings: ClassificationSettings | undefined): Promise<boolean> {
    if (sameClassification(settings, this.#settings)) return false;
    const next = settings && (await this.#tryToOpen(settings));
    const former = this.#service;
    this.#settings = settings;
    this.#service = next;
    if (former !== undefined) this.#end(former);
    return true;
  }

  async stop(): Promise<void> {
    const former = this.#service;
    this.#service = undefined;
    if (former !== undefined) this.#end(former);
    await Promise.all(this.#stopping);
  }

  /** Without a classifier the labels decide: that is better than no service. */
  async #tryToOpen(settings: ClassificationSettings): Promise<ClassificationService | undefined> {
    try {
      return await this.#open(settings);
    } catch (error) {
      this.#o.log.error(
        { event: "classification_bug", err: error, reason: "bug" },
        "Alerts are not classified because of a bug: labels decide until the settings change or the service starts again",
      );
      return undefined;
    }
  }

  async #open(settings: ClassificationSettings): Promise<ClassificationService> {
    const [{ ClassificationService }, { Scorecard }, classifier, rules] = await Promise.all([
      import("./classification-service.ts"),
      import("./scorecard.ts"),
      this.#o.createClassifier(settings),
      settings.provider === "llm" && settings.rules !== undefined
        ? this.#o.createClassifier({ ...settings, provider: "rules", llm: undefined })
        : undefined,
    ]);
    this.#scorecard ??= new Scorecard();
    const service = new ClassificationService({
      ...this.#o,
      settings,
      classifier,
      rules,
      scorecard: this.#scorecard,
    });
    await service.start();
    return service;
  }

  #end(service: ClassificationService): void {
    const stopping = service.stop().finally(() => this.#stopping.delete(stopping));
    this.#stopping.add(stopping);
  }
}
