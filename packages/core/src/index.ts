export * from "./decisions/index.ts";
export { FilterBudget, tooCostly } from "./filters/budget.ts";
export { InvalidMatcher, parseMatchers, type Matcher } from "./filters/matcher.ts";
export { compilePattern, InvalidPattern } from "./filters/pattern.ts";
export { Subject } from "./filters/subject.ts";
export { compileWhen, type Condition, type WhenContext } from "./filters/when.ts";
export { isBlank } from "./schema/is-blank.ts";
export * from "./alerts/fingerprint.ts";
export { isoTime } from "./schema/iso-time.ts";
export * from "./schema/secret.ts";
export { duration, formatDuration } from "./schema/duration.ts";
export { checkInput, type Checked, formatPath, type Issue } from "./schema/issue.ts";
export { nearest } from "./schema/nearest.ts";
export { secretInput, type ReadSecret, type SecretInput } from "./schema/secret-input.ts";
export { jsonSchemaOf, oneOrMany } from "./schema/field.ts";
export * from "./decisions/absence-time.ts";
export * from "./decisions/judge-reading.ts";
export { fitDedupKey } from "./decisions/dedup-key.ts";
export { route, type ClassificationTerms, type Decision } from "./decisions/route.ts";
export { routeChange } from "./decisions/route-change.ts";
export { cutCodePoints, maxSummaryCodePoints, summaryOf } from "./decisions/summary.ts";
export { parseTarget, type ParsedTarget, type ParseTargetOptions, secretKeysOf } from "./targets/parse-target.ts";
export { targetJsonSchema } from "./targets/target-schema.ts";
export type { EndpointInput, ResolvedEndpoint, TargetType } from "./targets/target-type.ts";
export { StepBudget } from "./targets/stepped-liquid.ts";
export type { Endpoint, EndpointTls, Target } from "./targets/target.ts";
export {
  compileDetails,
  compileText,
  parseTemplate,
  type Template,
  TemplateContext,
  type TemplateTexts,
} from "./targets/template.ts";
