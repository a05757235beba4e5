/**
 * One look at the outbox, in one transaction: what is due is put in order, what is outdated is merged, what cannot be
 * sent is ended, and as much is claimed as there is room for.
 */
import { createHash } from 'node:crypto';
import type { NotificationKind, ReceiverSecrets } from '../../model/delivery.ts';
import { type BucketRow, lockBuckets, writeBuckets } from '../../store/delivery-buckets.ts';
import {
  type Claimed,
  claimNotifications,
  type DueNotification,
  endNotifications,
  findCombined,
  findNeverTold,
  insertDigest,
  lockDueHeads,
  lockFollowers,
  mergeNotifications,
  postponeNotifications,
  readLastOpenings,
} from '../../store/notifications.ts';
import { type Client, withTransaction } from '../../store/pool.ts';
import { listSendingReceivers, openSecrets, type SendingReceiver } from '../../store/receivers.ts';
import { blockedReason } from './blocked.ts';
import type { DeliveryDeps } from './deps.ts';
import { FOLD_EVERY_MS, planFold, planIncident, worstSeverity } from './queue.ts';
import { DEFAULT_RATE, newBucket, takeToken } from './rate.ts';
import type { Adapter, Rate } from './receiver.ts';
import { tellOthers } from './undelivered.ts';

/** A place that can be sent to now. */
export interface Place {
  receiver: SendingReceiver;
  adapter: Adapter;
  secrets: ReceiverSecrets;
  rate: Rate;
  /** Name of its bucket: a hash, for a key may be a secret address. */
  bucket: string;
}

/** One message this process is to send. */
export interface Claim {
  message: DueNotification;
  claimed: Claimed;
  place: Place;
  isCombined: boolean;
}

/** How much may be claimed: in all, and at one receiver, besides what is under way. */
export interface Room {
  total: number;
  ofReceiver: (receiverId: number) => number;
}

/** Messages looked at in one round. */
const LOOK_AT = 1_000;

/** A message that could go now, with what it takes along. */
interface Candidate {
  message: DueNotification;
  merged: number[];
  isCombined: boolean;
}

/** Claims what is due. `kinds`: only those; null: all. */
export async function claimDue(
  deps: DeliveryDeps,
  room: Room,
  kinds: readonly NotificationKind[] | null,
  nowMs: number,
): Promise<Claim[]> {
  return withTransaction(deps.pool, async (tx) => {
    const heads = await lockDueHeads(tx, { nowMs, kinds, limit: LOOK_AT });
    if (heads.length === 0) return [];
    const places = await readPlaces(tx, deps, heads);
    const sendable = await endBlocked(tx, places, heads, nowMs);
    const candidates = await planIncidents(tx, sendable, nowMs);
    const folded = await fold(tx, places, candidates, nowMs);
    const chosen = choose(folded, room);
    const ready = await takeTokens(tx, places, chosen, nowMs);
    for (const { message, merged } of ready) await mergeNotifications(tx, merged, message.id, nowMs);
    const ids = ready.map(({ message }) => message.id);
    const claims = await claimNotifications(tx, ids, deps.holder, claimMsOf(deps));
    return toClaims(ready, claims, places);
  });
}

/** Length of a claim: twice a whole send. */
export function claimMsOf(deps: Pick<DeliveryDeps, 'claimMs' | 'sendMs'>): number {
  return deps.claimMs ?? 2 * sendMsOf(deps);
}

/** A whole send: A-02. */
export function sendMsOf(deps: Pick<DeliveryDeps, 'sendMs'>): number {
  return deps.sendMs ?? 10_000;
}

type Places = Map<number, { receiver: SendingReceiver; place: Place | null; blocked: string }>;

async function readPlaces(
  tx: Client,
  deps: DeliveryDeps,
  heads: readonly DueNotification[],
): Promise<Places> {
  const ids = [...new Set(heads.map(({ receiverId }) => receiverId))];
  const receivers = await listSendingReceivers(tx, ids);
  return new Map(receivers.map((receiver) => [receiver.id, { receiver, ...toPlace(deps, receiver) }]));
}

