/**
 * The store of a program that names none. The one file of the portable core that knows of runtimes:
 * it looks at what there is, and imports a store only when one is needed.
 */

import { environmentVariable } from "../environment.ts";
import { memoryStore } from "../store/memory.ts";
import type { Store } from "../store/store.ts";

/** Folder of the default store in the working directory. */
const DEFAULT_FOLDER = ".deja";
/** Environment variable that names another. */
const FOLDER_VARIABLE = "DEJA_DIR";

/** The parts of the runtimes that are looked at. All of them may be missing. */
interface Host {
  readonly Deno?: {
    readonly permissions: {
      querySync(
        query: { name: "read" | "write"; path: string } | { name: "env"; variable: string },
      ): { readonly state: string };
    };
  };
  readonly process?: { readonly getBuiltinModule?: unknown };
  readonly window?: unknown;
  readonly WorkerGlobalScope?: unknown;
  readonly navigator?: { readonly userAgent?: string };
}

/**
 * Opens the default store of this runtime. On Deno it asks nobody: without the permissions the
 * results stay in memory, since a prompt would stop the program.
 *
 * @throws {StoreError} The folder cannot be used.
 */
export async function openDefaultStore(): Promise<Store> {
  const host = globalThis as Host;
  if (host.Deno !== undefined || host.process?.getBuiltinModule !== undefined) {
    const folder = environmentVariable(FOLDER_VARIABLE) ?? DEFAULT_FOLDER;
    const missing = missingFlags(host, folder);
    if (missing !== "") {
      const other = mayReadFolder(host)
        ? ""
        : `, or with --allow-env=${FOLDER_VARIABLE} too where that names another`;
      return fallback(`Deno may not use ${folder}; run it with ${missing}${other}`);
    }
    const { fsStore } = await import("../store/fs/mod.ts");
    return await fsStore(folder);
  }
  if (isBrowser(host)) {
    try {
      const { opfsStore } = await import("../store/opfs/mod.ts");
      return await opfsStore();
    } catch (error) {
      return fallback(error instanceof Error ? error.message : String(error));
    }
  }
  return fallback("this runtime has neither a file system nor an origin private file system");
}

/** The flags that Deno lacks for a folder; empty where there are none, and on other runtimes. */
function missingFlags({ Deno }: Host, path: string): string {
  const names = ["read", "write"] as const;
  return names
    .filter((name) =>
      Deno !== undefined && Deno.permissions.querySync({ name, path }).state !== "granted"
    )
    .map((name) => `--allow-${name}=${path}`).join(" ");
}

/** Whether the variable that names a folder can be read: on Deno, only with a permission. */
function mayReadFolder({ Deno }: Host): boolean {
  const query = { name: "env", variable: FOLDER_VARIABLE } as const;
  return Deno === undefined || Deno.permissions.querySync(query).state === "granted";
}

/**
 * Whether this is a page or a worker of one. Some edge hosts have a private file system in name
 * only, in memory, and would lose the entries without a word.
 */
function isBrowser({ window, WorkerGlobalScope, navigator }: Host): boolean {
  return (window !== undefined || WorkerGlobalScope !== undefined) &&
    navigator?.userAgent !== "Cloudflare-Workers";
}

function fallback(reason: string): Store {
  console.warn(
    `déjà: results are kept in memory only and are gone with this process: ${reason}; ` +
      "pass a store to createCache to keep them",
  );
  return memoryStore();
}
