/** An issue whose path is still a list of steps, to be formatted or looked up in a text. */
export interface LocatedIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}
