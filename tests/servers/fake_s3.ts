/**
 * An S3 service in memory, as a `fetch`: what the store asks for, in small pages, without a network
 * and without looking at signatures. It stands in where a real server cannot run, as in a page.
 *
 * @module
 */

interface FakeObject {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

/** Objects on a page of a listing: few, so that every listing has several. */
const PAGE_SIZE = 100;

/** Makes an empty service. */
export function fakeS3(): (request: Request) => Promise<Response> {
  const objects = new Map<string, FakeObject>();
  const uploads = new Map<string, Map<number, Uint8Array<ArrayBuffer>>>();
  let count = 0;
  const keep = (name: string, bytes: Uint8Array<ArrayBuffer>): Response => {
    const etag = `"${++count}"`;
    objects.set(name, { bytes, etag });
    return new Response(null, { headers: { etag } });
  };
  return async (request) => {
    const { pathname, searchParams: query } = new URL(request.url);
    const name = decodeURIComponent(pathname);
    const uploadId = query.get("uploadId");
    const method = query.has("uploads")
      ? "BEGIN"
      : uploadId === null
      ? request.method
      : `${request.method} part`;
    const body = new Uint8Array(await request.arrayBuffer());
    request.signal.throwIfAborted();
    const found = objects.get(name);
    switch (method) {
      case "GET":
        if (query.has("list-type")) return list(objects, name, query);
        return found === undefined ? failure(404, "NoSuchKey") : part(found, request);
      case "PUT":
        if (!isMet(request.headers, found)) return failure(412, "PreconditionFailed");
        return keep(name, body);
      case "DELETE":
        objects.delete(name);
        return new Response(null, { status: 204 });
      case "BEGIN": {
        const id = `upload ${++count}`;
        uploads.set(id, new Map());
        return xml(
          `<InitiateMultipartUploadResult><UploadId>${id}</UploadId>` +
            "</InitiateMultipartUploadResult>",
        );
      }
      case "PUT part":
        uploads.get(uploadId!)!.set(Number(query.get("partNumber")), body);
        return new Response(null, { headers: { etag: `"${++count}"` } });
      case "POST part": {
        const parts = [...uploads.get(uploadId!)!].sort(([a], [b]) => a - b);
        uploads.delete(uploadId!);
        const blob = new Blob(parts.map(([, bytes]) => bytes));
        keep(name, new Uint8Array(await blob.arrayBuffer()));
        return xml("<CompleteMultipartUploadResult></CompleteMultipartUploadResult>");
      }
      case "DELETE part":
        uploads.delete(uploadId!);
        return new Response(null, { status: 204 });
      default:
        return failure(405, "MethodNotAllowed");
    }
  };
}

/** An error as S3 words it. */
export function failure(status: number, code: string, headers: HeadersInit = {}): Response {
  return xml(`<Error><Code>${code}</Code><Message>So it is</Message></Error>`, status, headers);
}

/** An answer in XML. */
export function xml(text: string, status = 200, headers: HeadersInit = {}): Response {
  return new Response(`<?xml version="1.0" encoding="UTF-8"?>\n${text}`, {
    status,
    headers: { "content-type": "application/xml", ...Object.fromEntries(new Headers(headers)) },
  });
}

function isMet(headers: Headers, found: FakeObject | undefined): boolean {
  const match = headers.get("if-match");
  if (headers.get("if-none-match") === "*") return found === undefined;
  return match === null || found?.etag === match;
}

function part({ bytes, etag }: FakeObject, { headers }: Request): Response {
  const [, end] = headers.get("range")?.match(/^bytes=0-(\d+)$/) ?? [];
  if (end === undefined) {
    return new Response(bytes, { headers: { etag, "content-length": String(bytes.length) } });
  }
  if (bytes.length === 0) return failure(416, "InvalidRange");
  const taken = bytes.slice(0, Number(end) + 1);
  const range = `bytes 0-${taken.length - 1}/${bytes.length}`;
  return new Response(taken, { status: 206, headers: { etag, "content-range": range } });
}

function list(
  objects: ReadonlyMap<string, FakeObject>,
  bucket: string,
  query: URLSearchParams,
): Response {
  const start = `${bucket}/`;
  const prefix = start + (query.get("prefix") ?? "");
  const after = query.get("continuation-token") ?? "";
  const names = [...objects.keys()].filter((name) => name.startsWith(prefix) && name > after);
  const page = names.sort().slice(0, PAGE_SIZE);
  const contents = page.map((name) =>
    `<Contents><Key>${escape(name.slice(start.length))}</Key>` +
    `<Size>${objects.get(name)!.bytes.length}</Size></Contents>`
  );
  const next = page.length < names.length
    ? `<IsTruncated>true</IsTruncated>` +
      `<NextContinuationToken>${escape(page.at(-1)!)}</NextContinuationToken>`
    : "<IsTruncated>false</IsTruncated>";
  return xml(`<ListBucketResult>${contents.join("")}${next}</ListBucketResult>`);
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
