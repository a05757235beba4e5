/** The first things to check: from the table of codes, the release before it, and the kind of rule. Pure. */
import type { Evidence } from './alert-change.ts';
import { codeOf } from './codes.ts';
import type { NoticeCause, NoticeCheck, NoticeRelease } from './notice.ts';
import type { RuleKind } from './rule.ts';

export interface CheckFacts {
  app: string;
  evidence: Evidence;
  codes: readonly { code: string; count: number }[];
  causes: readonly NoticeCause[];
  release: NoticeRelease | null;
  runbookUrl: string;
  /** Absolute address of a code's page, with its time range. */
  codeUrl: (code: string) => string;
}

/** Codes of so many kinds are explained; more are a list to look at. */
const CODES_MAX = 2;

/** Per kind of rule, what is looked at first; APP stands for its name. */
const OF_RULE: Partial<Record<RuleKind, string>> = {
  drainSilent: 'Is the drain still there and the app up? heroku drains -a APP, heroku ps -a APP.',
  drainDropping: 'Does the app write far more than usual? Heroku drops what it cannot deliver.',
  incompleteData: 'Look at drain health: what is missing is neither good nor bad.',
  trafficCollapse: 'Do visitors still reach the app? Look at DNS, the CDN and the last release.',
  requestRate: 'Do visitors still reach the app, or is one client calling far too often?',
  memory: 'Compare memory since the last restart and the last release; heroku ps:restart helps for a while.',
  swap: 'The dyno is out of memory: compare memory since the last release.',
  memoryLeak: 'Compare memory with the release before; a restart helps until it has grown again.',
  load: 'Is one dyno busier than its siblings? Compare requests a dyno, and background work.',
  restarts: 'Read the lines of the dyno just before it stopped.',
  crashes: 'Read the lines of the dyno just before it crashed: exit status, exception, memory.',
  releasePhaseFailed: 'Read the output of the release phase: heroku releases:output -a APP.',
  addon: 'Look at the add-on’s page: plan limits, long transactions, connections by dyno.',
  latency: 'List the slowest paths, then database load and outbound calls on them.',
  failedShare: 'List the codes and paths with most failures.',
};

export function firstChecks(facts: CheckFacts): NoticeCheck[] {
  const { app, evidence, runbookUrl } = facts;
  const ofRule = Object.hasOwn(OF_RULE, evidence.what) ? OF_RULE[evidence.what as RuleKind] : undefined;
  const checks = [
    ...(runbookUrl === '' ? [] : [{ text: 'Follow the runbook.', url: runbookUrl }]),
    ...releaseCheck(facts),
    ...codeChecks(facts),
    ...(ofRule === undefined ? [] : [{ text: ofRule.replaceAll('APP', () => app), url: '' }]),
  ];
  return checks;
}

/** The code it is about, else the most frequent ones that an app has to answer for. */
function codeChecks({ evidence, codes, codeUrl }: CheckFacts): NoticeCheck[] {
  const about = codeOf(evidence.key) === undefined ? codes.map(({ code }) => code) : [evidence.key];
  return about
    .map((code) => codeOf(code))
    .filter((code) => code !== undefined && code.severity !== 'info' && code.severity !== 'low')
    .slice(0, CODES_MAX)
    .flatMap((code) =>
      code === undefined ? [] : [{ text: `${code.code}: ${code.firstCheck}`, url: codeUrl(code.code) }],
    );
}

function releaseCheck({ app, causes, release }: CheckFacts): NoticeCheck[] {
  const isSuspect = causes.some(({ kind }) => kind === 'release' || kind === 'said');
  if (!isSuspect || release === null) return [];
  const before = release.version > 1 ? ` v${release.version - 1}` : '';
  return [
    {
      text: `Look at what v${release.version} changed; heroku rollback${before} -a ${app} takes it back.`,
      url: '',
    },
  ];
}
