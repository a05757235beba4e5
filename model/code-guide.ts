/**
 * What the page of a code says beside model/codes.ts: what the client saw, two more things to check after the first, and
 * the titles of Heroku's own pages. Written by us, from the meaning of the codes and the routing rules they follow from
 * (Heroku Dev Center, "Heroku Error Codes", "HTTP Routing"); never their text.
 */
import { codeOf, type HerokuCode } from './codes.ts';

export interface CodeGuide {
  /** What somebody at the other end noticed, one sentence. */
  clientSaw: string;
  /** What to look at, in this order; always three. */
  checks: readonly [string, string, string];
  /** Titles in Heroku Dev Center, the list of codes first. */
  reference: readonly string[];
  /** Where that list is; the other titles are found from there. */
  referenceUrl: string;
}

const CODE_LIST_TITLE = 'Heroku Error Codes';
const CODE_LIST_URL = 'https://devcenter.heroku.com/articles/error-codes';

interface Entry {
  saw: string;
  next: readonly [string, string];
  titles?: readonly string[];
}

const ERROR_PAGE = 'Heroku’s error page with status 503, or your own one if ERROR_PAGE_URL is set';
const NOBODY = 'Nothing by itself: no request is tied to it';

const GUIDE: Readonly<Record<string, Entry>> = {
  H10: {
    saw: `${ERROR_PAGE}, at once.`,
    next: [
      'See whether every web dyno is down or one: with one left, only a part of the requests gets H10.',
      'Start what the Procfile starts in a one-off dyno (heroku run) to see the exception with the same config vars.',
    ],
    titles: ['Dyno Manager'],
  },
  H11: {
    saw: `${ERROR_PAGE}, at once and without reaching the app.`,
    next: [
      'See whether H12 came first: slow requests fill the dynos, and the queue only after them.',
      'Look for one client or path that suddenly asks far more than usual.',
    ],
    titles: ['HTTP Routing', 'Request Timeout'],
  },
  H12: {
    saw: `${ERROR_PAGE}, after 30 s of waiting; the work in the dyno may still go on and be done twice on a retry.`,
    next: [
      'See whether dynos compute or wait: high load means too much work, low load means waiting for a database, a lock or another service.',
      'Set time-outs well below 30 s on outbound calls, and in the server, so that a request that is lost gives its place back.',
    ],
    titles: ['Request Timeout'],
  },
  H13: {
    saw: `${ERROR_PAGE}, although a dyno had taken the request.`,
    next: [
      'See whether they fall on restarts of dynos: then the server must finish requests after SIGTERM.',
      'See whether they come singly on quiet connections: then the keep-alive time-out of the server is shorter than the router’s 90 s.',
    ],
    titles: ['HTTP Routing'],
  },
  H14: {
    saw: `${ERROR_PAGE}, on every request.`,
    next: [
      'See whether the Procfile still has a web process: a release without one takes the formation away.',
      'Look for an autoscaler or a schedule that scaled to zero.',
    ],
    titles: ['HTTP Routing'],
  },
  H15: {
    saw: 'An answer that began and then stopped: a cut page, download or stream.',
    next: [
      'See whether these are streams or long polls: send something at least every 55 s.',
      'See whether the dyno was busy or blocked at that time: load, garbage collection, a lock.',
    ],
    titles: ['Request Timeout'],
  },
  H16: {
    saw: 'A redirect to the herokuapp.com name.',
    next: [
      'Nothing else: the code is no longer written.',
      'Check the age of these lines: they are imported.',
    ],
  },
  H17: {
    saw: `${ERROR_PAGE} instead of the answer.`,
    next: [
      'See whether one path is hit: it writes headers by hand or passes on those of another server.',
      'Ask the dyno directly from a one-off dyno (curl -v) and read the status line and headers.',
    ],
    titles: ['HTTP Routing'],
  },
  H18: {
    saw: 'A broken answer: cut in the middle, often with status 200.',
    next: [
      'See whether they fall on restarts or on memory kills (R15): then requests in flight are thrown away.',
      'See whether one path with large answers or streams is hit: its worker may be killed by a time-out of the server.',
    ],
    titles: ['HTTP Routing'],
  },
  H19: {
    saw: `${ERROR_PAGE}, after some seconds.`,
    next: [
      'See whether the dynos had more requests at once than they have workers or threads.',
      'If all apps of the region show it at the same minute, it is the platform: look at the Heroku status page.',
    ],
    titles: ['HTTP Routing'],
  },
  H20: {
    saw: `${ERROR_PAGE}, after 75 s of waiting.`,
    next: [
      'Compare how long the boots before the last release took.',
      'Switch preboot on, so that new dynos are up before the old ones go.',
    ],
    titles: ['Dyno Manager'],
  },
  H21: {
    saw: `${ERROR_PAGE}.`,
    next: [
      'See whether they fall on restarts: a dyno that is going down refuses.',
      'See whether the server binds $PORT on all interfaces, also after a worker died.',
    ],
    titles: ['HTTP Routing'],
  },
  H22: {
    saw: `${ERROR_PAGE}; connections that were open go on.`,
    next: [
      'Count WebSockets and streams: each keeps a connection.',
      'Look for one network that opens far more connections than others.',
    ],
    titles: ['HTTP Routing'],
  },
  H23: {
    saw: 'A WebSocket that does not open.',
    next: [
      'Nothing else: the code is no longer written.',
      'Check the age of these lines: they are imported.',
    ],
  },
  H24: {
    saw: 'A connection that ended without an answer.',
    next: [
      'See whether only long requests are hit: WebSockets and streams must connect again by themselves.',
      'See whether it comes once an hour or day and stops by itself: then there is nothing to do.',
    ],
    titles: ['HTTP Routing'],
  },
  H25: {
    saw: 'An error with status 502 instead of the answer.',
    next: [
      'See whether one path or all of a visitor’s requests are hit: cookies grow with the visitor.',
      'Compare the size of response headers before and after the last release.',
    ],
    titles: ['HTTP Routing'],
  },
  H26: {
    saw: 'An error with status 400.',
    next: ['See which network and host they come from.', 'Nothing to change when it is a scanner.'],
    titles: ['HTTP Routing'],
  },
  H27: {
    saw: 'Nothing: they were gone before there was an answer.',
    next: [
      'Compare their service time with that of all requests: the same means people who navigate, far more means people who gave up.',
      'See whether one path is hit: searches typed letter by letter cancel themselves.',
    ],
    titles: ['HTTP Routing'],
  },
  H28: {
    saw: 'An upload or request that stopped half way.',
    next: [
      'See whether one path takes large uploads: let clients upload straight to storage.',
      'See whether one network is hit: bad connections, or a scanner that holds them open.',
    ],
    titles: ['Request Timeout'],
  },
  H31: {
    saw: 'An error with status 421.',
    next: [
      'Compare the hosts below with your domains: those that are none of yours can be left.',
      'See whether a domain was moved lately: old answers of the DNS live for a while.',
    ],
  },
  H32: {
    saw: 'A warning of the browser, or an error with status 495.',
    next: [
      'See whether www and the bare domain are both covered.',
      'See when the certificate was renewed last: heroku certs.',
    ],
  },
  H33: {
    saw: 'A request that failed in the browser without a page.',
    next: [
      'See whether one dyno is hit more than its share.',
      'See whether one kind of client is behind it: networks below.',
    ],
    titles: ['HTTP Routing'],
  },
  H34: {
    saw: `${ERROR_PAGE}.`,
    next: [
      'See what they had first: H19 (too slow to accept) or H21 (refused) tells which.',
      'Run more web dynos, so that one that is put aside is not all of them.',
    ],
    titles: ['HTTP Routing'],
  },
  H70: {
    saw: `${ERROR_PAGE}.`,
    next: [
      'Nothing else: the code is no longer written.',
      'Check the age of these lines: they are imported.',
    ],
  },
  H80: {
    saw: 'The maintenance page with status 503.',
    next: [
      'Switch it off when the work is done: heroku maintenance:off.',
      'Enter a correction for objectives that should leave this time out.',
    ],
  },
  H81: {
    saw: 'Heroku’s page for an app without code, status 502.',
    next: [
      'See which release is current: heroku releases.',
      'See whether the domain belongs to another app.',
    ],
  },
  H82: {
    saw: `${ERROR_PAGE}.`,
    next: [
      'See which apps of the account use up the hours.',
      'Leave it until the next month if nobody needs the app.',
    ],
  },
  H83: {
    saw: 'An error with status 503 while the platform is at work.',
    next: [
      'See whether it ends with the announced time.',
      'Run dynos in more than one region if it must not happen.',
    ],
  },
  H99: {
    saw: `${ERROR_PAGE}.`,
    next: [
      'See whether other apps of the fleet have it at the same minute: then it is the platform.',
      'Open a ticket with a request id from below if it goes on.',
    ],
  },
  R10: {
    saw: 'H10 or H20 on requests, until a dyno comes up.',
    next: [
      'Read what the dyno wrote between its start and the kill: the last line tells where it stood.',
      'See whether the release phase or a migration runs in the boot of each dyno: move it to release.',
    ],
    titles: ['Dyno Manager'],
  },
  R11: {
    saw: 'H10 on requests, until a dyno comes up.',
    next: [
      'See which port the server says it listens on.',
      'See whether PORT is overwritten in config vars.',
    ],
  },
  R12: {
    saw: 'At times H13 or H18: requests in flight were thrown away at a restart.',
    next: [
      'See which process type it is: workers must put unfinished jobs back.',
      'Look for a shell in the Procfile between the platform and the process: exec passes the signal on.',
    ],
    titles: ['Dyno Manager'],
  },
  R13: {
    saw: 'A heroku run that does not attach.',
    next: [
      'See whether outgoing port 5000 is blocked where it was started.',
      'Run it detached and follow the log.',
    ],
  },
  R14: {
    saw: 'Slow answers: a dyno that swaps is many times slower, and H12 may follow.',
    next: [
      'See when it began: at a release, at a certain job, or little by little since the restart.',
      'Lower the number of workers or threads a dyno; a restart (heroku ps:restart) helps until it has grown again.',
    ],
    titles: ['Dyno Types', 'log-runtime-metrics'],
  },
  R15: {
    saw: 'H13 or H18 on the requests in flight, H10 while the dyno starts again.',
    next: [
      'See whether it comes in one step: one request or job that loads everything into memory.',
      'Take a larger dyno for the time being; R15 kills without warning.',
    ],
    titles: ['Dyno Types', 'log-runtime-metrics'],
  },
  R16: {
    saw: `${NOBODY}.`,
    next: ['See who started it: heroku ps.', 'Stop it: heroku ps:stop run.N.'],
  },
  R17: {
    saw: 'H10 or H14 on requests if no dyno could start.',
    next: ['See whether the last build came from another pipeline.', 'Roll back meanwhile: heroku rollback.'],
  },
  R99: {
    saw: 'H10 on requests if no other dyno was up.',
    next: [
      'See whether other apps of the fleet have it at the same minute.',
      'Open a ticket with the dyno and the minute if it goes on.',
    ],
  },
  L10: {
    saw: `${NOBODY}; what was lost are lines on their way here, so counts of that time are too low.`,
    next: [
      'See in drain health whether our answers were slow or refused at that time.',
      'See whether another drain of the app is the slow one: L10 names its drain.',
    ],
    titles: ['Log Drains', 'Logging'],
  },
  L11: {
    saw: 'Gaps in a terminal that runs heroku logs --tail.',
    next: ['Filter the session (--source, --dyno).', 'Nothing is missing here because of it.'],
    titles: ['Logging'],
  },
  L12: {
    saw: `${NOBODY}; lines of the app itself are missing, those of the router are not.`,
    next: [
      'See which dyno writes most: a debug level or a loop over an exception.',
      'Write fewer, longer lines; each is a message of its own.',
    ],
    titles: ['Logging'],
  },
  L13: {
    saw: `${NOBODY}; lines of the app itself are missing.`,
    next: [
      'See whether several apps have it at once: then it is the platform.',
      'See in drain health what is missing.',
    ],
    titles: ['Logging'],
  },
  L14: {
    saw: `${NOBODY}.`,
    next: ['See which drains there are: heroku drains.', 'This drain is HTTPS and not meant.'],
    titles: ['Log Drains'],
  },
  L15: {
    saw: 'heroku logs without lines.',
    next: [
      'Read the lines here meanwhile: they come another way.',
      'See the Heroku status page if it lasts.',
    ],
    titles: ['Logging'],
  },
  L20: {
    saw: 'A heroku logs --tail that is refused.',
    next: ['Read the lines here: they come another way.', 'Reduce the log volume if tail is needed.'],
    titles: ['Logging'],
  },
};

