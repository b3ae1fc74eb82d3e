/** An issue whose place is still in steps, to be put into words or looked up in a text. */
export interface Located {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}