function toPlace(deps: DeliveryDeps, receiver: SendingReceiver): { place: Place | null; blocked: string } {
  const adapter = deps.adapters.get(receiver.kind);
  const secrets = openSecrets(deps.keys, receiver);
  const blocked = blockedReason(receiver, adapter !== undefined, secrets.ok);
  if (adapter === undefined || !secrets.ok) return { place: null, blocked };
  const rate = adapter.rate?.(receiver.settings, secrets.value) ?? {
    ...DEFAULT_RATE,
    key: receiver.publicId,
  };
  const name = createHash('sha256').update(`${receiver.kind}\0${rate.key}`).digest('base64url');
  return { place: { receiver, adapter, secrets: secrets.value, rate, bucket: name }, blocked };
}

/**
 * Ends what cannot be sent where it should go, with everything behind it; pages are told to others. A test goes
 * to a broken or disabled one all the same: that is how it is mended.
 */
async function endBlocked(
  tx: Client,
  places: Places,
  heads: readonly DueNotification[],
  nowMs: number,
): Promise<DueNotification[]> {
  const isBlocked = ({ receiverId, kind }: DueNotification) => {
    const known = places.get(receiverId);
    return known?.place === null || (known?.blocked !== '' && kind !== 'test');
  };
  for (const [receiverId, { receiver, blocked }] of places) {
    const own = heads.filter((head) => head.receiverId === receiverId && isBlocked(head));
    if (own.length === 0) continue;
    const ended = [...own, ...(await lockFollowers(tx, own, nowMs))];
    const ids = ended.map(({ id }) => id);
    await endNotifications(tx, ids, 'dead', blocked, nowMs);
    await tellOthers(tx, { receiver, reason: blocked, messages: ended }, nowMs);
  }
  return heads.filter((head) => !isBlocked(head));
}

async function planIncidents(
  tx: Client,
  heads: readonly DueNotification[],
  nowMs: number,
): Promise<Candidate[]> {
  const alone = heads.filter(({ incidentId }) => incidentId === null);
  const ofIncidents = heads.filter(({ incidentId }) => incidentId !== null);
  const followers = await lockFollowers(tx, ofIncidents, nowMs);
  const ids = ofIncidents.map(({ id }) => id);
  const neverTold = await findNeverTold(tx, ids);
  const combined = await findCombined(tx, ids);
  const keyOf = ({ incidentId, receiverId }: DueNotification) => `${incidentId}/${receiverId}`;
  const byQueue = Map.groupBy([...ofIncidents, ...followers], keyOf);
  const candidates: Candidate[] = alone.map((message) => ({ message, merged: [], isCombined: false }));
  for (const head of ofIncidents) {
    const messages = byQueue.get(keyOf(head)) ?? [];
    const queued = messages.map((message) => ({ ...message, isQuiet: message.details.isQuiet === true }));
    const plan = planIncident(queued, neverTold.has(head.id) ? 'neverTold' : 'told');
    for (const { message, reason } of plan.dropped)
      await endNotifications(tx, [message.id], 'dropped', reason, nowMs);
    const message = messages.find(({ id }) => id === plan.send?.id);
    if (message === undefined) continue;
    candidates.push({
      message,
      merged: plan.merged.map(({ id }) => id),
      isCombined: plan.isCombined || combined.has(message.id),
    });
  }
  return candidates;
}

