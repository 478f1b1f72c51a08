/**
 * Telling of events: to the user's listener, or once on the console.
 *
 * @module
 */

import type { TieredEvent } from "./options.ts";

/** Makes what the parts of a tiered store report to. */
export function reporter(
  onEvent: ((event: TieredEvent) => void) | undefined,
): (event: TieredEvent) => void {
  const warned = new Set<string>();
  return (event) => {
    if (onEvent === undefined) {
      const about = "index" in event ? `${event.type} ${event.index}` : event.type;
      if (event.type !== "recovery" && !warned.has(about)) console.warn(...wording(event));
      warned.add(about);
      return;
    }
    try {
      onEvent(event);
    } catch (error) {
      // A listener is no reason to fail the call that it hears of.
      console.warn("The onEvent of a tiered store threw", error);
    }
  };
}

function wording(event: TieredEvent): unknown[] {
  switch (event.type) {
    case "failure":
      return [`Tier ${event.index} (${event.tier}) failed to ${event.operation}`, event.error];
    case "corrupt":
      return [`Tier ${event.index} (${event.tier}) has a damaged entry`, event.error];
    case "recovery":
      return [`Tier ${event.index} (${event.tier}) works again`];
    case "lost":
      return [`Closed before ${JSON.stringify(event.key)} was written to a slower tier`];
    case "invalidation":
      return ["The channel for invalidations failed", event.error];
  }
}
