/** The error for a command line that cannot be carried out. */

/** What the user wrote does not fit. The message alone is shown, and the exit code is 2. */
export class UsageError extends Error {
  /** Name of the class, as in a stack trace. */
  override get name(): string {
    return "UsageError";
  }
}
