/**
 * Environment variables, where there are any.
 *
 * @module
 */

/** What is looked at. All of it may be missing. */
interface Host {
  readonly Deno?: {
    readonly env: { get(name: string): string | undefined };
    readonly permissions: {
      querySync(query: { name: "env"; variable: string }): { state: string };
    };
  };
  readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> };
}

/**
 * Reads an environment variable. On Deno it asks nobody: without the permission there is none,
 * since a prompt would stop the program.
 *
 * @param name Name of the variable.
 * @returns Its value; `undefined` where it is unset, empty or out of reach.
 */
export function environmentVariable(name: string): string | undefined {
  const { Deno, process } = globalThis as Host;
  if (Deno === undefined) return process?.env?.[name] || undefined;
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) || undefined : undefined;
}
