/** Every way of telling people, by kind. */
import { RECEIVER_KINDS, type ReceiverKind } from '../../model/delivery.ts';
import { alertmanager } from './alertmanager.ts';
import { discord } from './discord.ts';
import { buildEmail, type EmailOptions } from './email.ts';
import { jira } from './jira.ts';
import { pagerduty } from './pagerduty.ts';
import { pagerdutyChange } from './pagerduty-change.ts';
import type { Adapter } from './receiver.ts';
import { slackBot } from './slack-bot.ts';
import { slackWebhook } from './slack-webhook.ts';
import { teams } from './teams.ts';
import { webhook } from './webhook.ts';

export interface AdapterOptions {
  email: EmailOptions;
}

/** One adapter a kind; a kind without one is a mistake of ours, found at the start. */
export function buildAdapters({ email }: AdapterOptions): ReadonlyMap<ReceiverKind, Adapter> {
  const all: Adapter[] = [
    slackWebhook,
    slackBot,
    pagerduty,
    pagerdutyChange,
    webhook,
    alertmanager,
    buildEmail(email),
    teams,
    discord,
    jira,
  ];
  const byKind = new Map(all.map((adapter) => [adapter.kind, adapter]));
  const missing = RECEIVER_KINDS.filter((kind) => !byKind.has(kind));
  if (missing.length > 0) throw new Error(`no adapter for ${missing.join(', ')}`);
  return byKind;
}
