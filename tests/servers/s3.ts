/**
 * A real S3 server for tests, on Deno and Bun: VersityGW, a gateway that is used in earnest.
 *
 * It starts in a tenth of a second, checks signatures, keeps objects whole where writers meet and
 * heeds conditions. The test command builds it with Go from the module proxy. What npm offers was
 * tried and left out: s3rver writes objects in place and checks no signature of version 4.
 *
 * @module
 */

import { AwsClient } from "aws4fetch";
import { runtime } from "../harness.ts";
import { NEEDS_SERVER } from "./http.ts";
import { findProgram, type Server, startServer } from "./process.ts";

/** A server with one empty bucket. */
export interface S3Server extends Server {
  /** Address of the service. */
  readonly endpoint: string;
}

/** Name of the bucket that every server has. */
export const BUCKET = "bucket";

/** What lets do everything. */
export const CREDENTIALS = { accessKeyId: "test", secretAccessKey: "a-secret-for-tests" };

/**
 * Runs it over a new folder, with what it knows of an object in extended attributes: in files beside
 * it, a reader may see the ETag of one PUT with the bytes of another.
 */
const SCRIPT =
  'mkdir "$1/buckets" && exec "$2" --port "$3" --keep-alive --quiet posix "$1/buckets"';

/** Why tests that need S3 skip this runtime or machine; `undefined` where they run. */
export async function whyNoS3(): Promise<string | undefined> {
  if (runtime !== "deno" && runtime !== "bun") return NEEDS_SERVER;
  if (await findVersity() === undefined) {
    return "versitygw is not installed (deno task versitygw builds it with Go)";
  }
}

/** Starts a server. */
export async function startS3(): Promise<S3Server> {
  const program = await findVersity();
  if (program === undefined) throw new Error("There is no versitygw");
  const client = new AwsClient({ ...CREDENTIALS, region: "us-east-1", service: "s3", retries: 0 });
  const server = await startServer({
    command: "sh",
    args: (port, folder) => ["-c", SCRIPT, "sh", folder, program, `127.0.0.1:${port}`],
    isReady: async (port) => {
      const url = `http://127.0.0.1:${port}/${BUCKET}`;
      const response = await client.fetch(url, { method: "PUT" });
      await response.body?.cancel();
      return response.ok;
    },
    env: {
      ROOT_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      ROOT_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    },
  });
  return { ...server, endpoint: `http://127.0.0.1:${server.port}` };
}

/** Where it is: where it was built, or anywhere else. */
async function findVersity(): Promise<string | undefined> {
  const built = new URL("../../node_modules/.versitygw/versitygw", import.meta.url).pathname;
  return await findProgram(decodeURIComponent(built)) ?? await findProgram("versitygw");
}
