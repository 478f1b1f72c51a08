/**
 * Prints the figures of this runtime, for the bench to read: `[ENTRIES]`.
 *
 * @module
 */
import { contest } from "./contest.ts";

const { argv } = (globalThis as unknown as { process: { argv: string[] } }).process;
console.log(JSON.stringify(await contest(Number(argv[2] ?? 0))));
