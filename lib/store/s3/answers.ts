/**
 * What an S3 server answers: XML, read strictly, and errors, with what to do about them.
 *
 * @module
 */

import { XMLParser } from "fast-xml-parser";
import type { StoreError, StoreOperation } from "../../errors.ts";
import type { Remote, Reply } from "../_fetch.ts";

/** What a page of a listing says of an object. */
export interface ListedObject {
  /** Name of the object. */
  readonly name: string;
  /** Size of the object in bytes. */
  readonly size: number;
}

/** A page of a listing. */
export interface ListingPage {
  /** The objects. */
  readonly objects: readonly ListedObject[];
  /** What to ask for the next page with; `undefined` on the last. */
  readonly next: string | undefined;
}

/** What a server refused with. */
export interface Refusal {
  /** Its code, such as `NoSuchKey`; empty if it said none. */
  readonly code: string;
  /** Its words. */
  readonly message: string;
}

const MAX_ERROR_BYTES = 16_384;
/** A page names a thousand objects, each of at most 1024 bytes that may be escaped. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** What to do, by code. */
const ADVICE: Readonly<Record<string, string>> = {
  AccessDenied: "the key may not do that; give it the right to, or pass another",
  AuthorizationHeaderMalformed: "the region is another; pass it as region",
  ExpiredToken: "the session has expired; pass a function as credentials that gives new keys",
  InvalidAccessKeyId: "the server does not know the access key; pass another in credentials",
  InvalidToken: "the session token is wrong; pass another in credentials",
  NoSuchBucket: "there is no such bucket; make it, or correct its name",
  PermanentRedirect: "the bucket is in another region; correct endpoint and region",
  RequestTimeTooSkewed: "the clock of this machine is wrong; set it",
  SignatureDoesNotMatch: "the secret key or the region is wrong; correct it",
  SlowDown: "the server is asked too often; ask less often",
  TokenRefreshRequired: "the session has to be renewed; pass other credentials",
};

const STATUS_ADVICE: Readonly<Record<number, string>> = {
  403: ADVICE.AccessDenied,
  404: "there is no bucket at this address; check it",
  429: ADVICE.SlowDown,
  503: "the server is overloaded or down for maintenance; try again later",
};

/** Makes the error for an answer that is no success. */
export function refused(
  remote: Remote,
  operation: StoreOperation,
  reply: Reply,
  { code, message }: Refusal,
): StoreError {
  const retry = reply.headers.get("retry-after");
  const known = reply.status !== 404 || code === "" ? STATUS_ADVICE[reply.status] : undefined;
  const advice = ADVICE[code] ?? known ??
    (reply.status >= 500 ? "see the log of the server" : "see what answers at this address");
  const said = [code, message].filter((word) => word !== "").join(": ");
  return remote.failure(
    operation,
    `the server answers with status ${reply.status}${said === "" ? "" : ` ("${said}")`}: ` +
      `${advice}${retry === null ? "" : `, not before ${retry}${/^\d+$/.test(retry) ? " s" : ""}`}`,
  );
}

/** Reads why a server refuses, from the reply to its end. */
export async function refusalIn(reply: Reply): Promise<Refusal> {
  const { Error: error } = parse(await reply.text(MAX_ERROR_BYTES)) ?? {};
  const { Code: code, Message: message } = elementsOf(error);
  return { code: textOf(code) ?? "", message: textOf(message) ?? "" };
}

/**
 * Reads a page of a listing.
 *
 * @returns The page; `undefined` for anything else.
 */
export async function listingIn(reply: Reply): Promise<ListingPage | undefined> {
  const { ListBucketResult: result } = parse(await reply.text(MAX_ANSWER_BYTES)) ?? {};
  if (result === undefined) return undefined;
  const { Contents: contents, IsTruncated: truncated, NextContinuationToken: token } = elementsOf(
    result,
  );
  const objects: ListedObject[] = [];
  for (const object of contents === undefined ? [] : [contents].flat()) {
    const { Key: key, Size: size } = elementsOf(object);
    const [name, digits] = [textOf(key), textOf(size)];
    if (name === undefined || digits === undefined || !/^\d+$/.test(digits)) return undefined;
    objects.push({ name, size: Number(digits) });
  }
  const next = textOf(truncated) === "true" ? textOf(token) : undefined;
  if (textOf(truncated) === "true" && next === undefined) return undefined;
  return { objects, next };
}

/** Reads the id of an upload in parts; `undefined` where there is none. */
export async function uploadIdIn(reply: Reply): Promise<string | undefined> {
  const { InitiateMultipartUploadResult: result } = parse(await reply.text(MAX_ERROR_BYTES)) ?? {};
  return textOf(elementsOf(result).UploadId);
}

/**
 * Reads the end of an upload in parts: a status of success may yet say that it failed.
 *
 * @returns Why it failed; `undefined` if it did not.
 */
export async function uploadFailureIn(reply: Reply): Promise<Refusal | undefined> {
  const answer = parse(await reply.text(MAX_ERROR_BYTES));
  if (answer?.CompleteMultipartUploadResult !== undefined) return undefined;
  const { Code: code, Message: message } = elementsOf(answer?.Error);
  return { code: textOf(code) ?? "", message: textOf(message) ?? "" };
}

function parse(xml: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parser = new XMLParser({
      parseTagValue: false,
      trimValues: false,
      removeNSPrefix: true,
      htmlEntities: true, // The numeric ones are among these.
    });
    return elementsOf(parser.parse(xml, true));
  } catch {
    return undefined; // No XML, or one that was cut.
  }
}

function elementsOf(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" ? { ...value } : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
