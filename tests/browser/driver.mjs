// Drives one Chromium for one test process. A line of JSON in, {id, tab, do, ...}; a line out, {id, value} or
// {id, error, url}. It ends, and the browser with it, when its standard input closes: also where the tests were killed.
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { start } from "./chromium.mjs";
import { Tab } from "./tab.mjs";

const PATIENCE = Number(process.argv[2]); // milliseconds for whatever is waited for

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const tabs = new Map();
let running;

async function act({ tab: name, do: what, ...said }) {
  if (what === "open") {
    tabs.set(name, await Tab.open(running.browser, said, PATIENCE));
    return null;
  }
  const tab = tabs.get(name);
  if (!tab) throw new Error(`there is no tab ${name}`);
  if (what === "close") {
    tabs.delete(name);
    return tab.close();
  }
  if (!Tab.can(what)) throw new Error(`a tab cannot ${what}`);
  return tab[what](said);
}

async function answer(line) {
  const { id, ...said } = JSON.parse(line);
  try {
    say({ id, value: (await act(said)) ?? null });
  } catch (error) {
    say({ id, error: plain(error.message), url: tabs.get(said.tab)?.page.url() ?? "" });
  }
}

/** Without the colours of a terminal. */
function plain(text) {
  return String(text).replace(/\u001b\[\d+m/g, "").trim();
}

async function begin() {
  try {
    running = await start(chromium, PATIENCE);
    running.browser.on("disconnected", () => lines.close()); // it crashed: who asks us sees that we end
    say({ id: 0, value: { path: running.path, version: running.browser.version() } });
  } catch (error) {
    say({ id: 0, error: plain(error.message), url: "" });
    process.exitCode = 1;
    lines.close();
  }
}

const lines = createInterface({ input: process.stdin });
let last = begin();
lines.on("line", (line) => {
  last = last.then(() => answer(line));
});
// What hangs is not waited for: Chromium ends as soon as our end of its pipe is closed.
lines.on("close", async () => {
  setTimeout(() => process.exit(1), 5000).unref();
  await running?.browser.close();
  process.exit();
});
