import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, inject } from "vitest";

/** Where Chromium is, unless the environment says otherwise; Debian's package has it there. */
const EXECUTABLE = process.env.TIMELOOM_CHROMIUM ?? "/usr/bin/chromium";

export function launch(): Promise<Browser> {
  if (!existsSync(EXECUTABLE)) {
    throw new Error(
      `There is no Chromium at ${EXECUTABLE}: install it, or name another in TIMELOOM_CHROMIUM.`,
    );
  }
  return chromium.launch({ executablePath: EXECUTABLE, args: ["--no-sandbox"] });
}

/** Pages of one profile, which is new for each test. */
export interface Tabs {
  /** The profile that the tabs of this test share. */
  readonly context: BrowserContext;
  /** Opens the page in a tab of its own; `query` is what follows its address. */
  open(query?: string): Promise<Page>;
}

/** Gives each test of a file its tabs; what goes wrong in a page fails the test. */
export function useTabs(): Tabs {
  let browser: Browser | undefined;
  let context: BrowserContext | undefined;
  let errors: string[] = [];
  beforeAll(async () => {
    browser = await launch();
  });
  beforeEach(async () => {
    errors = [];
    context = await browser?.newContext();
  });
  afterEach(async () => {
    await context?.close();
    if (errors.length > 0) throw new Error(errors.join("\n"));
  });
  afterAll(() => browser?.close());
  const current = () => {
    if (!context) throw new Error("There are tabs only within a test.");
    return context;
  };
  return {
    get context() {
      return current();
    },
    async open(query = "") {
      const page = await current().newPage();
      page.on("pageerror", (error) => errors.push(String(error)));
      await page.goto(inject("site") + query);
      await page.waitForFunction(() => "timeloom" in window);
      return page;
    },
  };
}
