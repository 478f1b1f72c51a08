/**
 * Races `s3Store` against bare `aws4fetch` on the same VersityGW, on Deno over loopback, and prints
 * the table.
 *
 * ```sh
 * deno task versitygw && deno task bench:s3 [--save]
 * ```
 *
 * @module
 */
import { AwsClient } from "aws4fetch";
import { s3Store } from "../lib/store/s3/mod.ts";
import { BUCKET, CREDENTIALS, startS3 } from "../tests/servers/s3.ts";
import { contest } from "./remote/contest.ts";
import { saveReport, where } from "./shared/markdown.ts";

const { endpoint, stop } = await startS3();
const client = new AwsClient({ ...CREDENTIALS, region: "us-east-1", service: "s3", retries: 0 });
const url = `${endpoint}/${BUCKET}/bare`;
const report = [
  "# S3",
  `\`deno task bench:s3\`, Deno ${Deno.version.deno}, VersityGW 1.8.0, aws4fetch 1.0.20, ` +
  `${where()}. Against bare \`aws4fetch\`, which signs no body: the store signs it, so that a ` +
  "change on the way is noticed, and that is what `set` of a large value takes longer for.",
  await contest(
    s3Store({ endpoint, bucket: BUCKET, credentials: CREDENTIALS }),
    {
      get: async () => await (await client.fetch(url)).arrayBuffer(),
      put: async (body) => await (await client.fetch(url, { method: "PUT", body })).body?.cancel(),
    },
  ),
].join("\n\n") + "\n";
await stop();
console.log(report);
if (Deno.args.includes("--save")) await saveReport("s3", report);
Deno.exit();
