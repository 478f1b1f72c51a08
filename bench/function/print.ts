/**
 * Prints the figures of this runtime, for the bench to read. The arguments are parts of the names
 * of the races to run: without any, all run.
 *
 * @module
 */
import { argv } from "node:process";
import { contest } from "./contest.ts";

console.log(JSON.stringify(await contest(argv.slice(2))));
