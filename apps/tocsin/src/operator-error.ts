/** Something that whoever started us can mend. The message is all there is to say: no stack is shown. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
}
