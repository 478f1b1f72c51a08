/**
 * Finds the browsers on this machine, or gets them.
 *
 * @module
 */

import { Browser, detectBrowserPlatform, install, resolveBuildId } from "@puppeteer/browsers";
import { join } from "node:path";
import { byApt } from "./apt.ts";
import { root, run } from "./project.ts";

/** The browsers that the tests run in. */
export type BrowserName = "chromium" | "firefox";

interface Source {
  /** Environment variable that names the binary and overrides all else. */
  readonly variable: string;
  /** Where installers put the binary. */
  readonly places: Readonly<Partial<Record<typeof Deno.build.os, readonly string[]>>>;
  /** Package that holds it on Debian and its kin. */
  readonly debian: string;
  /** What the download is called. */
  readonly download: Browser;
}

const PROGRAMS = ["C:/Program Files", "C:/Program Files (x86)"];

const SOURCES: Readonly<Record<BrowserName, Source>> = {
  chromium: {
    variable: "CHROME_PATH",
    places: {
      linux: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].map((name) =>
        `/usr/bin/${name}`
      ),
      darwin: ["Chromium", "Google Chrome"].map((name) =>
        `/Applications/${name}.app/Contents/MacOS/${name}`
      ),
      windows: PROGRAMS.flatMap((folder) => [
        `${folder}/Google/Chrome/Application/chrome.exe`,
        `${folder}/Microsoft/Edge/Application/msedge.exe`,
      ]),
    },
    debian: "chromium",
    download: Browser.CHROME,
  },
  firefox: {
    variable: "FIREFOX_PATH",
    places: {
      linux: ["/usr/bin/firefox-esr", "/usr/bin/firefox", "/usr/lib/firefox/firefox"],
      darwin: ["/Applications/Firefox.app/Contents/MacOS/firefox"],
      windows: PROGRAMS.map((folder) => `${folder}/Mozilla Firefox/firefox.exe`),
    },
    debian: "firefox-esr",
    download: Browser.FIREFOX,
  },
};

/** A browser's binary, or why there is none. */
export type Found = { readonly path: string } | { readonly missing: string };

/** Finds a browser: where it was said to be, where it usually is, by apt, or by download. */
export async function findBrowser(name: BrowserName): Promise<Found> {
  const { variable, places, debian, download } = SOURCES[name];
  const said = Deno.env.get(variable);
  if (said !== undefined) {
    return await starts(said) ? { path: said } : { missing: `${variable}=${said} does not start` };
  }
  const installed = async (): Promise<string | undefined> => {
    for (const path of places[Deno.build.os] ?? []) if (await starts(path)) return path;
  };
  const problems: string[] = [];
  for (const find of [installed, () => byApt(debian).then(installed), () => byDownload(download)]) {
    try {
      const path = await find();
      if (path !== undefined) return { path };
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  const reasons = problems.join("; ").replaceAll(/\s+/g, " ");
  return { missing: `no ${name} here and none to be had (set ${variable}): ${reasons}` };
}

/** Whether the binary is there and runs: a launcher for a package that is absent does not. */
async function starts(path: string): Promise<boolean> {
  if (!(await Deno.stat(path).then((file) => file.isFile, () => false))) return false;
  if (Deno.build.os === "windows") return true; // There, `--version` opens a window instead.
  return (await run(path, ["--version"], { limitMs: 60_000 })).code === 0;
}

async function byDownload(browser: Browser): Promise<string> {
  const platform = detectBrowserPlatform();
  if (platform === undefined) throw new Error("no download for this platform");
  const buildId = await resolveBuildId(browser, platform, "stable");
  const cacheDir = join(root, ".tools", "browsers");
  return (await install({ browser, buildId, cacheDir, platform })).executablePath;
}
