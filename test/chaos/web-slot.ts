/** One web process of a random run, in all its lives: always on the same port. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, startWeb, type Web } from '../processes.ts';
import type { World } from './world.ts';

/** What a process must never say: a mistake of ours, or data that was refused. */
const MISTAKES =
  /"event":"(process\.mistake|commit\.mistake|drain\.mistake|commit\.refused|rollup\.refused|chunk\.damaged|writer\.chunksGone)"[^\n]*/g;
/** From SIGTERM to the exit; serve gives up at 9.5 s. */
const STOP_MS = 25_000;

export class WebSlot {
  readonly port: number;
  readonly index: number;
  readonly #world: World;
  readonly #env: Record<string, string>;
  #web: Web | null = null;
  /** Set while a death is our doing. */
  #isEnding = false;
  #isFrozen = false;
  #starting: Promise<void> | null = null;

  private constructor(world: World, index: number, port: number, env: Record<string, string>) {
    this.#world = world;
    this.index = index;
    this.port = port;
    this.#env = env;
  }

  static async open(world: World, index: number, env: Record<string, string>): Promise<WebSlot> {
    return new WebSlot(world, index, await freePort(), env);
  }

  get isRunning(): boolean {
    return this.#web !== null;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** @param killPoints armed in this life only */
  async start(killPoints?: string): Promise<void> {
    await this.#starting;
    if (this.#web !== null) return;
    this.#starting = this.#startOnce(killPoints).finally(() => {
      this.#starting = null;
    });
    await this.#starting;
  }

  async #startOnce(killPoints?: string): Promise<void> {
    const web = await startWeb(
      { url: this.#env.DATABASE_URL ?? '' },
      { port: this.port, env: this.#env, ...(killPoints !== undefined && { killPoints }) },
    );
    this.#web = web;
    this.#isEnding = false;
    const memory = setInterval(() => {
      for (const pid of [web.pid, ...this.children()]) this.#world.noteMemory(pid);
    }, 500);
    void web.exit.then((status) => {
      clearInterval(memory);
      this.#keepLog(web);
      if (this.#web === web) this.#web = null;
      this.#isFrozen = false;
      for (const [words] of web.stdout().matchAll(MISTAKES)) {
        // A child that was starting when we killed the process which started it: there is nobody to tell any more.
        if (this.#isEnding && words.includes('EPIPE') && words.includes('cluster/child')) continue;
        this.#note(`said ${words.slice(0, 400)}`);
      }
      const point = pointOf(web);
      if (point !== undefined) this.#world.fire(`at ${point}`, `web ${this.index}`);
      if (this.#isEnding) return;
      if (point === undefined || status !== 'SIGKILL')
        this.#note(`ended by itself with ${status}: ${web.stderr().slice(-600)}`);
      void this.start();
    });
  }

  #keepLog(web: Web): void {
    const { logs } = this.#world.options;
    if (logs === undefined) return;
    mkdirSync(logs, { recursive: true });
    writeFileSync(join(logs, `web-${this.index}-${web.pid}.log`), web.stdout() + web.stderr());
  }

  #note(text: string): void {
    this.#world.trouble.push(`web ${this.index} ${text}`);
    this.#world.say(`TROUBLE web ${this.index} ${text}`);
  }

  /** Ends this life; resolves with its exit status. Null when there was none. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | string | null> {
    await this.#starting;
    const web = this.#web;
    if (web === null) return null;
    this.#isEnding = true;
    // Stopped ones would never read a signal, and children of a killed one never learn of it.
    if (this.#isFrozen) this.thaw();
    web.kill(signal);
    const late = sleep(STOP_MS, 'late' as const, { ref: false });
    const status = await Promise.race([web.exit, late]);
    if (status === 'late') {
      this.#note(`did not stop within ${STOP_MS} ms of ${signal}`);
      web.kill('SIGKILL');
      await web.exit;
    }
    this.#web = null;
    return status;
  }

  /** SIGTERM, and a word of trouble unless it ends with 0; a kill point on the way is no trouble. */
  async stopInOrder(): Promise<void> {
    const web = this.#web;
    const status = await this.end('SIGTERM');
    if (web === null || status === 0 || status === null || pointOf(web) !== undefined) return;
    this.#note(`stopped with ${status}: ${web.stdout().slice(-1_500)}`);
  }

  /** Processes of a cluster, without the one that watches them. */
  children(): number[] {
    const pid = this.#web?.pid;
    if (pid === undefined) return [];
    try {
      const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
      return text
        .split(' ')
        .map(Number)
        .filter((child) => child > 0);
    } catch {
      return [];
    }
  }

  /** All of its processes stand still. */
  freeze(): void {
    this.#isFrozen = this.#web !== null;
    this.#signal('SIGSTOP');
  }

  thaw(): void {
    this.#isFrozen = false;
    this.#signal('SIGCONT');
  }

  #signal(signal: NodeJS.Signals): void {
    this.#web?.kill(signal);
    for (const pid of this.children()) killIfThere(pid, signal);
  }

  /** Runs, and is not frozen. */
  async ensure(): Promise<void> {
    if (this.#isFrozen) this.thaw();
    await this.start();
  }
}

/** The kill point at which it, or a child of it, died. */
function pointOf(web: Web): string | undefined {
  return /kill point (\S+) pass \d+: kill/.exec(web.stderr())?.[1];
}

export function killIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone by itself a moment ago.
  }
}
