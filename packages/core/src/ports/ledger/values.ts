/** The part of the ledger that keeps named texts, across restarts and for all replicas. Encrypt what is secret. */
export interface Values {
  /** Stores a text under a name. A later text replaces it. */
  putValue(name: string, text: string): Promise<void>;
  /**
   * Stores a text under a name unless one is stored there. Returns the stored text: callers that write different texts at the
   * same time all get the same one.
   */
  putValueIfAbsent(name: string, text: string): Promise<string>;
  /** The text stored under this name; undefined: none. */
  getValue(name: string): Promise<string | undefined>;
}
