/** The parts that need no module of Node: they run in every JavaScript runtime. */
export { type Clock, maxTimerMs, sleep, systemClock, unref } from "./clock.ts";
export { holdsText } from "./holds-text.ts";
export { isLoopback } from "./is-loopback.ts";
export { classifyNetworkFailure, errorsIn, type FailureReason, type NetworkFailure } from "./network-failure.ts";
export { parseRetryAfter } from "./parse-retry-after.ts";
export { parseProxy, proxiesFrom, proxyAuthorization, type ProxySettings, ProxyUrlError } from "./proxy-settings.ts";
export { minSecretLength, Redactor } from "./redactor.ts";
