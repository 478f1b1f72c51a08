/**
 * What a server's refusal means for the caller.
 *
 * @module
 */

import type { StoreError, StoreOperation } from "../../errors.ts";
import type { Remote, Reply } from "../_fetch.ts";
import { ERROR_TYPE } from "./protocol.ts";

/** How much of an error's body is looked at. */
const MAX_ERROR_BYTES = 4096;

/** What to do, by status. */
const ADVICE: Readonly<Record<number, string>> = {
  401: "the server wants a valid token; pass one as token, or a new one if it has expired",
  403: "the server does not let this token do that; pass one that may",
  404: "there is no cache at this address; check it, and that serveStore() answers there",
  407: "a proxy wants to know who asks; pass headers, or a fetch of your own",
  413: "the value is too large for the server; raise maxBytes of serveStore(), and on Bun " +
    "maxRequestBodySize of Bun.serve(), or store less",
  414: "the key is too long for a server on the way; use a hash of it",
  429: "the server is asked too often; ask less often",
  501: "the server cannot do that",
  503: "the server is overloaded or down for maintenance; try again later",
};

/** The code of our server's error, read from the reply to its end; empty for any other reply. */
export async function refusalIn(reply: Reply): Promise<{ code: string; message: string }> {
  const text = await reply.text(MAX_ERROR_BYTES);
  if (reply.type === ERROR_TYPE) {
    try {
      const { error, message } = JSON.parse(text);
      if (typeof error === "string") return { code: error, message: String(message) };
    } catch {
      // Cut or changed on the way: the status has to do.
    }
  }
  return { code: "", message: "" };
}

/** Makes the error for a reply with a status that is no success. */
export function refused(
  remote: Remote,
  operation: StoreOperation,
  reply: Reply,
  message = "",
): StoreError {
  const retry = reply.headers.get("retry-after");
  const when = retry === null
    ? ""
    : /^\d+$/.test(retry)
    ? `, not before ${retry} s have passed`
    : `, not before ${retry}`;
  const advice = ADVICE[reply.status] ??
    (reply.status >= 500 ? "see the log of the server" : "see what answers at this address");
  const said = message === "" ? "" : ` ("${message}")`;
  return remote.failure(
    operation,
    `the server answers with status ${reply.status}${said}: ${advice}${when}`,
  );
}
