// A tab in a context of its own, so with cookies of its own: what it can do (ACTIONS), and what it has seen.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const AXE = fileURLToPath(import.meta.resolve("axe-core/axe.min.js"));
const STREAMS = ["eventsource", "websocket"]; // they stay open: no page is waited for because of them
const ACTIONS = new Set([
  "goto", "reload", "back", "click", "hover", "fill", "select", "check", "press", "upload", "download", "mark",
  "settle", "text", "texts", "value", "attribute", "html", "count", "visible", "waitFor", "url", "evaluate",
  "screenshot", "axe", "seen", "forget", "viewport", "dark", "javascript", "offline", "cookies", "clearCookies",
  "block", "unblock", "slowScripts", "requests", "paint", "setPatience",
]);

export class Tab {
  static can(what) {
    return ACTIONS.has(what);
  }

  static async open(browser, { base, width, height, dark, language, javascript }, patience) {
    const context = await browser.newContext({
      baseURL: base || undefined, viewport: { width, height }, locale: language, acceptDownloads: true,
      colorScheme: dark ? "dark" : "light", ignoreHTTPSErrors: true,
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const tab = new Tab(context, await context.newPage());
    tab.setPatience({ ms: patience });
    if (!javascript) await tab.javascript({ on: false });
    return tab;
  }

  constructor(context, page) {
    Object.assign(this, { context, page, started: 0, navigations: 0, loads: 0, pending: new Set() });
    this.forget();
    this.asked = [];
    page.on("console", (message) => message.type() === "error" && this.console.push(told(message)));
    page.on("pageerror", (error) => this.console.push(`${error.name}: ${error.message}`));
    page.on("dialog", (dialog) => {
      this.dialogs.push(`${dialog.type()}: ${dialog.message()}`);
      dialog.accept().catch(() => {});
    });
    page.on("load", () => this.loads++);
    page.on("request", (request) => this.#begins(request));
    page.on("requestfinished", (request) => this.pending.delete(request));
    page.on("requestfailed", (request) => this.#fails(request));
    page.on("response", (response) => {
      if (response.status() >= 400) this.failed.push(`${name(response.request())}: ${response.status()}`);
    });
  }

  #begins(request) {
    this.asked.push(request);
    if (STREAMS.includes(request.resourceType())) return;
    this.pending.add(request);
    this.started++;
    if (this.#leads(request) && !request.redirectedFrom()) this.navigations++;
  }

  /** Whether the tab goes to another page by it. */
  #leads(request) {
    return request.isNavigationRequest() && request.frame() === this.page.mainFrame();
  }

  #fails(request) {
    this.pending.delete(request);
    if (this.#leads(request)) this.navigations--; // it was a download, or another came before it was there
    const reason = request.failure()?.errorText ?? "";
    // What the page itself broke off: a stream when it is left, a navigation that turns out to be a download.
    if (reason !== "net::ERR_ABORTED") this.failed.push(`${name(request)}: ${reason}`);
  }

  setPatience({ ms }) {
    this.patience = ms;
    this.context.setDefaultTimeout(ms);
  }

  close() {
    return this.context.close();
  }

  // Going to places

  async goto({ url }) {
    return (await this.page.goto(url))?.status() ?? 0;
  }

  async reload() {
    return (await this.page.reload())?.status() ?? 0;
  }

  async back() {
    await this.page.goBack();
  }

  /** Remember where we are; `settle` waits from here. */
  mark() {
    this.marked = { started: this.started, navigations: this.navigations, loads: this.loads };
  }

  /** Until something was asked for since `mark`, has come, and is shown: a page, or what htmx puts in one. */
  async settle() {
    const { started, navigations, loads } = this.marked;
    await this.#until("nothing was asked for", () => this.started > started);
    await this.#until("it did not come to rest", async () => {
      if (this.pending.size > 0 || this.loads - loads < this.navigations - navigations) return false;
      return this.page.evaluate(
        "document.readyState === 'complete' && !document.querySelector('.htmx-request,.htmx-swapping,.htmx-settling')",
      );
    });
  }

  async #until(otherwise, look) {
    const end = Date.now() + this.patience;
    while (!(await Promise.resolve(look()).catch(() => false))) { // between two pages there is nothing to ask
      if (Date.now() > end) throw new Error(`${otherwise} within ${this.patience} ms`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  // Doing

  click({ selector }) {
    return this.page.click(selector, { strict: true });
  }

  hover({ selector }) {
    return this.page.hover(selector, { strict: true });
  }

  fill({ selector, text }) {
    return this.page.fill(selector, text, { strict: true });
  }

  async select({ selector, value }) {
    await this.page.selectOption(selector, value, { strict: true });
  }

  check({ selector, on }) {
    return this.page.setChecked(selector, on, { strict: true });
  }

  press({ key, selector }) {
    return selector ? this.page.press(selector, key, { strict: true }) : this.page.keyboard.press(key);
  }

  upload({ selector, path }) {
    return this.page.setInputFiles(selector, path, { strict: true });
  }

  async download({ selector, path }) {
    const [download] = await Promise.all([this.page.waitForEvent("download"), this.click({ selector })]);
    await download.saveAs(path);
    return download.suggestedFilename();
  }

  // Looking

  text({ selector }) {
    return this.page.innerText(selector, { strict: true });
  }

  texts({ selector }) {
    return this.page.locator(selector).allInnerTexts();
  }

  value({ selector }) {
    return this.page.inputValue(selector, { strict: true });
  }

  attribute({ selector, name }) {
    return this.page.getAttribute(selector, name, { strict: true });
  }

  html() {
    return this.page.content();
  }

  count({ selector }) {
    return this.page.locator(selector).count();
  }

  visible({ selector }) {
    return this.page.locator(selector).isVisible();
  }

  async waitFor({ selector, text, state }) {
    const found = this.page.locator(selector);
    await (text ? found.filter({ hasText: text }) : found).first().waitFor({ state });
  }

  url() {
    return this.page.url();
  }

  evaluate({ js }) {
    return this.page.evaluate(js);
  }

  async screenshot({ path }) {
    await this.page.screenshot({ path, fullPage: true, animations: "disabled" });
  }

  async axe() {
    await this.page.evaluate(await readFile(AXE, "utf8"));
    // The size of targets is WCAG 2.2 AA, and off unless asked for.
    const options = "{ rules: { 'target-size': { enabled: true } }, resultTypes: ['violations'] }";
    const found = await this.page.evaluate(`axe.run(${options})`);
    return found.violations.map(({ id, impact, help, nodes }) => ({
      rule: id, impact: impact ?? "minor", help,
      places: nodes.map((node) => `${node.target.join(" ")} ${node.html.slice(0, 200)}`),
    }));
  }

  seen() {
    return { console: this.console, failed: this.failed, dialogs: this.dialogs };
  }

  forget() {
    Object.assign(this, { console: [], failed: [], dialogs: [] });
  }

  /** Each request of the tab; bytes as they came, headers too. */
  requests() {
    return Promise.all(this.asked.map(async (request) => {
      const ended = !this.pending.has(request) && !STREAMS.includes(request.resourceType()) && !request.failure();
      const response = ended ? await request.response() : null;
      const sizes = response ? await request.sizes() : null;
      return {
        method: request.method(), url: request.url(), kind: request.resourceType(), status: response?.status() ?? 0,
        received: sizes ? sizes.responseHeadersSize + sizes.responseBodySize : 0, failure: request.failure()?.errorText ?? "",
      };
    }));
  }

  /** Milliseconds from the start of the navigation to the first paint. */
  async paint() {
    const js = "performance.getEntriesByName('first-paint')[0]?.startTime ?? 0";
    let found = 0;
    await this.#until("nothing was painted", async () => (found = await this.page.evaluate(js)) > 0);
    return found;
  }

  // What surrounds the page

  viewport({ width, height }) {
    return this.page.setViewportSize({ width, height });
  }

  dark({ on }) {
    return this.page.emulateMedia({ colorScheme: on ? "dark" : "light" });
  }

  /** From the next page on. */
  async javascript({ on }) {
    this.session ??= await this.context.newCDPSession(this.page);
    await this.session.send("Emulation.setScriptExecutionDisabled", { value: !on });
  }

  offline({ on }) {
    return this.context.setOffline(on);
  }

  cookies() {
    return this.context.cookies();
  }

  clearCookies() {
    return this.context.clearCookies();
  }

  /** Requests to it fail from now on; those that are open go on. */
  block({ pattern }) {
    return this.context.route(pattern, (route) => route.abort("connectionreset"));
  }

  unblock({ pattern }) {
    return this.context.unroute(pattern);
  }

  /** Scripts come this much later. */
  slowScripts({ ms }) {
    return this.context.route("**/*", async (route) => {
      if (route.request().resourceType() === "script") await new Promise((resolve) => setTimeout(resolve, ms));
      await route.fallback().catch(() => {}); // the page may be gone meanwhile
    });
  }
}

function name(request) {
  return `${request.method()} ${request.url()}`;
}

function told(message) {
  const { url } = message.location();
  return url ? `${message.text()} (${url})` : message.text();
}
