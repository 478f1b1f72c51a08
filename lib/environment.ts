/**
 * Environment variables, where there are any.
 *
 * @module
 */

/** What Deno says of a permission. It is told when that changes. */
interface Permission {
  readonly state: string;
  /** Whether parts of it are denied. */
  readonly partial?: boolean;
}

/** What is looked at. All of it may be missing. */
interface Host {
  readonly Deno?: {
    readonly env: { get(name: string): string | undefined };
    readonly permissions: {
      querySync(query: { name: "env"; variable?: string }): Permission;
    };
  };
  readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> };
}

/** The permission for all variables: to ask for that of each takes long. */
let permission: Permission | undefined;

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
  permission ??= Deno.permissions.querySync({ name: "env" });
  const isGranted = (permission.state === "granted" && permission.partial !== true) ||
    Deno.permissions.querySync({ name: "env", variable: name }).state === "granted";
  return isGranted ? Deno.env.get(name) || undefined : undefined;
}