/** Folds several incidents at one receiver into one message, where people read it. */
async function fold(
  tx: Client,
  places: Places,
  candidates: readonly Candidate[],
  nowMs: number,
): Promise<Candidate[]> {
  const mayFold = ({ message }: Candidate) =>
    message.incidentId !== null && places.get(message.receiverId)?.place?.adapter.folds === true;
  const result = candidates.filter((candidate) => !mayFold(candidate));
  const byReceiver = Map.groupBy(candidates.filter(mayFold), ({ message }) => message.receiverId);
  const last = await readLastOpenings(tx, [...byReceiver.keys()], nowMs - FOLD_EVERY_MS, nowMs);
  for (const [receiverId, own] of byReceiver) {
    const plan = planFold(
      own.map(({ message }) => message),
      last.get(receiverId) ?? null,
      nowMs,
    );
    const byId = new Map(own.map((candidate) => [candidate.message.id, candidate]));
    const find = (messages: readonly { id: number }[]) =>
      messages.map(({ id }) => byId.get(id)).filter((candidate) => candidate !== undefined);
    await postponeNotifications(
      tx,
      plan.waiting.map(({ id }) => id),
      plan.untilMs,
    );
    result.push(...find(plan.single));
    if (plan.folded.length > 0) result.push(await toDigest(tx, receiverId, find(plan.folded), nowMs));
  }
  return result;
}

async function toDigest(
  tx: Client,
  receiverId: number,
  parts: readonly Candidate[],
  nowMs: number,
): Promise<Candidate> {
  const messages = parts.map(({ message }) => message);
  const [first] = messages;
  const digest = await insertDigest(
    tx,
    {
      dedupeKey: `digest/${receiverId}/${first?.id}/${nowMs}`,
      receiverId,
      severity: worstSeverity(messages),
      details: {
        incidents: messages.map(({ incidentId, kind, severity }) => ({ incidentId, kind, severity })),
      },
    },
    nowMs,
  );
  // At once, whether or not there is room to send it now: it is a message of its own from here on.
  const merged = parts.flatMap((part) => [part.message.id, ...part.merged]);
  await mergeNotifications(tx, merged, digest.id, nowMs);
  return { message: digest, merged: [], isCombined: false };
}

/** As many as there is room for; the rest is found again in a second. */
function choose(candidates: readonly Candidate[], room: Room): Candidate[] {
  const taken = new Map<number, number>();
  const chosen: Candidate[] = [];
  for (const candidate of candidates) {
    const { receiverId } = candidate.message;
    const own = taken.get(receiverId) ?? 0;
    if (chosen.length >= room.total || own >= room.ofReceiver(receiverId)) continue;
    taken.set(receiverId, own + 1);
    chosen.push(candidate);
  }
  return chosen;
}

/** Those whose place may be told something now; the others are put off until it may. */
async function takeTokens(
  tx: Client,
  places: Places,
  candidates: readonly Candidate[],
  nowMs: number,
): Promise<Candidate[]> {
  const placeOf = ({ message }: Candidate) => places.get(message.receiverId)?.place;
  const names = [...new Set(candidates.map((candidate) => placeOf(candidate)?.bucket ?? ''))];
  const buckets = await lockBuckets(tx, names);
  const changed = new Map<string, BucketRow>();
  const ready: Candidate[] = [];
  for (const candidate of candidates) {
    const place = placeOf(candidate);
    if (place === undefined || place === null) continue;
    const known = changed.get(place.bucket) ?? buckets.get(place.bucket) ?? newBucket(place.rate, nowMs);
    const { bucket, atMs } = takeToken(known, place.rate, nowMs);
    changed.set(place.bucket, bucket);
    if (atMs === null) ready.push(candidate);
    else await postponeNotifications(tx, [candidate.message.id], atMs);
  }
  await writeBuckets(tx, changed);
  return ready;
}

function toClaims(candidates: readonly Candidate[], claims: readonly Claimed[], places: Places): Claim[] {
  const byId = new Map(claims.map((claimed) => [claimed.id, claimed]));
  return candidates.flatMap(({ message, isCombined }) => {
    const claimed = byId.get(message.id);
    const place = places.get(message.receiverId)?.place;
    return claimed && place ? [{ message, claimed, place, isCombined }] : [];
  });
}
