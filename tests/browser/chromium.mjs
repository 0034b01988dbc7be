// A Chromium that starts. SMSGWD_CHROMIUM names the one and only to try; else those on PATH, then the one that the npm
// package @sparticuz/chromium carries, packed (x86-64 Linux): it is unpacked once, with the libraries and the font it
// needs, into node_modules/.cache. See __init__.py for what was found out about it.
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { access, constants, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createBrotliDecompress } from "node:zlib";
import { extract } from "tar-fs";

const HERE = dirname(fileURLToPath(import.meta.url));
const PACKED = join(HERE, "node_modules", "@sparticuz", "chromium", "bin");
const CACHE = join(HERE, "node_modules", ".cache");
const NAMES = ["chromium", "chromium-browser", "google-chrome", "headless_shell"];
const ARGUMENTS = [
  "--no-sandbox", // tests run as root in containers; they open pages of ours only
  "--no-proxy-server",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost", // nothing comes from the internet
  "--font-render-hinting=none",
];

/** Start the first that starts; an Error that says of each why it did not. `launcher` is Playwright's. */
export async function start(launcher, patience) {
  const refused = [];
  for (const find of await candidates()) {
    let name = "npm @sparticuz/chromium";
    try {
      const { path, env } = await find();
      name = path;
      const browser = await launcher.launch({
        executablePath: path, env: { ...process.env, ...env }, args: ARGUMENTS, timeout: patience,
        handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false, // who started us closes our stdin
      });
      return { browser, path };
    } catch (error) {
      refused.push(`${name}: ${String(error.message).split("\n")[0]}`);
    }
  }
  throw new Error(`no Chromium starts (${refused.join("; ")})`);
}

async function candidates() {
  if (process.env.SMSGWD_CHROMIUM) return [async () => ({ path: process.env.SMSGWD_CHROMIUM, env: {} })];
  const found = [];
  for (const name of NAMES) {
    for (const directory of (process.env.PATH ?? "").split(delimiter).filter(Boolean)) {
      const path = join(directory, name);
      if (await access(path, constants.X_OK).then(() => true, () => false)) found.push(async () => ({ path, env: {} }));
    }
  }
  return [...found, unpacked];
}

async function unpacked() {
  const place = join(CACHE, "chromium");
  if (!existsSync(place)) await unpack(place);
  const env = { LD_LIBRARY_PATH: join(place, "libraries", "lib"), FONTCONFIG_FILE: join(place, "fonts.conf") };
  return { path: join(place, "chromium"), env };
}

/** Into a directory of its own that gets its name when it is whole: several processes may do this at once. */
async function unpack(place) {
  await mkdir(CACHE, { recursive: true });
  const making = await mkdtemp(join(CACHE, "making-"));
  try {
    await inflate("chromium.br", createWriteStream(join(making, "chromium"), { mode: 0o755 }));
    await inflate("swiftshader.tar.br", extract(making)); // graphics without a graphics card, beside the program
    await inflate("al2023.tar.br", extract(join(making, "libraries")));
    await inflate("fonts.tar.br", extract(join(making, "packed-fonts")));
    await writeFile(join(making, "fonts.conf"), fonts(place));
    await rename(making, place).catch((error) => {
      if (!existsSync(place)) throw error; // else another was first
    });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

function inflate(name, into) {
  return pipeline(createReadStream(join(PACKED, name)), createBrotliDecompress({ chunkSize: 2 ** 21 }), into);
}

// Without any font it dies at the first letter. Its own has Latin, Greek and Cyrillic; the machine's have the rest.
function fonts(place) {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(place, "packed-fonts")}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${join(place, "fonts-cache")}</cachedir>
  <alias><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
`;
}
