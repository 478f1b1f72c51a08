/**
 * What `httpStore` and `serveStore` say to each other. Below the URL of the cache:
 *
 * | request                                    | answer                                          |
 * |--------------------------------------------|-------------------------------------------------|
 * | `GET entry?key=`                           | 200 frames, with an ETag; 304; 404 `no-entry`   |
 * | `GET entry?key=&stream=1`                  | 200 frames as they come; 404 `no-entry`         |
 * | `PUT entry?key=[&expires=][&lease=][&stream=1]`, frames | 204; 412 `lease-lost`              |
 * | `DELETE entry?key=`                        | 200 `{"deleted":boolean}`                       |
 * | `GET entries?prefix=`                      | 200, a listing                                  |
 * | `POST lease?key=&duration=`                | 201 `{"id":string,"token":number}`; 409 `lease-held` |
 * | `PUT lease?id=`                            | 200 `{"held":boolean}`                          |
 * | `DELETE lease?id=`                         | 204                                             |
 *
 * `expires` and `duration` are milliseconds; when what is got expires stands in `deja-expires`, if
 * the store tells. `deja-leases: none` stands in every answer where the store behind has no leases,
 * so that a client that missed an entry need not ask for one. What fails is answered with the status that fits and
 * `{"error":code,"message":text}`; the media type of that tells our 404 from that of a server that
 * knows nothing of caches.
 *
 * @module
 */

/** Header that says when an entry expires, in milliseconds since the epoch, or `Infinity`. */
export const EXPIRES_HEADER = "deja-expires";

/** Header of every answer of a server whose store has no leases, with the value `none`. */
export const LEASES_HEADER = "deja-leases";

/** Media type of an error. */
export const ERROR_TYPE = "application/vnd.deja.error+json";

/** What can be wrong with a request, and its status. */
export const STATUS_OF = {
  "bad-request": 400,
  "unauthorized": 401,
  "forbidden": 403,
  "not-found": 404,
  "no-entry": 404,
  "method-not-allowed": 405,
  "lease-held": 409,
  "lease-lost": 412,
  "too-large": 413,
  "store-failed": 500,
  "unsupported": 501,
} as const;

/** What can be wrong with a request. */
export type Refusal = keyof typeof STATUS_OF;

/** Name of the listing beside the folder of entries, where files are served as they are. */
export const INDEX_NAME = "index.ndjson";
