/** What objectives would have done: a back-test of one, and proposals from an app's own traffic. */

import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { closedEvaluation } from '../../model/closing.ts';
import { quantileMs } from '../../model/histogram.ts';
import { SERIES_DYNO } from '../../model/series.ts';
import type { SloDefinition } from '../../model/slo.ts';
import { MINUTE } from '../../model/time.ts';
import type { Client } from '../../store/pool.ts';
import { readAllLatencies } from '../../store/reads/slo-history.ts';
import { listSlos } from '../../store/slos.ts';
import type { SloPreviewAnswer, SloProposal, SloProposalsAnswer } from '../contract/slos.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';
import { needDefinition, sloPreview } from '../slo-body.ts';
import {
  type History,
  knownMinutes,
  PREVIEW_DAYS_DEFAULT,
  PREVIEW_DAYS_MAX,
  previewOf,
  previewRange,
  readHistory,
} from '../slo-preview.ts';
import {
  type Counted,
  chooseThresholdMs,
  type Draft,
  PLATFORM_INDICATOR,
  proposeAvailability,
  proposeLatency,
  proposePlatform,
} from '../slo-proposals.ts';
import { requireMembers } from './slos.ts';

const PROPOSAL_DAYS = 7;
/** Fewer requests say nothing about what an app can promise. */
const REQUESTS_MIN = 1000;
const PROVISIONAL_MINUTES = 1440;

export const sloPreviewRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/apps/:app/slos/preview',
    permission: 'editor',
    part: 'dashboards',
    summary: 'What an objective would have done over stored history; nothing is saved',
    answer: 'SloPreviewAnswer',
    body: sloPreview,
    handle: preview,
  }),
  route({
    method: 'GET',
    path: '/apps/:app/slos/proposals',
    permission: 'viewer',
    part: 'dashboards',
    summary: "Objectives proposed from the app's last 7 days, with what each would have spent",
    answer: 'SloProposalsAnswer',
    handle: proposals,
  }),
];

async function preview(call: Call<z.output<typeof sloPreview>, undefined>): Promise<SloPreviewAnswer> {
  const { deps, app, body, nowMs } = call;
  const definition = needDefinition(body.definition);
  const days = Math.min(body.days ?? PREVIEW_DAYS_DEFAULT, PREVIEW_DAYS_MAX);
  const range = previewRange(closedEvaluation(nowMs), days);
  return reading(deps.pool, async (db) => {
    await requireMembers(db, definition);
    return previewOf(definition, await readHistory(db, app.id, definition, range, deps.countInLog), range);
  });
}

async function proposals({ deps, app, nowMs }: Call<undefined, undefined>): Promise<SloProposalsAnswer> {
  const minute = closedEvaluation(nowMs);
  const range = previewRange(minute, PROPOSAL_DAYS);
  return reading(deps.pool, async (db) => {
    const read = (definition: SloDefinition) => readHistory(db, app.id, definition, range);
    const usual = await read(proposeAvailability({ events: 1, bad: 0 }).definition);
    const all = sumOf(usual);
    const answer = { fromMs: range.from * MINUTE, toMs: range.to * MINUTE, requests: all.events };
    const known = knownMinutes(usual, range).filter(({ events }) => events !== null).length;
    const isProvisional = known < PROVISIONAL_MINUTES;
    if (all.events < REQUESTS_MIN) {
      const note = `${all.events} requests in 7 days are too few to propose from: with ${REQUESTS_MIN} there will be proposals.`;
      return { ...answer, isProvisional, proposals: [], note };
    }
    const drafts: { draft: Draft; history: History }[] = [];
    drafts.push({ draft: proposeAvailability(all), history: usual });
    const latencies = await readAllLatencies(db, app.id, SERIES_DYNO, {
      fromS: range.from * 60,
      toS: range.to * 60,
    });
    const p95Ms = latencies === null ? null : quantileMs(latencies.bins, 0.95, latencies.maxMs);
    if (p95Ms !== null) {
      const thresholdMs = chooseThresholdMs(p95Ms);
      const history = await read(proposeLatency(p95Ms, thresholdMs, { events: 1, bad: 0 }).definition);
      drafts.push({ draft: proposeLatency(p95Ms, thresholdMs, sumOf(history)), history });
    }
    const platform = await read({ ...proposePlatform(all).definition, indicator: PLATFORM_INDICATOR });
    drafts.push({ draft: proposePlatform(sumOf(platform)), history: platform });
    const own = await listOwn(db, app.id);
    return {
      ...answer,
      isProvisional,
      proposals: drafts.map(({ draft, history }) => finish(draft, history, range, own)),
      note: '',
    };
  });
}

function sumOf({ counts }: History): Counted {
  const sum = (values: readonly number[]) => values.reduce((total, one) => total + one, 0);
  return { events: sum(counts.events), bad: sum(counts.bad) };
}

/** Slugs by what an objective measures, so that what is there is not proposed as new. */
async function listOwn(db: Client, appId: number): Promise<{ slug: string; definition: SloDefinition }[]> {
  return (await listSlos(db, [appId])).map(({ slug, version }) => ({ slug, definition: version.definition }));
}

function finish(
  draft: Draft,
  history: History,
  range: { from: number; to: number },
  own: readonly { slug: string; definition: SloDefinition }[],
): SloProposal {
  const { budget, pages, tickets } = previewOf(draft.definition, history, range);
  return {
    ...draft,
    spent: budget.remaining === null ? null : 1 - budget.remaining,
    achieved: budget.achieved,
    pages,
    tickets,
    existing: own.find(({ definition }) => isAlike(definition, draft.definition))?.slug ?? null,
  };
}

/** The same measure over all requests; of latencies any threshold. */
function isAlike(one: SloDefinition, other: SloDefinition): boolean {
  const isWhole = Object.values(one.scope).every((list) => list.length === 0);
  if (!isWhole || one.indicator.kind !== other.indicator.kind) return false;
  if (one.indicator.kind === 'latency') return true;
  return isDeepStrictEqual(measureOf(one), measureOf(other));
}

function measureOf({ indicator }: SloDefinition): unknown {
  if (indicator.kind !== 'availability') return indicator;
  return { codes: indicator.codes, statuses: new Set(indicator.badStatuses) };
}
