/** The proxy does not open a tunnel. */
export class TunnelError extends Error {
  override readonly name = "TunnelError";
  readonly code = "ERR_PROXY_TUNNEL";
  /** Status of the proxy's response; `undefined` when that is not HTTP. */
  readonly proxyStatus: number | undefined;

  constructor(proxyStatus: number | undefined) {
    super(proxyStatus === undefined ? "the proxy's answer is not HTTP" : `the proxy answered ${proxyStatus}`);
    this.proxyStatus = proxyStatus;
  }
}
