/**
 * Kinds of receivers: what each is good for, the fields of its form, and the check of what was entered. Secrets go in
 * and never come out; every base address can be set, for tenants of other regions and for tests.
 */
import type { ReceiverFault, ReceiverKind, ReceiverSecrets, ReceiverSettings } from './delivery.ts';

export interface ReceiverField {
  /** Name in `settings`, or in `secrets`. */
  name: string;
  label: string;
  type: 'text' | 'url' | 'email' | 'emails' | 'number' | 'choice' | 'flag';
  isSecret: boolean;
  isRequired: boolean;
  choices: { value: string; label: string }[];
  help: string;
  /** What the text must look like, with the sentence for one that does not. */
  form?: { pattern: RegExp; message: string };
}

export interface ReceiverForm {
  kind: ReceiverKind;
  title: string;
  help: string;
  fields: ReceiverField[];
}

const TEXT_MAX = 3_000;
/** More addresses in one mail are a mailing list. */
export const RECIPIENTS_MAX = 50;
const EMAIL = /^[^\s@<>(),;:"[\]\\\p{Cc}]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$/u;

type Extra = Partial<Pick<ReceiverField, 'isRequired' | 'choices' | 'help' | 'form'>>;

function field(name: string, label: string, type: ReceiverField['type'], extra: Extra = {}): ReceiverField {
  return { name, label, type, isSecret: false, isRequired: false, choices: [], help: '', ...extra };
}

function secret(name: string, label: string, type: ReceiverField['type'], extra: Extra = {}): ReceiverField {
  return { ...field(name, label, type, { isRequired: true, ...extra }), isSecret: true };
}

const MENTION = field('mention', 'Call on pages', 'text', {
  help: 'Who is mentioned when a page opens: here, channel, or the id of a person (U…) or group (S…). Empty: nobody.',
  form: {
    pattern: /^(?:here|channel|[USW][A-Z0-9]{2,30})$/,
    message: 'Write here, channel, or an id such as U012AB3CD.',
  },
});

function base(usual: string): ReceiverField {
  return field('baseUrl', 'Address of the service', 'url', {
    help: `Only for another region or a proxy of your own; usually ${usual}.`,
  });
}

const ROUTING_KEY = secret('routingKey', 'Integration key', 'text', {
  help: 'Of an Events API v2 integration, 32 characters.',
  form: { pattern: /^[A-Za-z0-9]{32}$/, message: 'An integration key has 32 letters and digits.' },
});

export const PAGERDUTY_BASE = 'https://events.pagerduty.com';
export const SLACK_BASE = 'https://slack.com/api';
export const JIRA_BASES = {
  jsm: 'https://api.atlassian.com/jsm/ops/integration',
  opsgenie: 'https://api.opsgenie.com',
  opsgenieEu: 'https://api.eu.opsgenie.com',
} as const;

const SIGNING_FORM = {
  pattern: /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/,
  message: 'A signing secret begins with whsec_ and holds 24 to 64 random bytes as base64.',
};

export const RECEIVER_FORMS: readonly ReceiverForm[] = [
  {
    kind: 'slackWebhook',
    title: 'Slack webhook',
    help: 'One channel, by an incoming webhook. Each change is a new message; with a bot token one message is kept up to date.',
    fields: [secret('url', 'Webhook URL', 'url', { help: 'https://hooks.slack.com/services/…' }), MENTION],
  },
  {
    kind: 'slackBot',
    title: 'Slack bot',
    help: 'One message an incident, kept up to date, with its story in the thread. Needs an app with chat:write.',
    fields: [
      secret('token', 'Bot token', 'text', {
        help: 'xoxb-…',
        form: { pattern: /^xox[a-z]-[A-Za-z0-9-]{6,300}$/, message: 'A bot token begins with xoxb-.' },
      }),
      field('channel', 'Channel', 'text', {
        isRequired: true,
        help: 'Id (C…) or name (#alerts). Invite the bot into it.',
        form: { pattern: /^(?:#?[^\s#@<>&]{1,80})$/u, message: 'Write #name or the id of the channel.' },
      }),
      MENTION,
      base(SLACK_BASE),
    ],
  },
  {
    kind: 'pagerduty',
    title: 'PagerDuty',
    help: 'One alert an incident: opened, acknowledged and resolved with it.',
    fields: [ROUTING_KEY, base(PAGERDUTY_BASE)],
  },
  {
    kind: 'pagerdutyChange',
    title: 'PagerDuty changes',
    help: 'Releases, shown beside incidents. Calls nobody.',
    fields: [
      {
        ...ROUTING_KEY,
        form: {
          pattern: /^(?!R)[A-Za-z0-9]{32}$/,
          message:
            'Changes need the key of a service integration: 32 letters and digits, not beginning with R.',
        },
      },
      base(PAGERDUTY_BASE),
    ],
  },
  {
    kind: 'webhook',
    title: 'Signed webhook',
    help: 'JSON to your own program, signed by the rules of Standard Webhooks.',
    fields: [
      field('url', 'URL', 'url', {
        isRequired: true,
        help: 'No secrets in it: the signature says who calls.',
      }),
      secret('secret', 'Signing secret', 'text', { help: 'whsec_…', form: SIGNING_FORM }),
      field('releases', 'Releases too', 'flag', { help: 'Also told of releases and scalings.' }),
      secret('previousSecret', 'Signing secret before', 'text', {
        isRequired: false,
        help: 'While you change it: both sign.',
        form: SIGNING_FORM,
      }),
    ],
  },
  {
    kind: 'alertmanager',
    title: 'Alertmanager webhook',
    help: 'The body that Alertmanager sends (version 4), for programs that understand it.',
    fields: [
      field('url', 'URL', 'url', { isRequired: true }),
      secret('authorization', 'Authorization header', 'text', {
        isRequired: false,
        help: 'Such as Bearer …; empty for none.',
        form: { pattern: /^[\x20-\x7e]{1,2000}$/, message: 'Only plain characters can stand in a header.' },
      }),
    ],
  },
  {
    kind: 'email',
    title: 'E-mail',
    help: 'One thread an incident. Needs a mail server (SMTP_URL, SMTP_FROM).',
    fields: [field('to', 'To', 'emails', { isRequired: true, help: 'Addresses, separated by commas.' })],
  },
  {
    kind: 'teams',
    title: 'Microsoft Teams',
    help: 'A workflow "When a Teams webhook request is received". It belongs to a person: give it a second owner.',
    fields: [secret('url', 'Workflow URL', 'url')],
  },
  {
    kind: 'discord',
    title: 'Discord',
    help: 'One message an incident, kept up to date.',
    fields: [
      secret('url', 'Webhook URL', 'url', { help: 'https://discord.com/api/webhooks/…' }),
      field('threadId', 'Thread', 'text', {
        help: 'Id of a thread of the channel; empty for the channel itself.',
        form: { pattern: /^\d{5,25}$/, message: 'The id of a thread is a number.' },
      }),
    ],
  },
  {
    kind: 'jira',
    title: 'Jira Service Management or Opsgenie',
    help: 'One alert an incident: created, acknowledged and closed with it.',
    fields: [
      secret('apiKey', 'Integration key', 'text', {
        help: 'The API key of an integration, not of a person.',
        form: { pattern: /^[A-Za-z0-9_-]{8,500}$/, message: 'The key holds letters, digits, - and _ only.' },
      }),
      field('service', 'Service', 'choice', {
        isRequired: true,
        choices: [
          { value: 'jsm', label: 'Jira Service Management' },
          { value: 'opsgenie', label: 'Opsgenie' },
          { value: 'opsgenieEu', label: 'Opsgenie, Europe' },
        ],
      }),
      field('team', 'Team', 'text', {
        help: 'Name of the team that answers; empty: as the integration says.',
        form: { pattern: /^[^\p{Cc}]{1,100}$/u, message: 'At most 100 characters.' },
      }),
      base(JIRA_BASES.jsm),
    ],
  },
];

/** The form of a kind. */
export function receiverForm(kind: ReceiverKind): ReceiverForm {
  const form = RECEIVER_FORMS.find((one) => one.kind === kind);
  if (form === undefined) throw new Error(`no form of receiver ${kind}`);
  return form;
}

/** Every fault of what was entered for a receiver, in words that repeat no secret. Empty when it will do. */
export function checkReceiver(
  kind: ReceiverKind,
  settings: ReceiverSettings,
  secrets: ReceiverSecrets,
): ReceiverFault[] {
  const { fields } = receiverForm(kind);
  const known = fields.flatMap((one) => faultOf(one, (one.isSecret ? secrets : settings)[one.name]));
  const unknown = (given: object, areSecret: boolean) =>
    Object.keys(given)
      .filter((name) => !fields.some((one) => one.name === name && one.isSecret === areSecret))
      .map((name) => ({ field: name.slice(0, 100), message: 'There is no such field.' }));
  return [...known, ...unknown(settings, false), ...unknown(secrets, true)];
}

function faultOf(one: ReceiverField, value: unknown): ReceiverFault[] {
  const fault = (message: string): ReceiverFault[] => [{ field: one.name, message }];
  const isEmpty = value === undefined || value === null || value === '';
  if (isEmpty || (Array.isArray(value) && value.length === 0)) {
    return one.isRequired ? fault(`${one.label} is missing.`) : [];
  }
  if (one.type === 'emails') return faultOfEmails(value, fault);
  if (one.type === 'flag') return typeof value === 'boolean' ? [] : fault(`${one.label} is yes or no.`);
  if (typeof value !== 'string') return fault(`${one.label} is not a text.`);
  if (value.length > TEXT_MAX) return fault(`${one.label} is too long.`);
  if (one.type === 'url') return isUrl(value) ? [] : fault(URL_FAULT);
  if (one.type === 'choice' && !one.choices.some((choice) => choice.value === value)) {
    return fault(`Choose one of ${one.choices.map((choice) => choice.value).join(', ')}.`);
  }
  return one.form === undefined || one.form.pattern.test(value) ? [] : fault(one.form.message);
}

const URL_FAULT = 'Write an address that begins with https://, without user name or password.';

/** Which addresses may be called is decided when they are: the operator may have allowed plain ones (SEC-39). */
function isUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
  return isWeb && url.username === '' && url.password === '' && url.hash === '';
}

function faultOfEmails(value: unknown, fault: (message: string) => ReceiverFault[]): ReceiverFault[] {
  const addresses = emailsOf(value);
  if (addresses === null) return fault('Write addresses separated by commas.');
  if (addresses.length > RECIPIENTS_MAX) return fault(`At most ${RECIPIENTS_MAX} addresses.`);
  const wrong = addresses.filter((address) => !EMAIL.test(address));
  return wrong.length === 0
    ? []
    : fault(`Not an address: ${wrong.map((one) => one.slice(0, 80)).join(', ')}.`);
}

/** Addresses of a setting, as a list or a text with commas; null when it is neither. */
export function emailsOf(value: unknown): string[] | null {
  const parts: unknown[] =
    typeof value === 'string' ? value.split(/[,;\s]+/) : Array.isArray(value) ? value : [null];
  if (!parts.every((part) => typeof part === 'string')) return null;
  return [...new Set(parts.map((part) => part.trim()).filter((part) => part !== ''))];
}
