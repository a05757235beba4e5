/** Why a step of attaching an app does not go on: what was seen first, then what it usually is. Pure. */
import type { AttachFacts } from '../store/reads/attach.ts';
import type { AttachCause, ChecklistAnswer } from './contract/apps.ts';
import { isReachableByHeroku } from './onboarding.ts';

type StepId = ChecklistAnswer['steps'][number]['id'];

/** Likeliest first. `baseUrl`: where Heroku is told to send. */
export function causesOf(id: StepId, app: string, facts: AttachFacts, baseUrl: string): AttachCause[] {
  switch (id) {
    case 'drain':
      return [...seenBefore(app, facts, baseUrl), ...unreached(app, baseUrl)];
    case 'firstLine':
      return unread(app, facts);
    case 'routerLine':
      return unvisited(app, facts);
    case 'runtimeMetrics':
      return unmeasured(app);
    case 'release':
      return [];
  }
}

const seen = (says: string, command: string | null = null): AttachCause => ({ says, command, isSeen: true });
const usual = (says: string, command: string | null = null): AttachCause => ({
  says,
  command,
  isSeen: false,
});

function times(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** What refused requests and our own address tell. */
function seenBefore(app: string, facts: AttachFacts, baseUrl: string): AttachCause[] {
  const causes: AttachCause[] = [];
  const host = new URL(baseUrl).host;
  if (facts.refused > 0) {
    const count = times(facts.refused, 'request was', 'requests were');
    causes.push(
      facts.refusedReason === 'unknownToken'
        ? seen(
            `${count} refused with 401: the app takes only drain tokens that somebody adopted. Adopt it in drain health.`,
          )
        : seen(
            `${count} refused with 401: the drain of ${app} carries another secret. Remove that drain and add the URL shown here.`,
            `heroku drains -a ${app}`,
          ),
    );
  }
  if (facts.bannedDrains > 0) {
    causes.push(
      seen('A drain of this app was banned here: what it sends is refused. Adopt it in drain health.'),
    );
  }
  if (!isReachableByHeroku(baseUrl)) {
    causes.push(
      seen(
        `${new URL(baseUrl).origin} is an address of this machine or its network: Heroku cannot reach it. Give the public address when you claim the instance, or set DRAINBOARD_BASE_URL.`,
      ),
    );
  } else if (new URL(baseUrl).protocol !== 'https:') {
    causes.push(seen(`${host} is given without https: the secret would go over the wire in the open.`));
  }
  for (const { userName, attempts } of facts.strangers) {
    causes.push(
      seen(
        `${times(attempts, 'request', 'requests')} came under the name “${userName}”, which is no app here: perhaps the name in the drain URL was changed.`,
      ),
    );
  }
  return causes;
}

function unreached(app: string, baseUrl: string): AttachCause[] {
  const { origin, host } = new URL(baseUrl);
  return [
    usual(`Another app: the drain must be listed for ${app}.`, `heroku drains -a ${app}`),
    usual(
      'Generation Fir: its apps have telemetry drains instead of log drains, and cannot be attached.',
      `heroku info -a ${app}`,
    ),
    usual(
      `DNS or TLS: ${host} must have a public name and a certificate that Heroku trusts. This must print 200.`,
      `curl -sS -o /dev/null -w '%{http_code}\\n' ${origin}/healthz`,
    ),
  ];
}

function unread(app: string, facts: AttachFacts): AttachCause[] {
  const lost =
    facts.lostMessages > 0
      ? [
          seen(
            `Heroku says that it dropped ${times(facts.lostMessages, 'line', 'lines')} (L10): this instance answers too slowly, or not at all times. See drain health.`,
          ),
        ]
      : [];
  return [
    ...lost,
    usual(
      'The app writes nothing at the moment: a request or a restart makes lines.',
      `heroku logs -n 5 -a ${app}`,
    ),
    usual('Requests of the drain carry no readable lines: drain health says what was left out, and why.'),
  ];
}

function unvisited(app: string, facts: AttachFacts): AttachCause[] {
  const lost =
    facts.lostMessages > 0
      ? [
          seen(
            `Heroku says that it dropped ${times(facts.lostMessages, 'line', 'lines')} (L10); router lines may be among them.`,
          ),
        ]
      : [];
  return [
    ...lost,
    usual('Nobody has visited it yet: open it once.', `heroku open -a ${app}`),
    usual('It has no web dyno: then there are no router lines, and none are missing.', `heroku ps -a ${app}`),
  ];
}

function unmeasured(app: string): AttachCause[] {
  return [
    usual('The switch is off.', `heroku labs -a ${app}`),
    usual(
      'It is on, but the dynos are older than the switch: they begin to report after a restart, or by themselves within a day.',
      `heroku restart -a ${app}`,
    ),
    usual('Eco dynos that sleep report nothing until they wake.'),
  ];
}
