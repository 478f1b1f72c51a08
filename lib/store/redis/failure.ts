/**
 * What a refusing client or server means for the caller.
 *
 * @module
 */

import { type DecodeError, StoreError, type StoreOperation } from "../../errors.ts";

/** Advice by the code of an error, or by the first word of what the server answers. */
const ADVICE: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing answers at its address; start the server or correct the address",
  ENOTFOUND: "its host is not known; correct the address",
  NOAUTH: "it wants a password; give one to the client",
  WRONGPASS: "it refuses the user or the password; correct them",
  NOPERM: "the user may not do that; allow it the commands and keys of this store",
  READONLY: "this server is a replica; connect to its master",
  OOM: "its memory is full; give it more, or let it evict",
  LOADING: "it is still loading its data; try again",
  CLUSTERDOWN: "the cluster is down; repair it",
  WRONGTYPE: "something else than a cache entry has that key; use another prefix",
};

/** Makes the error for whatever a client threw or a server answered. */
export function failure(operation: StoreOperation, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const { code, message } = cause instanceof Error
    ? cause as Error & { code?: unknown }
    : { code: undefined, message: String(cause) };
  const advice = ADVICE[String(code)] ?? ADVICE[message.split(" ", 1)[0]] ??
    `the client says ${JSON.stringify(message || String(code))}; see the cause`;
  return new StoreError(`Cannot ${operation} in Redis: ${advice}`, {
    store: "redis",
    operation,
    cause,
  });
}

/** Makes the error for a server that does not answer. */
export function silence(operation: StoreOperation, limitMs: number): StoreError {
  return new StoreError(
    `Cannot ${operation} in Redis: no answer within ${limitMs} ms; see whether it is up, ` +
      'or give redisStore() a longer "timeout"',
    { store: "redis", operation },
  );
}

/** Makes the error for an answer that no Redis gives. */
export function nonsense(operation: StoreOperation, command: string): StoreError {
  return new StoreError(
    `Cannot ${operation} in Redis: the answer to ${command} makes no sense; ` +
      "see what answers at that address",
    { store: "redis", operation },
  );
}

/** Makes the error for a damaged or foreign value that stands in an entry's place. */
export function damage(place: string, operation: StoreOperation, cause: DecodeError): StoreError {
  const reason = cause.message[0].toLowerCase() + cause.message.slice(1);
  return new StoreError(
    `The entry in ${JSON.stringify(place)} cannot be read: ${reason}; set or delete it`,
    { store: "redis", operation, cause },
  );
}
