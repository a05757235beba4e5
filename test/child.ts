import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** One of our own programs, run as a real process by a test. */
export interface Child {
  process: ChildProcess;
  pid: number;
  /** Everything it has said so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves with the text that `pattern` matched in what it says; rejects when it ends first. */
  says(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Resolves with its exit status, or the signal that ended it. */
  exit: Promise<number | string>;
  kill(signal: NodeJS.Signals): void;
}

export interface ChildOptions {
  /** Added to a bare environment: nothing of the test's own leaks in. */
  env?: Record<string, string>;
  cwd?: string;
  uid?: number;
  gid?: number;
  /** Another Node than this one, where the child's user cannot reach it. */
  node?: string;
}

const FOLDER = fileURLToPath(new URL('..', import.meta.url));

/** Starts `node file args` with this very Node. The test must see it end: `kill('SIGKILL')` in a hook. */
export function startChild(file: string, args: string[] = [], options: ChildOptions = {}): Child {
  const { env, node = process.execPath, ...rest } = options;
  const child = spawn(node, [file, ...args], {
    cwd: FOLDER,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: '/tmp', ...env },
    ...rest,
  });
  const said = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (bytes: Buffer) => {
      said[name] += bytes.toString('utf8');
      for (const listener of listeners) listener();
    });
  }
  const exit = new Promise<number | string>((resolve) => {
    // Not 'exit': output may still be on its way then.
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    child.once('error', (error) => resolve(error.message));
  });
  const says = (pattern: RegExp, timeoutMs = 20_000): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const give = (why: string): void => {
        listeners.delete(look);
        clearTimeout(timer);
        reject(new Error(`${why} before saying ${String(pattern)}:\n${said.stdout}${said.stderr}`));
      };
      const look = (): void => {
        const found = pattern.exec(said.stdout) ?? pattern.exec(said.stderr);
        if (found === null) return;
        listeners.delete(look);
        clearTimeout(timer);
        resolve(found);
      };
      const timer = setTimeout(() => give(`${timeoutMs} ms passed`), timeoutMs);
      listeners.add(look);
      look();
      void exit.then((code) => give(`it ended (${code})`));
    });
  return {
    process: child,
    pid: child.pid ?? 0,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    says,
    exit,
    kill: (signal) => {
      child.kill(signal);
    },
  };
}
