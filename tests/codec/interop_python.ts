/**
 * Lets Python's `msgpack` read a file with lines of hex, and prints one line for each: its JSON, or
 * its type where it has none.
 *
 * @module
 */

const PYTHON = `
import json, msgpack, sys
for line in open(sys.argv[1]):
    value = msgpack.unpackb(bytes.fromhex(line), strict_map_key=False)
    try:
        print(json.dumps(value))
    except (TypeError, ValueError):
        print(type(value).__name__)
`;

const [file] = Deno.args;
const { code } = await new Deno.Command("python3", { args: ["-c", PYTHON, file] }).spawn().status;
Deno.exit(code);