/** By family, for a code that is newer than this table. */
const UNKNOWN: Readonly<Record<string, Entry>> = {
  H: {
    saw: 'Not known; the status in the lines below says most of it.',
    next: [
      'Look at the requests below: status, path and dyno tell whether the app answered at all.',
      'Compare its first time with the last release and with the Heroku status page.',
    ],
  },
  R: {
    saw: 'Not known; a code of a dyno shows to clients only by what it does to requests.',
    next: [
      'Read the lines of the dyno around it.',
      'Compare its first time with the last release and with the Heroku status page.',
    ],
  },
  L: {
    saw: `${NOBODY}; codes of the log pipeline tell of lines.`,
    next: ['See in drain health what is missing.', 'See the Heroku status page if it lasts.'],
  },
};

const UNKNOWN_FIRST = 'Look the code up in Heroku’s list: it is newer than ours, or not documented.';

/** The guide of a code, also of one that nobody knows yet. */
export function codeGuide(code: string): CodeGuide {
  const known: HerokuCode | undefined = codeOf(code);
  const entry = (known && GUIDE[code]) ?? UNKNOWN[code.slice(0, 1)] ?? UNKNOWN.H;
  if (entry === undefined) throw new Error('the guide has no entry for unknown H codes');
  return {
    clientSaw: entry.saw,
    checks: [known?.firstCheck ?? UNKNOWN_FIRST, ...entry.next],
    reference: [CODE_LIST_TITLE, ...(entry.titles ?? [])],
    referenceUrl: CODE_LIST_URL,
  };
}
