import { s3Store } from "../../lib/store/s3/mod.ts";
import { testOn } from "../harness.ts";
import { fakeS3 } from "../servers/fake_s3.ts";
import { BUCKET, CREDENTIALS, type S3Server, startS3, whyNoS3 } from "../servers/s3.ts";
import { runSuite } from "./_suite.ts";

const options = { bucket: BUCKET, credentials: CREDENTIALS };

await runSuite("s3 on a fake", () => {
  const fetch = fakeS3();
  const open = () => s3Store({ ...options, endpoint: "https://s3.example", fetch });
  return { store: open(), reopen: open };
});

const because = await whyNoS3();
if (because !== undefined) {
  testOn([], because, "s3 store: passes the conformance suite on VersityGW", () => {});
} else {
  let server: Promise<S3Server> | undefined;
  let made = 0;
  await runSuite("s3 on VersityGW", async () => {
    const { endpoint } = await (server ??= startS3());
    const prefix = `suite ${made++}`;
    const open = () => s3Store({ ...options, endpoint, prefix });
    return { store: open(), reopen: open };
  });
}
