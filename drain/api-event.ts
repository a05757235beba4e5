/**
 * What somebody did to an app, message of (`app`, `api`), to an event (FORMATS 7.1):
 *
 *   Release v42 created by user dev@example.com
 *   Scaled to mailer@3:Performance-L web@5:Standard-2X by user someuser@gmail.com
 *   Set LANG, RACK_ENV config vars by user dev@example.com
 *
 * Texts that no rule knows (maintenance mode, promotions, autoscaling are not documented) stay as event
 * `other` with their text, so that nothing is lost.
 */
import type { ApiEvent } from '../model/observation.ts';
import { NOTE_BAD_EVENT } from './notes.ts';
import { firstWordOfCommand } from './platform.ts';

/** An event and the notes that go with it. */
export interface ReadApiEvent {
  event: ApiEvent;
  notes: number;
}

/** Process types of one formation, config vars of one line: a bound on a hostile line. */
const MAX_NAMES = 200;
const BY = ' by ';
const USER = 'user ';

const RELEASE = /^Release v(\d{1,15}) created$/;
const ROLLBACK = /^Rollback to v(\d{1,15})$/;
const RELEASE_PHASE = /^Running release v(\d{1,15}) commands$/;
const DEPLOY = /^Deploy ([0-9a-fA-F]{7,40})$/;
const CONFIG = /^Set (.+) config vars?$/s;
const ATTACH = /^(Attach|Detach) (\S+) \(@ref:([^\s)]+)\)$/;
const UPDATE = /^Update (\S+)$/;
const PROVISIONED = /^@ref:([^\s,]+) completed provisioning(?:, setting ([^.]+)\.?)?$/;
const BUILD = /^(?:Build|Slug compilation) (started|succeeded|finished|failed)\b/;
const SCALE_ITEM = /^([A-Za-z0-9_-]+)@(\d{1,6})(?::(\S+))?$/;
const OLD_SCALE_ITEM = /^([A-Za-z0-9_-]+)=(\d{1,6})$/;

/** Reads the text of an API line, or of an old build line; every text gives an event. */
export function parseApiEvent(text: string): ReadApiEvent {
  const { what, user } = cutUser(text.trimEnd());
  const read = parseWhat(what);
  if (user !== '') read.event.user = user;
  return read;
}

/**
 * Cuts ` by [user ]WHO` at the last ` by `. What follows must look like a name (one word, or anything in one
 * line behind `user `), so that the command of a "Starting process" line is not taken for a person.
 */
function cutUser(text: string): { what: string; user: string } {
  const at = text.lastIndexOf(BY);
  const tail = at < 0 ? '' : text.slice(at + BY.length);
  const user = tail.startsWith(USER) ? tail.slice(USER.length) : tail;
  const isName = tail.startsWith(USER) ? !/[`\n]/.test(user) : !/[\s`]/.test(user);
  return user !== '' && isName ? { what: text.slice(0, at), user } : { what: text, user: '' };
}

function parseWhat(what: string): ReadApiEvent {
  if (/^Scaled? to(?: |$)/.test(what)) return parseScale(what);
  if (what.startsWith('Starting process with command')) return parseStart(what);
  const event = parseRelease(what) ?? parseChange(what) ?? { event: 'other', text: what };
  return { event, notes: 0 };
}

function parseRelease(what: string): ApiEvent | null {
  if (what === 'Initial release') return { event: 'release' };
  const release = RELEASE.exec(what);
  if (release !== null) return { event: 'release', version: Number(release[1]) };
  const rollback = ROLLBACK.exec(what);
  if (rollback !== null) return { event: 'rollback', version: Number(rollback[1]) };
  const phase = RELEASE_PHASE.exec(what);
  if (phase !== null) return { event: 'releasePhase', version: Number(phase[1]) };
  const deploy = DEPLOY.exec(what);
  return deploy === null ? null : { event: 'deploy', commit: deploy[1] ?? '' };
}

function parseChange(what: string): ApiEvent | null {
  const config = CONFIG.exec(what);
  if (config !== null) return { event: 'config', names: namesOf(config[1]) };
  const attach = ATTACH.exec(what);
  if (attach !== null) {
    const result = attach[1] === 'Attach' ? 'attached' : 'detached';
    return { event: 'addon', names: [attach[2] ?? '', attach[3] ?? ''], result };
  }
  const update = UPDATE.exec(what);
  if (update !== null) return { event: 'addon', names: [update[1] ?? ''], result: 'updated' };
  const provisioned = PROVISIONED.exec(what);
  if (provisioned !== null) {
    const names = [provisioned[1] ?? '', ...namesOf(provisioned[2])];
    return { event: 'addon', names, result: 'provisioned' };
  }
  const build = BUILD.exec(what)?.[1];
  return build === undefined ? null : { event: 'build', result: build === 'finished' ? 'succeeded' : build };
}

function namesOf(list: string | undefined): string[] {
  return (list ?? '').split(', ', MAX_NAMES).filter((name) => name !== '');
}

function parseStart(what: string): ReadApiEvent {
  const command = firstWordOfCommand(what);
  return command === ''
    ? { event: { event: 'start' }, notes: NOTE_BAD_EVENT }
    : { event: { event: 'start', command }, notes: 0 };
}

/** `Scaled to web@4:Standard-2X worker@0:Basic`, until about 2015 `Scale to mailer=1, web=3`. */
function parseScale(what: string): ReadApiEvent {
  const items = what.replace(/^Scaled? to ?/, '').split(/,? /, MAX_NAMES);
  const formation: NonNullable<ApiEvent['formation']> = [];
  for (const item of items) {
    const [, type, quantity, size] = SCALE_ITEM.exec(item) ?? OLD_SCALE_ITEM.exec(item) ?? [];
    if (type === undefined) continue;
    const entry = { type, quantity: Number(quantity) };
    formation.push(size === undefined ? entry : { ...entry, size });
  }
  return {
    event: { event: 'scale', formation },
    notes: formation.length === items.length ? 0 : NOTE_BAD_EVENT,
  };
}
