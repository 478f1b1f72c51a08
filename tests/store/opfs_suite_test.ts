import { Place } from "../../lib/store/opfs/place.ts";
import { OpfsHandle } from "../../lib/store/opfs/store.ts";
import { StreamWriter } from "../../lib/store/opfs/writer.ts";
import { storeSuite } from "../../lib/store/mod.ts";
import { runtime, test } from "../harness.ts";
import { NEEDS_OPFS } from "./_opfs.ts";
import { opfsSubject } from "./_opfs_suite.ts";
import { runSuiteOn } from "./_suite.ts";

await runSuiteOn(["chromium", "firefox"], NEEDS_OPFS, "opfs", () => opfsSubject());

/** Some of what depends on the way to write: a write by a stream takes its time. */
const WRITING = /: (keeps (exactly what|the old|entries and)|shows one handle|serves 200|survives)/;

if (runtime === "chromium" || runtime === "firefox") {
  const open = async (path: string) =>
    new OpfsHandle(await Place.open(path.split("/"), () => Promise.resolve(new StreamWriter())));
  await storeSuite("opfs without a worker", () => opfsSubject(open), {
    test: (name, body) => WRITING.test(name) && test(name, body),
  });
}
