/** The error of a function given as an option that failed. */

/**
 * A function given as an option, such as `key`, threw while a key was made. What it threw is the
 * `cause`.
 */
export class OptionError extends TypeError {
  /** The option, with the parameter that it is about, such as `key.user`. */
  readonly option: string;

  /** Names the option and the cached function. */
  constructor(option: string, functionName: string, cause: unknown) {
    const said = cause instanceof Error ? cause.message : String(cause);
    super(
      `${option} of ${functionName || "a cached function"} failed: ${said}; correct the function ` +
        "that was given as this option",
      { cause },
    );
    this.option = option;
  }
}
