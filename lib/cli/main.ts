/**
 * The `deja` command, for Deno and Bun.
 *
 * ```sh
 * deno run -A jsr:@deja/cache/cli map module.ts < inputs.jsonl > results.jsonl
 * ```
 *
 * `deja map` calls a cached function that a module exports for each line of its input, a few at a
 * time, and writes the results in the order of the lines. What is in the cache is not computed
 * again, so that the same command goes on where it was interrupted. `--help` tells the rest.
 *
 * @module
 */

import { Command, CommanderError } from "commander";
import project from "../../deno.json" with { type: "json" };
import { COMMANDS } from "./commands.ts";
import { exitWithin, hostProcess } from "./system.ts";
import { UsageError } from "./usage_error.ts";

/** Wrong usage, as for most commands; 1 says that some of the work failed. */
const EXIT_USAGE = 2;

/** How long clients and timers of the user's module may keep the process once all is done. */
const LINGER_MS = 3000;

/**
 * Does what a command line asks for.
 *
 * @param args The words after `deja`, such as `["map", "module.ts"]`.
 * @returns The exit code: 0 if all went well, 1 if some of it failed, 2 for wrong usage, and 128 and
 *   the number of the signal where one ended it. The process is left running.
 * @throws Whatever is wrong with the command itself.
 *
 * @example
 * ```ts
 * import { runCommand } from "@deja/cache/cli";
 * import { assert } from "chai";
 *
 * assert.equal(await runCommand(["--version"]), 0); // and prints it
 * ```
 */
export async function runCommand(args: readonly string[]): Promise<number> {
  let code = 0;
  const program = new Command("deja")
    .description("A persistent function cache, from the command line")
    .version(project.version)
    .exitOverride()
    .showHelpAfterError("See deja --help, or deja COMMAND --help")
    .configureOutput({ outputError: (text, write) => write(sentence(text)) })
    .addHelpText("after", "\nExit codes: 0 all done, 1 some of it failed, 2 wrong usage");
  for (const { name, define, run } of COMMANDS) {
    // Made by the program, so that it has the settings above as well.
    const command = define(program.command(name));
    command.action(async () => {
      code = await run(command.processedArgs, command.opts());
    });
  }
  try {
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    if (!(error instanceof UsageError)) throw error;
    hostProcess().stderr.write(`${error.message}\n`);
    return EXIT_USAGE;
  }
}

/** The words of the parser, in the form of all other messages. */
function sentence(text: string): string {
  const words = text.replace(/^error: /, "").replace(/\.(?=\n?$)/, "");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

if (import.meta.main) {
  const process = hostProcess();
  runCommand(process.argv.slice(2)).then((code) => {
    process.exitCode = code;
    exitWithin(code > 128 ? 0 : LINGER_MS, code);
  }, (error) => {
    console.error(error);
    process.exit(1);
  });
}
