import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findChromium, findProgram } from './chromium.ts';
import { findPgbouncer } from './pooler.ts';

/**
 * `npm test`: types, lint, build, then every kind of test, all of them even when one fails. What the
 * machine has no program for is left out and said in the last lines. With arguments only the tests
 * that match are run: `npm test -- store/pool`.
 */
const FOLDER = fileURLToPath(new URL('..', import.meta.url));

/** Kinds of tests (projects in vitest.config.ts) that need a program which npm cannot bring. */
const NEEDS = [
  { project: 'browser', program: 'chromium', find: findChromium },
  { project: 'redis', program: 'redis-server', find: () => findProgram(['redis-server']) },
];
/** Files of other kinds that need such a program, too. */
const WANTS = [
  { tests: 'transaction pooler', files: ['test/faults/pooler.*'], program: 'pgbouncer', find: findPgbouncer },
  {
    tests: 'spool',
    files: ['test/faults/spool.*', 'test/chaos/seeds.*'],
    program: 'redis-server',
    find: () => findProgram(['redis-server']),
  },
];
const PROJECTS = ['unit', 'property', 'postgres', 'redis', 'browser', 'process'];

const CHECKS = [
  { name: 'types', command: ['tsc', '-p', 'tsconfig.json'] },
  { name: 'format and lint', command: ['biome', 'check', '.'] },
  { name: 'lint with types', command: ['oxlint', '--type-aware'] },
  { name: 'build', command: ['vite', 'build', '--logLevel', 'warn'] },
];

interface Counts {
  passed: number;
  failed: number;
  /** Names of what failed, for the summary. */
  failures: string[];
}

async function main(filters: string[]): Promise<number> {
  const startedMs = performance.now();
  const missing = NEEDS.filter((need) => need.find() === undefined);
  const wanted = WANTS.filter((want) => want.find() === undefined);
  const parts: Counts[] = [];
  if (filters.length === 0) for (const check of CHECKS) parts.push(await runCheck(check));
  parts.push(
    await runTests(
      missing.map((need) => need.project),
      wanted.flatMap((want) => want.files),
      filters,
    ),
  );
  const total = {
    passed: parts.reduce((sum, part) => sum + part.passed, 0),
    failed: parts.reduce((sum, part) => sum + part.failed, 0),
  };
  const failures = parts.flatMap((part) => part.failures);
  say('');
  for (const failure of failures) say(`failed: ${failure}`);
  say(`Took ${((performance.now() - startedMs) / 1000).toFixed(1)} s.`);
  sayMissing(missing, wanted);
  say(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 ? 0 : 1;
}

function sayMissing(missing: typeof NEEDS, wanted: typeof WANTS): void {
  const parts = [
    ...missing.map(({ project, program }) => ({ tests: project, program })),
    ...wanted.map(({ tests, program }) => ({ tests, program })),
  ];
  for (const { tests, program } of parts) {
    say(`Could not run the ${tests} tests: there is no ${program} on this machine.`);
  }
  const programs = [...new Set(parts.map(({ program }) => program))];
  if (programs.length > 0) say(`To run them too: apt-get install ${programs.join(' ')}`);
}

async function runCheck({ name, command }: (typeof CHECKS)[number]): Promise<Counts> {
  const startedMs = performance.now();
  say(`\n== ${name}`);
  // Built as for everybody: with another NODE_ENV libraries bring their checks along.
  const code = await run(command, { NODE_ENV: 'production' });
  say(`${code === 0 ? 'ok' : 'FAILED'}: ${name}, ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  return code === 0 ? { passed: 1, failed: 0, failures: [] } : { passed: 0, failed: 1, failures: [name] };
}

async function runTests(leftOut: string[], files: string[], filters: string[]): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'drainboard-report-'));
  const report = join(folder, 'report.json');
  const projects = PROJECTS.filter((project) => !leftOut.includes(project));
  say(`\n== tests: ${projects.join(', ')}`);
  try {
    const leaveOut = { TEST_LEAVE_OUT: files.map((file) => `**/${file}`).join(',') };
    const command = [
      'vitest',
      'run',
      ...projects.map((project) => `--project=${project}`),
      '--passWithNoTests',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...filters,
    ];
    const code = await run(command, leaveOut);
    return readReport(report, code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { name: string; status: string; assertionResults: { status: string; fullName: string }[] }[];
}

/** Counts tests, and a file that failed outside of its tests (or a run that died) as one failure. */
function readReport(file: string, code: number): Counts {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return { passed: 0, failed: 1, failures: ['the test run itself'] };
  }
  const failures = report.testResults.flatMap((result) => {
    const name = result.name.replace(FOLDER, '');
    const failed = result.assertionResults.filter((test) => test.status === 'failed');
    if (result.status === 'failed' && failed.length === 0) return [name];
    return failed.map((test) => `${name}: ${test.fullName}`);
  });
  if (code !== 0 && failures.length === 0) failures.push('the test run itself');
  return { passed: report.numPassedTests, failed: failures.length, failures };
}

/** The exit status of one of our own programs, its output shown as it comes. */
function run(command: string[], more: Record<string, string> = {}): Promise<number> {
  const [program = '', ...args] = command;
  // Programs are scripts for `node`: the one that npm scripts use, also when called without npm.
  const path = [join(FOLDER, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  return new Promise((resolve) => {
    const child = spawn(join(FOLDER, 'node_modules', '.bin', program), args, {
      cwd: FOLDER,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, PATH: path, NODE_ENV: 'test', ...more },
    });
    child.once('error', (error) => {
      say(`${program} could not be run: ${error.message}`);
      resolve(127);
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main(process.argv.slice(2));
