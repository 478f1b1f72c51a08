/** The commands of the command line. To add one, write its file and put it here. */

import type { CommandDefinition } from "./command.ts";
import { mapCommand } from "./map/command.ts";

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandDefinition[] = [mapCommand];
